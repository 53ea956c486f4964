package llams.model.merge;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import llams.engine.io.AtomicFiles;
import llams.engine.io.Json;
import llams.engine.weights.Quantization;
import llams.model.files.ModelFiles;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// The files beside the weights of a chat-vector merge: which model they come from, and what they say.
final class ChatVectorFiles {
    static final JsonMapper JSON = JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();
    static final String CONFIG = "config.json";
    private static final String TOKENIZER_CONFIG = "tokenizer_config.json";

    final List<String> notes = new ArrayList<>();
    private final Path base;
    private final Path instruct;
    private final Path tuned;

    ChatVectorFiles(Path base, Path instruct, Path tuned) {
        this.base = base;
        this.instruct = instruct;
        this.tuned = tuned;
    }

    /// @throws IOException if a model is quantized, so that its weights cannot be added
    static void refuseQuantized(List<Path> models) throws IOException {
        for (Path model : models) {
            Path config = model.resolve(CONFIG);
            if (Files.isRegularFile(config) && read(config).hasNonNull(Quantization.FIELD)) {
                throw new IOException(model + ": its weights are quantized (" + Quantization.FIELD + " in " + CONFIG
                        + "), and a merge needs the model that they were made from");
            }
        }
    }

    /// The tuned model's config with the instruct model's stop ids, the result's number of tokens, and whether its head
    /// is its own.
    byte[] config(long vocabulary, boolean ownHead) throws IOException {
        ObjectNode config = read(tuned.resolve(CONFIG));
        ObjectNode chat = read(instruct.resolve(CONFIG));
        compare(config, "base", read(base.resolve(CONFIG)));
        compare(config, "instruct", chat);
        if (chat.hasNonNull("eos_token_id")) {
            config.set("eos_token_id", chat.get("eos_token_id"));
        }
        if (vocabulary > 0) {
            if (config.path("vocab_size").asLong(vocabulary) != vocabulary) {
                notes.add("tuned's " + CONFIG + " says vocab_size " + config.get("vocab_size") + ", its embedding has "
                        + vocabulary + " rows: the result says " + vocabulary);
            }
            config.put("vocab_size", vocabulary);
        }
        if (ownHead && config.path("tie_word_embeddings").asBoolean(false)) {
            notes.add("tuned's " + CONFIG + " says tie_word_embeddings true, but there is a head that is not the"
                    + " embedding: the result says false");
            config.put("tie_word_embeddings", false);
        }
        return JSON.writeValueAsBytes(config);
    }

    private void compare(ObjectNode config, String label, ObjectNode other) {
        Map<String, JsonNode> theirs = ConfigMeaning.of(other);
        ConfigMeaning.of(config).forEach((name, mine) -> {
            if (!ConfigMeaning.same(mine, theirs.get(name))) {
                notes.add(CONFIG + ": " + name + " is " + theirs.get(name) + " in " + label + ", " + mine
                        + " in tuned and in the result; if the models are not of one family, the result will be poor");
            }
        });
    }

    static ObjectNode read(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new IOException(file + ": there is no such file; a model directory needs it");
        }
        return Json.readObject(file);
    }

    /// Copies what belongs to the result.
    ///
    /// @param sameVocabulary false if the tuned model has other tokens, so that only its own tokenizer fits
    List<String> copyTo(Path directory, boolean sameVocabulary) throws IOException {
        List<String> copied = new ArrayList<>();
        boolean chatTokenizer = sameVocabulary && ModelFiles.hasTokenizer(instruct);
        Path tokenizer = chatTokenizer ? instruct : tuned;
        copied.addAll(ModelFiles.copy(tokenizer, directory, ModelFiles.TOKENIZER));
        if (!ModelFiles.hasTokenizer(tokenizer)) {
            notes.add("no tokenizer was found" + (sameVocabulary ? "" : " in tuned") + ", so the result has none");
        } else if (!chatTokenizer) {
            notes.add("the tokenizer is tuned's, because "
                    + (sameVocabulary ? "instruct has none" : "the vocabularies differ"));
            if (copied.contains(TOKENIZER_CONFIG) && Files.isRegularFile(instruct.resolve(TOKENIZER_CONFIG))) {
                adoptChatTemplate(directory.resolve(TOKENIZER_CONFIG));
            }
        }
        copied.addAll(ModelFiles.copy(instruct, directory, ModelFiles.CHAT));
        ModelFiles.copy(instruct, directory, ModelFiles.LEGAL);
        copied.addAll(ModelFiles.copy(tuned, directory, ModelFiles.LEGAL));
        return copied;
    }

    private void adoptChatTemplate(Path tokenizerConfig) throws IOException {
        ObjectNode own = read(tokenizerConfig);
        JsonNode template = read(instruct.resolve(TOKENIZER_CONFIG)).path("chat_template");
        if (!template.isMissingNode() && !template.isNull()) {
            own.set("chat_template", template);
            AtomicFiles.write(tokenizerConfig, JSON.writeValueAsBytes(own));
        }
    }
}
