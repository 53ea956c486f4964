package llams.model.lora;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import llams.engine.graph.Leaf;
import llams.engine.graph.TensorType;
import llams.engine.llama.DoraLinear;
import llams.engine.llama.Head;
import llams.engine.llama.Linear;
import llams.engine.llama.Llama;
import llams.engine.llama.LlamaConfig;
import llams.engine.llama.LoraLinear;
import llams.engine.llama.LoraTable;
import llams.engine.llama.Parameters;
import llams.engine.llama.Projection;
import llams.engine.llama.ProjectionName;
import llams.engine.llama.TiedLora;
import llams.engine.llama.TokenTable;
import llams.engine.tensor.DType;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;

/// A model with an adapter around its modules.
///
/// @param adapterLeaves the adapter's, module by module
public record LoraModel(Llama model, List<Leaf> adapterLeaves) {
    /// @param kind [Leaf.Kind#STATE] to train the adapter, with its dropout; [Leaf.Kind#WEIGHT] to use it as it is
    public static LoraModel of(LlamaConfig config, Parameters base, Adapter adapter, Leaf.Kind kind) {
        return of(config, base, adapter.layout(), adapter.tensors(), kind, "");
    }

    /// The same as it is, beside others: `place` stands before the names of the adapter's leaves.
    public static LoraModel beside(LlamaConfig config, Parameters base, Adapter adapter, String place) {
        return of(config, base, adapter.layout(), adapter.tensors(), Leaf.Kind.WEIGHT, place);
    }

    /// The same for an adapter that is not in memory, to know what it would take.
    public static LoraModel of(LlamaConfig config, Parameters base, LoraLayout layout, Leaf.Kind kind) {
        return of(config, base, layout, Map.of(), kind, "");
    }

    private static LoraModel of(LlamaConfig config, Parameters base, LoraLayout layout, Map<String, Tensor> tensors,
            Leaf.Kind kind, String place) {
        return new Building(config, base, layout, tensors, kind, place, Adapter.shapes(layout, config)).model();
    }

    /// The base's tensors and the adapter's together, by leaf name.
    public static Map<String, Tensor> resident(Map<String, Tensor> base, Adapter adapter) {
        Map<String, Tensor> all = new LinkedHashMap<>(base);
        all.putAll(adapter.tensors());
        return all;
    }

    /// The adapter's tensors by the names of leaves of a model that is [#beside] others.
    public static Map<String, Tensor> beside(Adapter adapter, String place) {
        Map<String, Tensor> named = new LinkedHashMap<>();
        adapter.tensors().forEach((name, tensor) -> named.put(place + name, tensor));
        return named;
    }

    /// @param tensors the adapter's, for the row lengths that may be among them
    private record Building(LlamaConfig config, Parameters base, LoraLayout layout, Map<String, Tensor> tensors,
            Leaf.Kind kind, String place, Map<String, Shape> shapes) {
        LoraModel model() {
            Llama model = Llama.of(config, base, this::projection);
            TokenTable tokens = tokens();
            model = model.with(tokens, head(tokens));
            List<Leaf> leaves = shapes.keySet().stream().map(this::leaf).toList();
            return new LoraModel(model, leaves);
        }

        private Leaf leaf(String name) {
            return new Leaf(kind, place + name, new TensorType(DType.F32, shapes.get(name)));
        }

        private Projection projection(int layer, ProjectionName name, Linear linear) {
            String module = name.module(layer);
            if (layout.part(module) == null) {
                return linear;
            }
            float dropout = kind == Leaf.Kind.STATE ? (float) layout.dropout() : 0;
            int stream = layer * ProjectionName.values().length + name.ordinal();
            LoraLinear lora = lora(module, linear, dropout, stream);
            if (!layout.form().dora()) {
                return lora;
            }
            Leaf magnitude = leaf(Adapter.magnitude(module));
            String norm = DoraNorms.name(module);
            boolean isKnown = kind == Leaf.Kind.WEIGHT && tensors.containsKey(norm);
            return new DoraLinear(lora, magnitude, isKnown ? new Leaf(kind, place + norm, magnitude.type()) : null);
        }

        private LoraLinear lora(String module, Linear linear, float dropout, int stream) {
            return new LoraLinear(linear, leaf(Adapter.nameA(module)), leaf(Adapter.nameB(module)),
                    layout.part(module).scale(), dropout, stream);
        }

        private TokenTable tokens() {
            Leaf table = weight(Modules.EMBEDDING);
            LoraLayout.Part part = layout.part(Modules.EMBEDDING);
            return part == null
                    ? new TokenTable.Plain(table)
                    : new LoraTable(table, leaf(Adapter.nameA(Modules.EMBEDDING)),
                            leaf(Adapter.nameB(Modules.EMBEDDING)), part.scale());
        }

        private Head head(TokenTable tokens) {
            if (layout.form().tying()) {
                return tokens instanceof LoraTable adapted
                        ? new TiedLora(adapted)
                        : new Linear(weight(Modules.EMBEDDING));
            }
            Linear head = new Linear(weight(Modules.HEAD));
            return layout.part(Modules.HEAD) == null ? head : lora(Modules.HEAD, head, 0, 0);
        }

        /// The weight of one of the ends: the adapter's copy, or the base's.
        private Leaf weight(String module) {
            return layout.form().saved().contains(module)
                    ? leaf(Adapter.whole(module))
                    : base.leaf(Adapter.source(module, config), config.vocab(), config.dim());
        }
    }
}
