package llams.engine.llama;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// The seven projections of a block, by their short names (on the command line) and their checkpoint names.
public enum ProjectionName {
    Q("self_attn.q_proj"), K("self_attn.k_proj"), V("self_attn.v_proj"), O("self_attn.o_proj"), GATE("mlp.gate_proj"),
    UP("mlp.up_proj"), DOWN("mlp.down_proj");

    /// As in `model.layers.0.` + `self_attn.q_proj` + `.weight`.
    public final String path;

    ProjectionName(String path) {
        this.path = path;
    }

    /// As on the command line: `q`, `gate`.
    public String shortName() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// As in PEFT's `target_modules`: `q_proj`.
    public String moduleName() {
        return path.substring(path.indexOf('.') + 1);
    }

    /// The module's name in a model: `model.layers.0.self_attn.q_proj`.
    public String module(int layer) {
        return "model.layers." + layer + "." + path;
    }

    /// The projection of this short or module name.
    public static Optional<ProjectionName> named(String name) {
        return Arrays.stream(values()).filter(p -> p.shortName().equals(name) || p.moduleName().equals(name)).findAny();
    }

    /// `[out, in]` of its weight.
    public List<Long> shape(LlamaConfig config) {
        long dim = config.dim();
        long attention = (long) config.heads() * config.headDim();
        long kv = (long) config.kvHeads() * config.headDim();
        long hidden = config.hiddenDim();
        return switch (this) {
            case Q -> List.of(attention, dim);
            case K, V -> List.of(kv, dim);
            case O -> List.of(dim, attention);
            case GATE, UP -> List.of(hidden, dim);
            case DOWN -> List.of(dim, hidden);
        };
    }
}
