package llams.engine.weights;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import llams.engine.graph.Leaf;
import llams.engine.graph.TensorType;
import llams.engine.llama.Parameters;
import llams.engine.tensor.DType;
import llams.engine.tensor.Nf4;
import llams.engine.tensor.Q8Block;
import llams.engine.tensor.Shape;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// How quantized weights lie in a Hugging Face directory. The safetensors format has no such types, so a matrix stands
/// as bytes, U8, and `quantization_config` in `config.json` says so. Other programs then find a method that they do not
/// know, or a shape that is not the model's, and cannot take the bytes for weights.
///
/// Q8_0 is for all matrices whose rows are whole blocks; one of `[rows, columns]` stands as `[rows, columns / 32 *
/// 34]`. NF4 is for the projections, of any shape; one stands as the bytes that [Nf4] describes, in one row.
public enum Quantization {
    Q8_0(DType.Q8_0, 8, Q8Block.ELEMENTS), NF4(DType.NF4, 4, Nf4.BLOCK);

    /// The config's field.
    public static final String FIELD = "quantization_config";

    public final DType dtype;
    public final int bits;
    /// Elements that share a scale.
    public final int groupSize;

    Quantization(DType dtype, int bits, int groupSize) {
        this.dtype = dtype;
        this.bits = bits;
        this.groupSize = groupSize;
    }

    /// `quant_method` of the config: `q8_0`.
    public String method() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// The one of this method; null for null.
    public static Quantization of(String method) {
        return method == null ? null : valueOf(method.toUpperCase(Locale.ROOT));
    }

    /// The method that a config names, or null.
    ///
    /// @throws IllegalArgumentException if it is none of these
    static String method(JsonNode config) {
        JsonNode field = config.path(FIELD);
        if (field.isMissingNode() || field.isNull()) {
            return null;
        }
        for (Quantization known : values()) {
            if (field.path("quant_method").asString("").equals(known.method())
                    && field.path("bits").asInt(0) == known.bits
                    && field.path("group_size").asInt(0) == known.groupSize) {
                return known.method();
            }
        }
        throw new IllegalArgumentException(FIELD + " " + JsonFields.shown(field) + " is not supported; this program"
                + " reads " + Arrays.stream(values()).map(Quantization::form).collect(Collectors.joining(", "))
                + ", and weights that are not quantized");
    }

    private String form() {
        return "quant_method \"" + method() + "\" with bits " + bits + " and group_size " + groupSize;
    }

    /// Says in a config that its weights are quantized.
    ///
    /// @param kept names of the matrices' modules that are not
    public void describe(ObjectNode config, List<String> kept) {
        ObjectNode field = config.putObject(FIELD);
        field.put("quant_method", method()).put("bits", bits).put("group_size", groupSize);
        kept.forEach(field.putArray("modules_to_not_convert")::add);
    }

    /// Whether a weight is quantized with its model. Norms never are.
    public boolean isFor(String name, Shape shape) {
        return shape.rank() == 2 && switch (this) {
            case Q8_0 -> shape.dim(1) % Q8Block.ELEMENTS == 0;
            case NF4 -> name.startsWith("model.layers.");
        };
    }

    /// A model's leaves with the weights that are quantized with it.
    ///
    /// @param plain the leaves without
    public Parameters leaves(Parameters plain) {
        return (name, dims) -> {
            Leaf leaf = plain.leaf(name, dims);
            return isFor(name, leaf.shape()) ? new Leaf(leaf.kind(), name, new TensorType(dtype, leaf.shape())) : leaf;
        };
    }

    /// The U8 shape in which a matrix is stored.
    public Shape stored(Shape shape) {
        return switch (this) {
            case Q8_0 -> Shape.of(shape.dim(0), DType.Q8_0.bytes(shape.dim(1)));
            case NF4 -> Shape.of(Nf4.bytes(shape.elements()));
        };
    }
}
