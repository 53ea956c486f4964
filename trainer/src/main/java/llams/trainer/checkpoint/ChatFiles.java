package llams.trainer.checkpoint;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.Set;
import llams.engine.safetensors.AtomicFiles;
import llams.engine.safetensors.JsonTree;
import llams.tokenizer.Tokenizer;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// What a model needs beside its weights once it was tuned on conversations: other programs look up how a conversation is
/// written and where an answer ends, and a base model says neither.
public final class ChatFiles {
    private static final String GENERATION = "generation_config.json";
    private static final String TEMPLATE = "chat_template.jinja";

    private ChatFiles() {
    }

    /// Writes `chat_template.jinja`, unless there is a template, and `generation_config.json` with the end of a turn among the stop
    /// ids.
    ///
    /// @param stops     the ids that ended a text so far
    /// @param directory of the model or adapter
    /// @throws IllegalArgumentException if the vocabulary has no `<|eot_id|>`
    public static void write(Tokenizer tokenizer, Collection<Integer> stops, Path directory) throws IOException {
        int endOfTurn = tokenizer.special("<|eot_id|>")
                .orElseThrow(() -> new IllegalArgumentException("the vocabulary has no <|eot_id|>, which ends a turn"));
        if (!hasTemplate(directory)) {
            AtomicFiles.write(directory.resolve(TEMPLATE), template().getBytes(StandardCharsets.UTF_8));
        }
        Set<Integer> all = new LinkedHashSet<>(stops);
        all.add(endOfTurn);
        Path file = directory.resolve(GENERATION);
        ObjectNode config = Files.exists(file) ? JsonTree.readObject(file) : JsonMapper.shared().createObjectNode();
        tokenizer.special("<|begin_of_text|>").ifPresent(begin -> config.put("bos_token_id", begin));
        all.forEach(config.putArray("eos_token_id")::add);
        AtomicFiles.write(file, JsonMapper.shared().writerWithDefaultPrettyPrinter().writeValueAsBytes(config));
    }

    private static boolean hasTemplate(Path directory) throws IOException {
        Path tokenizer = directory.resolve("tokenizer_config.json");
        return Files.exists(directory.resolve(TEMPLATE))
                || Files.exists(tokenizer) && JsonTree.readObject(tokenizer).hasNonNull("chat_template");
    }

    /// Llama 3's chat format in the template language of Hugging Face's libraries.
    private static String template() {
        return """
                {{- bos_token }}
                {%- for message in messages %}
                    {{- '<|start_header_id|>' ~ message['role'] ~ '<|end_header_id|>\\n\\n' }}
                    {{- message['content'] | trim ~ '<|eot_id|>' }}
                {%- endfor %}
                {%- if add_generation_prompt %}
                    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
                {%- endif %}
                """;
    }
}
