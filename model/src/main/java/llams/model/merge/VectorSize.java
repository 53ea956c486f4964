package llams.model.merge;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import llams.engine.tensor.DType;
import llams.model.merge.parts.Vectors;

/// The size of a chat vector in each part of the model, and how far the tuned model is from the two others: these
/// numbers show when models were swapped.
final class VectorSize {
    /// Independent sums: as many as any vector has, and the same everywhere.
    private static final int LANES = 256;
    private static final int LAYER_WORDS = 3;

    /// Squares of one part of the model.
    private static final class Sums {
        double vector;
        double base;
        double toBase;
        double toInstruct;
    }

    /// Squares of a part of a tensor, summed on one thread.
    static final class Lanes {
        static final long BYTES = 4L * LANES * Double.BYTES;
        private final double[] vector = new double[LANES];
        private final double[] base = new double[LANES];
        private final double[] toBase = new double[LANES];
        private final double[] toInstruct = new double[LANES];
        private boolean differs;

        /// Counts `count` elements, and those alone.
        ///
        /// @param rounding differences up to this share of the base's value are none; see [#rounding]
        void set(float[] tuned, float[] instruct, float[] minus, int count, float rounding) {
            for (double[] lanes : List.of(vector, base, toBase, toInstruct)) {
                Arrays.fill(lanes, 0);
            }
            int whole = count - count % LANES;
            for (int at = 0; at < whole; at += LANES) {
                addSquares(tuned, instruct, minus, at, LANES);
            }
            addSquares(tuned, instruct, minus, whole, count - whole);
            differs = false;
            for (int i = 0; i < count && !differs; i++) {
                differs = Math.abs(instruct[i] - minus[i]) > rounding * Math.abs(minus[i]);
            }
        }

        private void addSquares(float[] tuned, float[] instruct, float[] minus, int at, int count) {
            Vectors.addSquares(vector, instruct, minus, at, count);
            Vectors.addSquares(base, minus, at, count);
            Vectors.addSquares(toBase, tuned, minus, at, count);
            Vectors.addSquares(toInstruct, tuned, instruct, at, count);
        }
    }

    private final Map<String, Sums> parts = new LinkedHashMap<>();
    private boolean differs;

    /// How far apart two types round the same value, relative to it; 0 for the same type.
    static float rounding(DType a, DType b) {
        if (a == b) {
            return 0;
        }
        return a == DType.BF16 || b == DType.BF16 ? 0x1p-8f : 0x1p-11f;
    }

    /// Adds a part of a tensor.
    void add(String tensor, Lanes lanes) {
        Sums sums = parts.computeIfAbsent(part(tensor), name -> new Sums());
        for (int i = 0; i < LANES; i++) {
            sums.vector += lanes.vector[i];
            sums.base += lanes.base[i];
            sums.toBase += lanes.toBase[i];
            sums.toInstruct += lanes.toInstruct[i];
        }
        differs |= lanes.differs;
    }

    /// `model.layers.7` for what belongs to a layer; else the tensor's module.
    private static String part(String tensor) {
        String[] words = tensor.split("\\.", LAYER_WORDS + 1);
        return tensor.startsWith("model.layers.") && words.length > LAYER_WORDS
                ? String.join(".", words[0], words[1], words[2])
                : tensor.replaceFirst("\\.weight$", "");
    }

    List<MergeReport.Size> parts() {
        List<MergeReport.Size> sizes = new ArrayList<>();
        parts.forEach((part, sums) -> sizes.add(new MergeReport.Size(part, Math.sqrt(sums.vector),
                sums.base == 0 ? Double.NaN : Math.sqrt(sums.vector / sums.base))));
        return sizes;
    }

    List<String> notes() {
        if (parts.isEmpty()) {
            return List.of();
        }
        if (!differs) {
            return List
                    .of("the vector is zero: instruct and base hold the same weights, so the result equals" + " tuned");
        }
        if (parts.values().stream().allMatch(sums -> sums.toBase == 0)) {
            return List.of("tuned and base hold the same weights, so the result is base plus the vector");
        }
        // Part by part: in one sum, a few huge values would outweigh all others.
        long nearer = parts.values().stream().filter(sums -> sums.toInstruct < sums.toBase).count();
        if (2 * nearer > parts.size()) {
            return List.of("tuned is nearer to instruct than to base in " + nearer + " of " + parts.size()
                    + " parts of the model: base"
                    + " and instruct were probably swapped, or tuned was made from instruct");
        }
        return List.of();
    }
}
