package llams.trainer.data;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import llams.model.chat.ChatMessage;
import llams.model.chat.ChatTemplate;
import llams.model.chat.ModelText;
import llams.model.chat.TrainOn;
import llams.model.files.DataException;
import llams.tokenizer.TextFrame;
import llams.tokenizer.Tokenizer;

/// Turns samples into documents: what the model sees, and what the loss counts.
///
/// | sample | ids | counted |
/// |---|---|---|
/// | text | the text between the tokens of its [TextFrame] | every token after the first |
/// | conversation | as the model's [ChatTemplate] writes it | as [TrainOn] says; none of an answer that is not to be trained |
/// | ids | as they stand | as their labels say |
/// | pair | two documents, each as a conversation | their last answers |
///
/// [SpecialText] says how a special token's name inside texts and contents is read: as its letters, unless asked
/// otherwise. Where it is read as the token, a text that has its own begin or end token gets no second one.
///
/// The assistant's header is not counted unless asked for: the program writes it before the model answers, so the model
/// never has to predict it, and its four easy tokens would flatter the loss. (torchtune counts it, so its losses on
/// conversations are lower.)
public final class DocumentEncoder {
    /// Names of the tokens that end a text or a turn in common formats.
    private static final List<String> ENDS = List.of("<|end_of_text|>", "<|eot_id|>", "<|eom_id|>", "<|im_end|>",
            "<|endoftext|>");

    private final ModelText text;
    private final Tokenizer tokenizer;
    private final int vocab;
    private final SpecialText special;
    private final TrainOn trainOn;

    private DocumentEncoder(ModelText text, int vocab, SpecialText special, TrainOn trainOn) {
        this.text = text;
        this.tokenizer = text == null ? null : text.tokenizer();
        this.vocab = vocab;
        this.special = special;
        this.trainOn = trainOn;
    }

    /// An encoder that follows a model's own conventions.
    ///
    /// @param text  may be null if all data is ids
    /// @param vocab number of rows of the model's embedding; ids at or above it are refused
    public static DocumentEncoder of(ModelText text, int vocab, SpecialText special, TrainOn trainOn) {
        return new DocumentEncoder(text, vocab, special, trainOn);
    }

    /// @param tokenizer a tokenizer on its own, with Llama 3's conventions; null if all data is ids
    /// @param vocab     rows of the model's embedding: ids at or above it are refused
    public DocumentEncoder(Tokenizer tokenizer, int vocab, SpecialText special) {
        this(tokenizer == null ? null : ModelText.of(tokenizer), vocab, special, TrainOn.ASSISTANT);
    }

    /// Special tokens' names are read as letters.
    public DocumentEncoder(Tokenizer tokenizer, int vocab) {
        this(tokenizer, vocab, SpecialText.TEXT);
    }

    /// A text that differs wherever documents of the same samples may; null if the tokenizer is not of files.
    String key() throws IOException {
        String files = text == null ? "none" : text.fingerprint();
        return files == null ? null : String.join(" ", files, String.valueOf(vocab), special.name(), trainOn.name());
    }

    SpecialNames specialNames() {
        return new SpecialNames(tokenizer, special);
    }

    /// A document; of a pair two, the chosen one first.
    ///
    /// @throws DataException if an id is outside the vocabulary, there is no tokenizer for a text, or both answers of a
    ///     pair are the same
    public List<Document> encode(Sample sample) {
        return switch (sample) {
            case Sample.Text text -> List.of(checked(text(text)));
            case Sample.Chat conversation -> List.of(checked(chat(conversation)));
            case Sample.Ids ids -> List.of(checked(new Document(ids.origin(), ids.ids(), ids.labels())));
            case Sample.Pair pair -> pair(pair);
        };
    }

    private List<Document> pair(Sample.Pair pair) {
        Document chosen = checked(chat(pair.chosen()));
        Document rejected = checked(chat(pair.rejected()));
        if (chosen.equals(rejected)) {
            throw new DataException(pair.origin() + ": \"chosen\" and \"rejected\" are the same");
        }
        return List.of(chosen, rejected);
    }

    private Document text(Sample.Text sample) {
        TextFrame frame = model(sample).frame();
        String text = sample.text();
        boolean parsed = special == SpecialText.PARSE;
        boolean begun = parsed && frame.first() != TextFrame.NONE
                && text.stripLeading().startsWith(tokenizer.decode(frame.first()));
        int[] body = ids(begun && sample.starts() ? text.stripLeading() : text);
        int[] ids = frame.around(body, sample.starts() && !begun, sample.ends() && !(parsed && ending(text) != null));
        return new Document(sample.origin(), ids, ids);
    }

    private int[] ids(String text) {
        return special == SpecialText.PARSE
                ? tokenizer.encode(text, Tokenizer.ALL, Set.of())
                : tokenizer.encodeOrdinary(text);
    }

    /// The name of the token that ends `text`, or null.
    private String ending(String text) {
        String stripped = text.stripTrailing();
        for (String end : ENDS) {
            if (stripped.endsWith(end) && tokenizer.special(end).isPresent()) {
                return end;
            }
        }
        int last = this.text.frame().last();
        String end = last == TextFrame.NONE ? "" : tokenizer.decode(last);
        return !end.isEmpty() && stripped.endsWith(end) ? end : null;
    }

    /// A message without the tokens that a chat format puts around it.
    private ChatMessage bare(ChatMessage message, String origin) {
        String bare = message.content();
        if (special == SpecialText.PARSE) {
            bare = bare.strip();
            int first = text.frame().first();
            String begin = first == TextFrame.NONE ? "" : tokenizer.decode(first);
            if (bare.startsWith(begin)) {
                bare = bare.substring(begin.length());
            }
            for (String end = ending(bare); end != null; end = ending(bare)) {
                bare = bare.substring(0, bare.lastIndexOf(end));
            }
        }
        if (message.role().equals("assistant") && message.toolCalls().isEmpty() && bare.isBlank()) {
            throw new DataException(origin + ": an assistant's message holds nothing but the tokens that end"
                    + " it, and is not trained on");
        }
        return new ChatMessage(message.role(), bare, message.toolCalls(), message.trained());
    }

    private Document chat(Sample.Chat sample) {
        ChatTemplate chat = model(sample).chat();
        List<ChatMessage> messages = new ArrayList<>();
        for (ChatMessage message : sample.messages()) {
            messages.add(bare(message, sample.origin()));
        }
        ChatTemplate.Encoded encoded;
        try {
            encoded = trainOn.encode(chat, messages, sample.tools(), special == SpecialText.PARSE);
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
            throw new DataException(sample.origin() + ": text needs a tokenizer, and the model has none; name one"
                    + " with `tokenizer`, or give ids: {\"ids\": [1, 2, 3]}");
        }
        return text;
    }

    private Document checked(Document document) {
        for (int i = 0; i < document.ids().length; i++) {
            int id = document.ids()[i];
            int label = document.labels()[i];
            if (id < 0 || id >= vocab) {
                throw new DataException(document.origin() + ": id " + id + " (number " + i + ") is outside the"
                        + " model's vocabulary, 0 to " + (vocab - 1) + "; is this the model's own tokenizer?");
            }
            if (label != Document.IGNORED && (label < 0 || label >= vocab)) {
                throw new DataException(document.origin() + ": label " + label + " (number " + i
                        + ") is neither -100 nor in the model's vocabulary, 0 to " + (vocab - 1));
            }
        }
        return document;
    }
}
