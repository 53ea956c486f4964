package llams.model.lora;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import llams.engine.graph.Leaf;
import llams.engine.graph.TensorType;
import llams.engine.llama.Llama;
import llams.engine.llama.LlamaConfig;
import llams.engine.llama.LoraLinear;
import llams.engine.llama.Parameters;
import llams.engine.llama.ProjectionName;
import llams.engine.tensor.DType;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;

/// A model with an adapter around its projections.
///
/// @param adapterLeaves A and B of each target, block by block
public record LoraModel(Llama model, List<Leaf> adapterLeaves) {
    /// @param kind [Leaf.Kind#STATE] to train the adapter, with its dropout; [Leaf.Kind#WEIGHT] to use it as it is
    public static LoraModel of(LlamaConfig config, Parameters base, Adapter adapter, Leaf.Kind kind) {
        return of(config, base, adapter.layout(), kind);
    }

    /// The same for an adapter that is not in memory, to know what it would take.
    public static LoraModel of(LlamaConfig config, Parameters base, LoraLayout layout, Leaf.Kind kind) {
        Map<String, Shape> shapes = Adapter.shapes(layout, config);
        List<Leaf> leaves = new ArrayList<>();
        float dropout = kind == Leaf.Kind.STATE ? (float) layout.dropout() : 0;
        Llama model = Llama.of(config, base, (layer, name, linear) -> {
            LoraLayout.Part part = layout.part(layer, name);
            if (part == null) {
                return linear;
            }
            Leaf a = leaf(kind, Adapter.nameA(layer, name), shapes);
            Leaf b = leaf(kind, Adapter.nameB(layer, name), shapes);
            leaves.add(a);
            leaves.add(b);
            int stream = layer * ProjectionName.values().length + name.ordinal();
            return new LoraLinear(linear, a, b, part.scale(), dropout, stream);
        });
        return new LoraModel(model, List.copyOf(leaves));
    }

    private static Leaf leaf(Leaf.Kind kind, String name, Map<String, Shape> shapes) {
        return new Leaf(kind, name, new TensorType(DType.F32, shapes.get(name)));
    }

    /// The base's tensors and the adapter's together, by leaf name.
    public static Map<String, Tensor> resident(Map<String, Tensor> base, Adapter adapter) {
        Map<String, Tensor> all = new LinkedHashMap<>(base);
        all.putAll(adapter.tensors());
        return all;
    }
}
