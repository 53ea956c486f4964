package llams.trainer.chat;

import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import llams.tokenizer.ChatFormat;
import llams.tokenizer.Message;
import llams.tokenizer.Tokenizer;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

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

    /// @throws IllegalArgumentException if the vocabulary lacks the format's special tokens
    Llama3Template(Tokenizer tokenizer, boolean isModels) {
        this(tokenizer, new ChatFormat(tokenizer), isModels);
    }

    @Override
    public Encoded encode(List<ChatMessage> messages, List<JsonNode> tools) {
        refuse(tools);
        int[] ids = format.encode(List.of(), false);
        boolean[] counted = new boolean[ids.length];
        for (ChatMessage message : messages) {
            int[] part = format.message(plain(message));
            int at = ids.length;
            ids = concat(ids, part);
            counted = Arrays.copyOf(counted, ids.length);
            if (message.role().equals("assistant") && message.trained()) {
                Arrays.fill(counted, at + format.header(message.role()).length, ids.length, true);
            }
        }
        return new Encoded(ids, counted);
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

    /// With its tool calls as Llama 3.1 writes them.
    private static Message plain(ChatMessage message) {
        StringBuilder text = new StringBuilder(message.content());
        for (ToolCall call : message.toolCalls()) {
            text.append(text.isEmpty() ? "" : "\n");
            ObjectNode written = JsonNodeFactory.instance.objectNode().put("name", call.name());
            written.set("parameters", call.arguments());
            text.append(written);
        }
        return new Message(message.role(), text.toString());
    }

    private static void refuse(List<JsonNode> tools) {
        if (!tools.isEmpty()) {
            throw new IllegalArgumentException("Llama 3's format has no place for \"tools\"; describe them in the system message, or use a"
                    + " model whose chat template knows them");
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
