package llams.trainer.data;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import llams.tokenizer.ChatFormat;
import llams.tokenizer.Message;
import llams.tokenizer.Tokenizer;
import llams.trainer.chat.ChatMessage;
import llams.trainer.chat.ToolCall;
import tools.jackson.databind.node.JsonNodeFactory;

/// Samples to documents: what the model sees, and what the loss counts.
///
/// | sample | ids | counted |
/// |---|---|---|
/// | text | `<\|begin_of_text\|>` text `<\|end_of_text\|>` | every token after the first |
/// | conversation | the chat format, without anything behind the last `<\|eot_id\|>` | the contents of the assistant's messages, and the `<\|eot_id\|>` that ends each; none of a message that is not to be trained |
/// | ids | as they stand | as their labels say |
///
/// [SpecialText] says what a special token's name inside texts and contents is: its letters, unless asked otherwise. Where it is the
/// token, a text that brings its own beginning or end gets no second one.
///
/// The assistant's header is not counted: whoever generates writes it before the model answers, so predicting it is never asked for,
/// and its four easy tokens would flatter the loss. (torchtune counts it; its losses on conversations are lower for that.)
public final class DocumentEncoder {
    private static final String BEGIN = "<|begin_of_text|>";
    private static final String END = "<|end_of_text|>";
    /// Names that end a text or a turn, in the formats of this field.
    private static final List<String> ENDS = List.of(END, "<|eot_id|>", "<|eom_id|>", "<|im_end|>", "<|endoftext|>");

    private final Tokenizer tokenizer;
    private final int vocab;
    private final SpecialText special;
    private ChatFormat chat;

    /// @param tokenizer may be null when all data is ids
    /// @param vocab     rows of the model's embedding: ids at or above it are refused
    public DocumentEncoder(Tokenizer tokenizer, int vocab, SpecialText special) {
        this.tokenizer = tokenizer;
        this.vocab = vocab;
        this.special = special;
    }

    /// Special tokens' names are letters.
    public DocumentEncoder(Tokenizer tokenizer, int vocab) {
        this(tokenizer, vocab, SpecialText.TEXT);
    }

    SpecialNames specialNames() {
        return new SpecialNames(tokenizer, special);
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
        String text = sample.text();
        tokenizer(sample);
        boolean parsed = special == SpecialText.PARSE;
        boolean begun = parsed && text.stripLeading().startsWith(BEGIN);
        int[] body = ids(begun && sample.starts() ? text.stripLeading() : text);
        int begin = sample.starts() && !begun ? 1 : 0;
        int end = sample.ends() && !(parsed && ending(text) != null) ? 1 : 0;
        int[] ids = new int[begin + body.length + end];
        System.arraycopy(body, 0, ids, begin, body.length);
        if (begin > 0) {
            ids[0] = special(BEGIN);
        }
        if (end > 0) {
            ids[ids.length - 1] = special(END);
        }
        return new Document(sample.origin(), ids, ids);
    }

    private int[] ids(String text) {
        return special == SpecialText.PARSE ? tokenizer.encode(text, Tokenizer.ALL, Set.of()) : tokenizer.encodeOrdinary(text);
    }

    /// The token's name that ends `text`, or null.
    private String ending(String text) {
        String stripped = text.stripTrailing();
        for (String end : ENDS) {
            if (stripped.endsWith(end) && tokenizer.special(end).isPresent()) {
                return end;
            }
        }
        return null;
    }

    /// A message's content without the tokens that the chat format puts around it.
    private String bare(String content) {
        String bare = content;
        if (special == SpecialText.PARSE) {
            bare = bare.strip();
            if (bare.startsWith(BEGIN)) {
                bare = bare.substring(BEGIN.length());
            }
            for (String end = ending(bare); end != null; end = ending(bare)) {
                bare = bare.substring(0, bare.lastIndexOf(end));
            }
        }
        return bare;
    }

    private Document chat(Sample.Chat sample) {
        if (chat == null) {
            chat = new ChatFormat(tokenizer(sample));
        }
        if (!sample.tools().isEmpty()) {
            throw new DataException(sample.origin()
                    + ": the conversation comes with tools, which this model's chat format does not describe");
        }
        int[] begin = chat.encode(List.of(), false);
        List<int[]> parts = new ArrayList<>();
        int length = begin.length;
        for (ChatMessage message : sample.messages()) {
            int[] part = message(message, sample.origin());
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
            ChatMessage message = sample.messages().get(m);
            if (message.role().equals("assistant") && message.trained()) {
                int header = chat.header(message.role()).length;
                System.arraycopy(part, header, labels, at + header, part.length - header);
            }
            at += part.length;
        }
        return new Document(sample.origin(), ids, labels, false);
    }

    private int[] message(ChatMessage message, String origin) {
        String content = bare(message.content());
        if (!message.toolCalls().isEmpty()) {
            content = call(message, origin);
        } else if (message.role().equals("assistant") && content.isBlank()) {
            throw new DataException(origin + ": an assistant's message has nothing in it but the tokens that end it, which is not trained");
        }
        int[] plain = chat.message(new Message(message.role(), content));
        if (special != SpecialText.PARSE) {
            return plain;
        }
        int[] header = chat.header(message.role());
        int[] body = ids(content);
        int[] ids = Arrays.copyOf(header, header.length + body.length + 1);
        System.arraycopy(body, 0, ids, header.length, body.length);
        ids[ids.length - 1] = plain[plain.length - 1];
        return ids;
    }

    /// A tool's call as Llama 3.1 writes it.
    private static String call(ChatMessage message, String origin) {
        if (message.toolCalls().size() > 1 || !message.content().isBlank()) {
            String found = message.content().isBlank() ? "calls several tools" : "has text beside a tool call";
            throw new DataException(origin + ": an assistant's message " + found + ", for which Llama 3.1's format has no place; write one call a message");
        }
        ToolCall call = message.toolCalls().getFirst();
        return JsonNodeFactory.instance.objectNode().put("name", call.name()).set("parameters", call.arguments()).toString();
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
