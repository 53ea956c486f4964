package llams.model.merge;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import llams.engine.tensor.DType;
import llams.model.merge.config.MergeConfig;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// The config of a merged model: the reference's, checked against those of the other models.
final class ModelMergeFiles {
    final List<String> notes = new ArrayList<>();
    private final Path reference;
    private final MergeConfig merge;

    ModelMergeFiles(Path reference, MergeConfig merge) {
        this.reference = reference;
        this.merge = merge;
    }

    byte[] config(boolean ownHead) throws IOException {
        ObjectNode config = ChatVectorFiles.read(reference.resolve(ChatVectorFiles.CONFIG));
        for (Path model : merge.inputs()) {
            if (!model.equals(reference)) {
                compare(config, model);
            }
        }
        if (merge.dtype() != null) {
            config.remove("dtype");
            config.put("torch_dtype", name(merge.dtype()));
        }
        if (ownHead && config.path("tie_word_embeddings").asBoolean(false)) {
            notes.add(ChatVectorFiles.CONFIG + " of " + reference + " says tie_word_embeddings true, but there is a"
                    + " head that is not the embedding: the result says false");
            config.put("tie_word_embeddings", false);
        }
        return ChatVectorFiles.JSON.writeValueAsBytes(config);
    }

    private void compare(ObjectNode config, Path model) throws IOException {
        Map<String, JsonNode> theirs = ConfigMeaning.of(ChatVectorFiles.read(model.resolve(ChatVectorFiles.CONFIG)));
        ConfigMeaning.of(config).forEach((name, mine) -> {
            if (!ConfigMeaning.same(mine, theirs.get(name))) {
                notes.add(ChatVectorFiles.CONFIG + ": " + name + " is " + theirs.get(name) + " in " + model + ", "
                        + mine + " in " + reference + " and in the result; if the models are not of one family, the"
                        + " result will be poor");
            }
        });
    }

    private static String name(DType dtype) {
        return switch (dtype) {
            case F32 -> "float32";
            case BF16 -> "bfloat16";
            case F16 -> "float16";
            default -> throw new IllegalArgumentException(dtype + " is no type of merged weights");
        };
    }
}
