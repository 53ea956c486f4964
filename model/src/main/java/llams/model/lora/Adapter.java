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

/// The matrices of a LoRA adapter in memory: `W + scale B A` in place of each target `W` `[out, in]`. Those of the table
/// of tokens are the other way round, `W + scale A Bᵀ`, and its A is the transpose of what PEFT's files have.
///
/// @param tensors F32, by PEFT's names: A `[rank, in]` and B `[out, rank]`, of the table of tokens A `[vocab, rank]` and B
///                `[dim, rank]`; magnitudes `[out]`; modules that are trained whole
/// @param base    the base model's name or path as in the adapter's file; null if there is none
/// @param notes   settings in its file that are not used, one line each
public record Adapter(LoraLayout layout, Map<String, Tensor> tensors, String base, List<String> notes) {
    static final String PREFIX = "base_model.model.";
    static final String A = ".lora_A.weight";
    private static final String B = ".lora_B.weight";
    static final String TOKENS_A = ".lora_embedding_A";
    private static final String TOKENS_B = ".lora_embedding_B";
    private static final String MAGNITUDE = ".lora_magnitude_vector";

    /// The name under which PEFT keeps a module's A.
    static String nameA(String module) {
        return PREFIX + module + (module.equals(Modules.EMBEDDING) ? TOKENS_A : A);
    }

    /// The name under which PEFT keeps a module's B.
    static String nameB(String module) {
        return PREFIX + module + (module.equals(Modules.EMBEDDING) ? TOKENS_B : B);
    }

    /// The name under which PEFT keeps the lengths of a module's rows.
    static String magnitude(String module) {
        return PREFIX + module + MAGNITUDE;
    }

    /// The name under which PEFT keeps a module that is trained whole.
    static String whole(String module) {
        return PREFIX + weightName(module);
    }

    /// The name under which PEFT keeps a projection's A.
    public static String nameA(int layer, ProjectionName projection) {
        return nameA(projection.module(layer));
    }

    /// The name under which PEFT keeps a projection's B.
    public static String nameB(int layer, ProjectionName projection) {
        return nameB(projection.module(layer));
    }

    /// Whether a tensor of this name is the B of a projection or of the head.
    public static boolean isB(String name) {
        return name.endsWith(B);
    }

    /// The checkpoint's name of a module's weight.
    public static String weightName(String module) {
        return module + ".weight";
    }

    /// The checkpoint's name of the weight that the adapter is for.
    public static String weightName(int layer, ProjectionName projection) {
        return weightName(projection.module(layer));
    }

    /// All names and shapes that an adapter has for a model: module by module, A before B.
    public static Map<String, Shape> shapes(LoraLayout layout, LlamaConfig model) {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        for (String module : Modules.of(model)) {
            LoraLayout.Part part = layout.part(module);
            Shape weight = Modules.shape(module, model);
            if (part != null && module.equals(Modules.EMBEDDING)) {
                shapes.put(nameA(module), Shape.of(weight.dim(0), part.rank()));
                shapes.put(nameB(module), Shape.of(weight.dim(1), part.rank()));
            } else if (part != null) {
                shapes.put(nameA(module), Shape.of(part.rank(), weight.dim(1)));
                shapes.put(nameB(module), Shape.of(weight.dim(0), part.rank()));
            }
            if (part != null && layout.form().dora()) {
                shapes.put(magnitude(module), Shape.of(weight.dim(0)));
            }
            if (layout.form().saved().contains(module)) {
                shapes.put(whole(module), weight);
            }
        }
        return Collections.unmodifiableMap(shapes);
    }

    /// A new adapter, which does nothing yet, and needs nothing of the base.
    ///
    /// @throws IllegalArgumentException if it has magnitudes or modules that are trained whole
    public static Adapter create(Arena arena, LoraConfig config, LlamaConfig model, long seed) {
        return create(arena, config, model, seed, Map.of());
    }

    /// A new adapter, which does nothing yet: what is multiplied first is uniform in `±1/sqrt(in)`, what comes after it
    /// zero; magnitudes are the lengths of the base's rows, whole modules copies of the base's.
    ///
    /// @param base the base's weights by leaf name
    public static Adapter create(Arena arena, LoraConfig config, LlamaConfig model, long seed,
            Map<String, Tensor> base) {
        LoraLayout layout = config.layout(model);
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        shapes(layout, model).forEach((name, shape) -> {
            Tensor tensor = Tensor.allocate(arena, DType.F32, shape);
            if (name.endsWith(A) || name.endsWith(TOKENS_B)) {
                CounterRandom random = CounterRandom.named(seed, name);
                double bound = 1 / Math.sqrt(shape.dim(1));
                for (long i = 0; i < tensor.elements(); i++) {
                    tensor.setFloat(i, (float) ((2 * random.uniform(i) - 1) * bound));
                }
            }
            tensors.put(name, tensor);
        });
        if (layout.form().dora()) {
            DoraNorms.of(arena, layout, tensors, model, base)
                    .forEach((module, norm) -> tensors.put(magnitude(module), norm));
        }
        for (String module : layout.form().saved()) {
            Tensor source = base.get(source(module, model));
            Tensor copy = tensors.get(whole(module));
            for (long i = 0; i < copy.elements(); i++) {
                copy.setFloat(i, source.getFloat(i));
            }
        }
        return new Adapter(layout, Collections.unmodifiableMap(tensors), null, List.of());
    }

    /// The checkpoint's name of the weight that a module has in the base: the head's may be the table of tokens.
    static String source(String module, LlamaConfig model) {
        return weightName(module.equals(Modules.HEAD) && model.tied() ? Modules.EMBEDDING : module);
    }

    public Tensor a(String module) {
        return tensors.get(nameA(module));
    }

    public Tensor b(String module) {
        return tensors.get(nameB(module));
    }

    /// The lengths of a module's rows, `[out]`; null if it has none of its own.
    public Tensor magnitudes(String module) {
        return tensors.get(magnitude(module));
    }

    /// A module that is trained whole; null if it is not.
    public Tensor copy(String module) {
        return tensors.get(whole(module));
    }

    /// `[rank, in]`
    public Tensor a(int layer, ProjectionName projection) {
        return a(projection.module(layer));
    }

    /// `[out, rank]`
    public Tensor b(int layer, ProjectionName projection) {
        return b(projection.module(layer));
    }

    /// The transpose of a matrix, F32.
    public static Tensor turned(Arena arena, Tensor tensor) {
        Tensor turned = Tensor.allocate(arena, DType.F32, Shape.of(tensor.shape().dim(1), tensor.shape().dim(0)));
        long rows = turned.shape().dim(0);
        long columns = turned.shape().dim(1);
        for (long r = 0; r < rows; r++) {
            for (long c = 0; c < columns; c++) {
                turned.setFloat(r * columns + c, tensor.getFloat(c * rows + r));
            }
        }
        return turned;
    }
}
