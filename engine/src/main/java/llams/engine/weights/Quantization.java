package llams.engine.weights;

import java.util.List;
import llams.engine.tensor.DType;
import llams.engine.tensor.Q8Block;
import llams.engine.tensor.Shape;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// How Q8_0 weights lie in a Hugging Face directory. The safetensors format has no such type, so the blocks of a matrix
/// `[rows, columns]` stand as U8 `[rows, columns / 32 * 34]`, and `quantization_config` in `config.json` says so. Other
/// programs then find a method that they do not know, or a shape that is not the model's, and cannot take the bytes for
/// weights.
public final class Quantization {
    /// `quant_method` of the config.
    public static final String METHOD = "q8_0";
    /// The config's field.
    public static final String FIELD = "quantization_config";
    private static final int BITS = 8;

    private Quantization() {}

    /// The method that a config names, or null.
    ///
    /// @throws IllegalArgumentException if it is another than [#METHOD]
    static String method(JsonNode config) {
        JsonNode field = config.path(FIELD);
        if (field.isMissingNode() || field.isNull()) {
            return null;
        }
        boolean isKnown = field.path("quant_method").asString("").equals(METHOD) && field.path("bits").asInt(0) == BITS
                && field.path("group_size").asInt(0) == Q8Block.ELEMENTS;
        if (!isKnown) {
            throw new IllegalArgumentException(
                    FIELD + " " + JsonFields.shown(field) + " is not supported; this" + " program reads quant_method \""
                            + METHOD + "\" with bits 8 and group_size 32, and weights that are not quantized");
        }
        return METHOD;
    }

    /// Says in a config that its weights are quantized.
    ///
    /// @param kept names of the matrices' modules that are not
    public static void describe(ObjectNode config, List<String> kept) {
        ObjectNode field = config.putObject(FIELD);
        field.put("quant_method", METHOD).put("bits", BITS).put("group_size", Q8Block.ELEMENTS);
        kept.forEach(field.putArray("modules_to_not_convert")::add);
    }

    /// Whether a weight is quantized with its model: matrices whose rows are whole blocks. Norms never are.
    public static boolean isFor(Shape shape) {
        return shape.rank() == 2 && shape.dim(1) % Q8Block.ELEMENTS == 0;
    }

    /// The U8 shape in which a matrix's blocks are stored.
    public static Shape stored(Shape shape) {
        return Shape.of(shape.dim(0), DType.Q8_0.bytes(shape.dim(1)));
    }
}
