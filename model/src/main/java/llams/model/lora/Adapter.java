package llams.model.lora;

import java.lang.foreign.Arena;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import llams.engine.llama.LlamaConfig;
import llams.engine.llama.ProjectionName;
import llams.engine.tensor.CounterRandom;
import llams.engine.tensor.DType;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;

/// The matrices of a LoRA adapter in memory: `W + scale B A` in place of each target `W` `[out, in]`.
///
/// @param tensors F32, by the names of [#nameA] `[rank, in]` and [#nameB] `[out, rank]`
/// @param base    the base model's name or path as in the adapter's file; null if there is none
/// @param notes   settings in its file that are not used, one line each
public record Adapter(LoraLayout layout, Map<String, Tensor> tensors, String base, List<String> notes) {
    static final String PREFIX = "base_model.model.";
    static final String A = ".lora_A.weight";
    private static final String B = ".lora_B.weight";

    /// The name under which PEFT keeps a projection's A.
    public static String nameA(int layer, ProjectionName projection) {
        return PREFIX + projection.module(layer) + A;
    }

    /// The name under which PEFT keeps a projection's B.
    public static String nameB(int layer, ProjectionName projection) {
        return PREFIX + projection.module(layer) + B;
    }

    /// Whether a tensor of this name is the B of a projection or of the head.
    public static boolean isB(String name) {
        return name.endsWith(B);
    }

    /// The checkpoint's name of the weight that the adapter is for.
    public static String weightName(int layer, ProjectionName projection) {
        return projection.module(layer) + ".weight";
    }

    /// All names and shapes that an adapter has for a model: block by block, A before B.
    public static Map<String, Shape> shapes(LoraLayout layout, LlamaConfig model) {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        for (int layer = 0; layer < model.layers(); layer++) {
            for (ProjectionName target : ProjectionName.values()) {
                LoraLayout.Part part = layout.part(layer, target);
                if (part != null) {
                    List<Long> weight = target.shape(model);
                    shapes.put(nameA(layer, target), Shape.of(part.rank(), weight.get(1)));
                    shapes.put(nameB(layer, target), Shape.of(weight.get(0), part.rank()));
                }
            }
        }
        return Collections.unmodifiableMap(shapes);
    }

    /// A new adapter, which does nothing yet: A is uniform in `±1/sqrt(in)`, B is zero.
    public static Adapter create(Arena arena, LoraConfig config, LlamaConfig model, long seed) {
        LoraLayout layout = config.layout(model);
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        shapes(layout, model).forEach((name, shape) -> {
            Tensor tensor = Tensor.allocate(arena, DType.F32, shape);
            if (name.endsWith(A)) {
                CounterRandom random = CounterRandom.named(seed, name);
                double bound = 1 / Math.sqrt(shape.dim(1));
                for (long i = 0; i < tensor.elements(); i++) {
                    tensor.setFloat(i, (float) ((2 * random.uniform(i) - 1) * bound));
                }
            }
            tensors.put(name, tensor);
        });
        return new Adapter(layout, Collections.unmodifiableMap(tensors), null, List.of());
    }

    /// `[rank, in]`
    public Tensor a(int layer, ProjectionName projection) {
        return tensors.get(nameA(layer, projection));
    }

    /// `[out, rank]`
    public Tensor b(int layer, ProjectionName projection) {
        return tensors.get(nameB(layer, projection));
    }
}
