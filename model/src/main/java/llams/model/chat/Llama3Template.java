package llams.model.chat;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import llams.tokenizer.ChatFormat;
import llams.tokenizer.Message;
import llams.tokenizer.Tokenizer;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/// Llama 3's own format, without a template to render.
///
/// @param isModels false where a model has no template
record Llama3Template(Tokenizer tokenizer, ChatFormat format, boolean isModels) implements ChatTemplate {
    /// This format in the template language of Hugging Face's libraries.
    static final String TEXT = """
            {{- bos_token }}
            {%- for message in messages %}
                {{- '<|start_header_id|>' ~ message['role'] ~ '<|end_header_id|>\\n\\n' }}
                {{- message['content'] | trim ~ '<|eot_id|>' }}
            {%- endfor %}
            {%- if add_generation_prompt %}
                {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
            {%- endif %}
            """;

    /// Hashes of Meta's own templates for it: one always opens the next answer, the other only when asked to.
    private static final Set<String> SHA256 = Set.of("b48c47f6443892716176eb200bf4ef108f64e06ca26ed0fa8ebc0a4b3992fcb2",
            "ba03a121d097859c7b5b9cd03af99aafe95275210d2876f642ad9929a150f122");

    /// Whether a template's text is known to be this format.
    static boolean isText(String template) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(template.getBytes(StandardCharsets.UTF_8));
            return template.equals(TEXT) || SHA256.contains(HexFormat.of().formatHex(hash));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /// @throws IllegalArgumentException if the vocabulary lacks the format's special tokens
    Llama3Template(Tokenizer tokenizer, boolean isModels) {
        this(tokenizer, new ChatFormat(tokenizer), isModels);
    }

    @Override
    public Encoded encode(List<ChatMessage> messages, List<JsonNode> tools, boolean parsed, boolean headers) {
        refuse(tools);
        int[] ids = format.encode(List.of(), false);
        boolean[] counted = new boolean[ids.length];
        for (ChatMessage message : messages) {
            int[] part = parsed ? parsed(plain(message)) : format.message(plain(message));
            int at = ids.length;
            ids = concat(ids, part);
            counted = Arrays.copyOf(counted, ids.length);
            if (message.role().equals("assistant") && message.trained()) {
                int from = headers ? at : at + format.header(message.role()).length;
                Arrays.fill(counted, from, ids.length, true);
            }
        }
        return new Encoded(ids, counted);
    }

    private int[] parsed(Message message) {
        return concat(
                concat(format.header(message.role()), tokenizer.encode(message.content(), Tokenizer.ALL, Set.of())),
                new int[] {tokenizer.special("<|eot_id|>").orElseThrow()});
    }

    @Override
    public int[] prompt(List<ChatMessage> messages, List<JsonNode> tools) {
        refuse(tools);
        return format.encode(messages.stream().map(Llama3Template::plain).toList(), true);
    }

    @Override
    public int[] following(List<ChatMessage> messages, ChatMessage next) {
        int[] end = {tokenizer.special("<|eot_id|>").orElseThrow()};
        return concat(concat(end, format.message(plain(next))), format.header("assistant"));
    }

    /// A message with its tool call written as Llama 3.1 does.
    private static Message plain(ChatMessage message) {
        if (message.toolCalls().isEmpty()) {
            return new Message(message.role(), message.content());
        }
        if (message.toolCalls().size() > 1 || !message.content().isBlank()) {
            String found = message.content().isBlank() ? "calls several tools" : "has text beside a tool call";
            throw new IllegalArgumentException("an assistant's message " + found
                    + ", for which Llama 3.1's format has no place; write one call per message");
        }
        ToolCall call = message.toolCalls().getFirst();
        return new Message(message.role(),
                JsonNodeFactory.instance.objectNode()
                        .put("name", call.name())
                        .set("parameters", call.arguments())
                        .toString());
    }

    private static void refuse(List<JsonNode> tools) {
        if (!tools.isEmpty()) {
            throw new IllegalArgumentException(
                    "the conversation has tools, which this model's chat format cannot describe");
        }
    }

    @Override
    public Set<Integer> stopIds() {
        return Set.of(tokenizer.special("<|eot_id|>").orElseThrow());
    }

    @Override
    public String text() {
        return TEXT;
    }

    private static int[] concat(int[] a, int[] b) {
        return IntStream.concat(IntStream.of(a), IntStream.of(b)).toArray();
    }
}
