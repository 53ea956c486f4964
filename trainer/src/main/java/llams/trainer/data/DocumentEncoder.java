package llams.trainer.data;

import llams.tokenizer.TextFrame;
import llams.tokenizer.Tokenizer;
import llams.trainer.chat.ChatTemplate;
import llams.trainer.chat.ModelText;

/// Samples to documents: what the model sees, and what the loss counts.
///
/// | sample | ids | counted |
/// |---|---|---|
/// | text | the first token, the text, the last token: [TextFrame] | every token after the first |
/// | conversation | as the model's template writes it: [ChatTemplate] | what the assistant's messages add to the prompts before them |
/// | ids | as they stand | as their labels say |
///
/// Special text inside texts and contents is plain text. The assistant's header is not counted: whoever generates writes it
/// before the model answers, so predicting it is never asked for, and its four easy tokens would flatter the loss. (torchtune
/// counts it; its losses on conversations are lower for that.)
public final class DocumentEncoder {
    private final ModelText text;
    private final int vocab;

    /// @param tokenizer without files beside it: texts begin and end as Llama 3's do; null when all data is ids
    /// @param vocab     rows of the model's embedding: ids at or above it are refused
    public DocumentEncoder(Tokenizer tokenizer, int vocab) {
        this(tokenizer == null ? null : ModelText.of(tokenizer), vocab);
    }

    private DocumentEncoder(ModelText text, int vocab) {
        this.text = text;
        this.vocab = vocab;
    }

    /// An encoder by a model's own conventions.
    ///
    /// @param text  may be null when all data is ids
    /// @param vocab rows of the model's embedding: ids at or above it are refused
    public static DocumentEncoder of(ModelText text, int vocab) {
        return new DocumentEncoder(text, vocab);
    }

    /// @throws DataException if an id is outside the vocabulary, or there is no tokenizer for a text
    public Document encode(Sample sample) {
        Document document = switch (sample) {
            case Sample.Text text -> text(text);
            case Sample.Chat conversation -> chat(conversation);
            case Sample.Ids ids -> new Document(ids.origin(), ids.ids(), ids.labels());
        };
        check(document);
        return document;
    }

    private Document text(Sample.Text sample) {
        ModelText model = model(sample);
        int[] ids = model.frame().around(model.tokenizer().encodeOrdinary(sample.text()), sample.starts(), sample.ends());
        return new Document(sample.origin(), ids, ids);
    }

    private Document chat(Sample.Chat sample) {
        ChatTemplate.Encoded encoded;
        try {
            encoded = model(sample).chat().encode(sample.messages(), sample.tools());
        } catch (DataException e) {
            throw e;
        } catch (IllegalArgumentException e) {
            throw new DataException(sample.origin() + ": " + e.getMessage());
        }
        int[] labels = encoded.ids().clone();
        for (int i = 0; i < labels.length; i++) {
            labels[i] = encoded.counted()[i] ? labels[i] : Document.IGNORED;
        }
        return new Document(sample.origin(), encoded.ids(), labels, false);
    }

    private ModelText model(Sample sample) {
        if (text == null) {
            throw new DataException(sample.origin() + ": text needs a tokenizer, and the model has none; name one with --tokenizer,"
                    + " or give ids: {\"ids\": [1, 2, 3]}");
        }
        return text;
    }

    private void check(Document document) {
        for (int i = 0; i < document.ids().length; i++) {
            int id = document.ids()[i];
            int label = document.labels()[i];
            if (id < 0 || id >= vocab) {
                throw new DataException(document.origin() + ": id " + id + " (number " + i + ") is outside the model's vocabulary, 0 to "
                        + (vocab - 1) + "; is this the model's own tokenizer?");
            }
            if (label != Document.IGNORED && (label < 0 || label >= vocab)) {
                throw new DataException(document.origin() + ": label " + label + " (number " + i
                        + ") is neither -100 nor in the model's vocabulary, 0 to " + (vocab - 1));
            }
        }
    }
}
