package llams.model.convert;

import java.util.Locale;
import llams.engine.gguf.GgufNames;
import llams.engine.tensor.DType;
import llams.engine.tensor.Shape;

/// What a GGUF file's matrices are made of: one type, or llama.cpp's mix of that name. Norms are always F32.
public enum GgufForm {
    F32(DType.F32, 0), F16(DType.F16, 1), BF16(DType.BF16, 32), Q8_0(DType.Q8_0, 7), Q4_0(DType.Q4_0, 2),
    Q4_K_M(DType.Q4_K, 15), Q6_K(DType.Q6_K, 18);

    /// Layers of the model for which llama.cpp gives values five bits instead of four.
    private static final int LAYERS_OF_70B = 80;

    /// The type of most matrices.
    final DType usual;
    /// The number that `general.file_type` has for it.
    final int number;

    GgufForm(DType usual, int number) {
        this.usual = usual;
        this.number = number;
    }

    /// As on the command line: `q4_k_m`.
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// The form in which weights of this type lose nothing; BF16 for types that a file cannot have.
    static GgufForm keeping(DType stored) {
        return switch (stored) {
            case F32 -> F32;
            case F16 -> F16;
            case Q8_0 -> Q8_0;
            default -> BF16;
        };
    }

    /// The type that a tensor has in a file of this form, as llama.cpp's quantization decides it without an importance
    /// matrix. Where rows are no whole blocks, it is the nearest type whose blocks they are, or F16.
    ///
    /// @param name   in the file
    /// @param layer  of the tensor, or -1
    /// @param isTied whether the table of tokens is the output head, too
    DType type(String name, Shape shape, int layer, int layers, boolean isTied) {
        if (shape.rank() < 2) {
            return DType.F32;
        }
        long columns = shape.dim(-1);
        return usual.isQuantized() ? fitting(wanted(name, columns, layer, layers, isTied), columns) : usual;
    }

    private DType wanted(String name, long columns, int layer, int layers, boolean isTied) {
        boolean isHead = name.equals(GgufNames.HEAD) || isTied && name.equals(GgufNames.EMBEDDING);
        if (isHead && usual != DType.Q8_0) {
            return columns % usual.blockElements == 0 ? DType.Q6_K : DType.Q8_0;
        }
        boolean isDelicate = name.endsWith(".attn_v.weight") || name.endsWith(".ffn_down.weight");
        if (this != Q4_K_M || !isDelicate) {
            return usual;
        }
        // The first and the last eighth of the layers, and every third between.
        boolean hasMoreBits = layer < layers / 8 || layer >= 7 * layers / 8 || (layer - layers / 8) % 3 == 2;
        return hasMoreBits
                ? DType.Q6_K
                : layers == LAYERS_OF_70B && name.endsWith(".attn_v.weight") ? DType.Q5_K : usual;
    }

    private static DType fitting(DType wanted, long columns) {
        if (columns % wanted.blockElements == 0) {
            return wanted;
        }
        return columns % DType.Q8_0.blockElements == 0 ? DType.Q8_0 : DType.F16;
    }
}
