package llams.trainer.data;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import llams.tokenizer.ChatFormat;
import llams.tokenizer.Message;
import llams.tokenizer.Tokenizer;
import llams.trainer.chat.ChatMessage;

/// Samples to documents: what the model sees, and what the loss counts.
///
/// | sample | ids | counted |
/// |---|---|---|
/// | text | `<\|begin_of_text\|>` text `<\|end_of_text\|>` | every token after the first |
/// | conversation | the chat format, without anything behind the last `<\|eot_id\|>` | the contents of the assistant's messages, and the `<\|eot_id\|>` that ends each |
/// | ids | as they stand | as their labels say |
///
/// Special text inside texts and contents is plain text. The assistant's header is not counted: whoever generates writes it
/// before the model answers, so predicting it is never asked for, and its four easy tokens would flatter the loss. (torchtune
/// counts it; its losses on conversations are lower for that.)
public final class DocumentEncoder {
    private final Tokenizer tokenizer;
    private final int vocab;
    private ChatFormat chat;

    /// @param tokenizer may be null when all data is ids
    /// @param vocab     rows of the model's embedding: ids at or above it are refused
    public DocumentEncoder(Tokenizer tokenizer, int vocab) {
        this.tokenizer = tokenizer;
        this.vocab = vocab;
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
        int[] body = tokenizer(sample).encodeOrdinary(sample.text());
        int begin = sample.starts() ? 1 : 0;
        int[] ids = new int[begin + body.length + (sample.ends() ? 1 : 0)];
        System.arraycopy(body, 0, ids, begin, body.length);
        if (sample.starts()) {
            ids[0] = special("<|begin_of_text|>");
        }
        if (sample.ends()) {
            ids[ids.length - 1] = special("<|end_of_text|>");
        }
        return new Document(sample.origin(), ids, ids);
    }

    private Document chat(Sample.Chat sample) {
        if (chat == null) {
            chat = new ChatFormat(tokenizer(sample));
        }
        int[] begin = chat.encode(List.of(), false);
        List<int[]> parts = new ArrayList<>();
        int length = begin.length;
        for (ChatMessage message : sample.messages()) {
            int[] part = chat.message(new Message(message.role(), message.content()));
            parts.add(part);
            length += part.length;
        }
        int[] ids = Arrays.copyOf(begin, length);
        int[] labels = new int[length];
        Arrays.fill(labels, Document.IGNORED);
        int at = begin.length;
        for (int m = 0; m < parts.size(); m++) {
            int[] part = parts.get(m);
            System.arraycopy(part, 0, ids, at, part.length);
            String role = sample.messages().get(m).role();
            if (role.equals("assistant")) {
                int header = chat.header(role).length;
                System.arraycopy(part, header, labels, at + header, part.length - header);
            }
            at += part.length;
        }
        return new Document(sample.origin(), ids, labels, false);
    }

    private Tokenizer tokenizer(Sample sample) {
        if (tokenizer == null) {
            throw new DataException(sample.origin() + ": text needs a tokenizer, and the model has none; name one with --tokenizer,"
                    + " or give ids: {\"ids\": [1, 2, 3]}");
        }
        return tokenizer;
    }

    private int special(String name) {
        return tokenizer
                .special(name)
                .orElseThrow(() -> new DataException("the tokenizer has no " + name + ", which begins or ends every text"));
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
