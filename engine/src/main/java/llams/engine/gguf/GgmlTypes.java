package llams.engine.gguf;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import llams.engine.tensor.DType;

/// The numbers that GGUF files have for the types of tensors.
final class GgmlTypes {
    /// Names by number; some numbers are no longer used.
    private static final String[] NAMES = {"F32", "F16", "Q4_0", "Q4_1", "4", "5", "Q5_0", "Q5_1", "Q8_0", "Q8_1",
            "Q2_K", "Q3_K", "Q4_K", "Q5_K", "Q6_K", "Q8_K", "IQ2_XXS", "IQ2_XS", "IQ3_XXS", "IQ1_S", "IQ4_NL", "IQ3_S",
            "IQ2_S", "IQ4_XS", "I8", "I16", "I32", "I64", "F64", "IQ1_M", "BF16", "31", "32", "33", "TQ1_0", "TQ2_0",
            "36", "37", "38", "MXFP4"};

    private GgmlTypes() {}

    /// The type of a number, or null if this program does not read it.
    static DType of(int number) {
        return Arrays.stream(DType.values()).filter(type -> type.name().equals(name(number))).findAny().orElse(null);
    }

    /// The number of a type.
    ///
    /// @throws IllegalArgumentException if the format does not have it
    static int number(DType type) {
        int number = Arrays.asList(NAMES).indexOf(type.name());
        if (number < 0) {
            throw new IllegalArgumentException("GGUF has no type " + type);
        }
        return number;
    }

    static String name(int number) {
        return number >= 0 && number < NAMES.length ? NAMES[number] : Integer.toUnsignedString(number);
    }

    /// All that are read, for messages.
    static String known() {
        List<String> known = new ArrayList<>();
        for (int number = 0; number < NAMES.length; number++) {
            if (of(number) != null) {
                known.add(NAMES[number]);
            }
        }
        return String.join(", ", known);
    }
}
