package llams.model.lora;

import java.util.ArrayList;
import java.util.List;
import llams.engine.llama.LlamaConfig;
import llams.engine.llama.ProjectionName;
import llams.engine.tensor.Shape;

/// The modules of a model that can have an adapter, by the names that PEFT has for them.
public final class Modules {
    public static final String EMBEDDING = "model.embed_tokens";
    public static final String HEAD = "lm_head";
    /// Those that are no projections.
    public static final List<String> ENDS = List.of(EMBEDDING, HEAD);

    private Modules() {}

    /// All, in the model's order.
    static List<String> of(LlamaConfig model) {
        List<String> modules = new ArrayList<>();
        modules.add(EMBEDDING);
        for (int layer = 0; layer < model.layers(); layer++) {
            for (ProjectionName projection : ProjectionName.values()) {
                modules.add(projection.module(layer));
            }
        }
        modules.add(HEAD);
        return modules;
    }

    /// As in PEFT's `target_modules`: `embed_tokens`.
    static String shortName(String module) {
        return module.substring(module.lastIndexOf('.') + 1);
    }

    /// `[out, in]` of a module's weight; `[vocab, dim]` of the ends'.
    static Shape shape(String module, LlamaConfig model) {
        if (ENDS.contains(module)) {
            return Shape.of(model.vocab(), model.dim());
        }
        for (ProjectionName projection : ProjectionName.values()) {
            if (module.endsWith("." + projection.path)) {
                List<Long> shape = projection.shape(model);
                return Shape.of(shape.get(0), shape.get(1));
            }
        }
        throw new IllegalArgumentException("there is no module \"" + module + "\"");
    }
}
