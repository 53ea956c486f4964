package llams.trainer.lora;

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
import llams.engine.tensor.Tensor;

/// A model with an adapter around its projections.
///
/// @param adapterLeaves A and B of each target, block by block
public record LoraModel(Llama model, List<Leaf> adapterLeaves) {
    /// @param kind [Leaf.Kind#STATE] to train the adapter, with its dropout; [Leaf.Kind#WEIGHT] to use it as it is
    public static LoraModel of(LlamaConfig config, Parameters base, Adapter adapter, Leaf.Kind kind) {
        List<Leaf> leaves = new ArrayList<>();
        LoraConfig lora = adapter.config();
        float dropout = kind == Leaf.Kind.STATE ? (float) lora.dropout() : 0;
        Llama model = Llama.of(config, base, (layer, name, linear) -> {
            if (!lora.targets().contains(name)) {
                return linear;
            }
            Leaf a = leaf(kind, Adapter.nameA(layer, name), adapter.tensors());
            Leaf b = leaf(kind, Adapter.nameB(layer, name), adapter.tensors());
            leaves.add(a);
            leaves.add(b);
            int stream = layer * ProjectionName.values().length + name.ordinal();
            return new LoraLinear(linear, a, b, lora.scale(), dropout, stream);
        });
        return new LoraModel(model, List.copyOf(leaves));
    }

    private static Leaf leaf(Leaf.Kind kind, String name, Map<String, Tensor> tensors) {
        Tensor tensor = tensors.get(name);
        return new Leaf(kind, name, new TensorType(tensor.dtype(), tensor.shape()));
    }

    /// The base's tensors and the adapter's together, by leaf name.
    public static Map<String, Tensor> resident(Map<String, Tensor> base, Adapter adapter) {
        Map<String, Tensor> all = new LinkedHashMap<>(base);
        all.putAll(adapter.tensors());
        return all;
    }
}
