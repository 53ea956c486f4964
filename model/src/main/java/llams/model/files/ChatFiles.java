package llams.model.files;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.Set;
import llams.engine.io.AtomicFiles;
import llams.engine.io.Json;
import llams.model.chat.ChatTemplate;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// What a model needs beside its weights once it is tuned on conversations: other programs look up how a conversation is
/// written and where an answer ends, and a base model has neither.
public final class ChatFiles {
    private static final String GENERATION = "generation_config.json";
    private static final String TEMPLATE = "chat_template.jinja";

    private ChatFiles() {}

    /// Writes `chat_template.jinja`, and `generation_config.json` with what ends an answer among the stop ids.
    ///
    /// @param stops     the ids that ended a text so far
    /// @param first     the id that begins a text, or -1
    /// @param directory of the model or adapter
    public static void write(ChatTemplate chat, int first, Collection<Integer> stops, Path directory)
            throws IOException {
        if (!chat.isModels() || !hasTemplate(directory)) {
            AtomicFiles.write(directory.resolve(TEMPLATE), chat.text().getBytes(StandardCharsets.UTF_8));
        }
        Set<Integer> all = new LinkedHashSet<>(stops);
        all.addAll(chat.stopIds());
        Path file = directory.resolve(GENERATION);
        ObjectNode config = Files.exists(file) ? Json.readObject(file) : JsonMapper.shared().createObjectNode();
        if (first >= 0) {
            config.put("bos_token_id", first);
        }
        all.forEach(config.putArray("eos_token_id")::add);
        AtomicFiles.write(file, JsonMapper.shared().writerWithDefaultPrettyPrinter().writeValueAsBytes(config));
    }

    private static boolean hasTemplate(Path directory) throws IOException {
        Path tokenizer = directory.resolve("tokenizer_config.json");
        return Files.exists(directory.resolve(TEMPLATE))
                || Files.exists(tokenizer) && Json.readObject(tokenizer).hasNonNull("chat_template");
    }
}
