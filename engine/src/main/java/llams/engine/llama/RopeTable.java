package llams.engine.llama;

import java.lang.foreign.Arena;
import llams.engine.graph.Leaf;
import llams.engine.tensor.DType;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;

/// The angles of rotary positions, made once per run: row p is `cos(p f[i])` for each pair i, then `sin(p f[i])`.
public final class RopeTable {
    /// Name of the leaf.
    public static final String NAME = "rope.table";

    private RopeTable() {}

    /// The leaf that model code reads: `[positions, headDim]`.
    public static Leaf leaf(LlamaConfig config, int positions) {
        return Leaf.weight(NAME, DType.F32, positions, config.headDim());
    }

    /// The table itself, F32 `[positions, headDim]`; angles are computed in double precision.
    public static Tensor create(Arena arena, LlamaConfig config, int positions) {
        double[] frequencies = frequencies(config);
        int half = frequencies.length;
        Tensor table = Tensor.allocate(arena, DType.F32, Shape.of(positions, config.headDim()));
        for (int p = 0; p < positions; p++) {
            long row = (long) p * config.headDim();
            for (int i = 0; i < half; i++) {
                table.setFloat(row + i, (float) StrictMath.cos(p * frequencies[i]));
                table.setFloat(row + half + i, (float) StrictMath.sin(p * frequencies[i]));
            }
        }
        return table;
    }

    /// The angle per position of each pair, `[headDim / 2]`: `theta^(-2i / headDim)`, stretched as Llama 3.1 does where
    /// the config says so.
    public static double[] frequencies(LlamaConfig config) {
        double[] frequencies = new double[config.headDim() / 2];
        for (int i = 0; i < frequencies.length; i++) {
            frequencies[i] = scaled(StrictMath.pow(config.ropeTheta(), -2.0 * i / config.headDim()),
                    config.ropeScaling());
        }
        return frequencies;
    }

    private static double scaled(double frequency, LlamaConfig.RopeScaling scaling) {
        if (scaling == null) {
            return frequency;
        }
        // Turns that the pair makes over the original context: many are kept, few are stretched, between is blended.
        double turns = scaling.originalPositions() * frequency / (2 * Math.PI);
        if (turns > scaling.highFactor()) {
            return frequency;
        }
        if (turns < scaling.lowFactor()) {
            return frequency / scaling.factor();
        }
        double kept = (turns - scaling.lowFactor()) / (scaling.highFactor() - scaling.lowFactor());
        return (1 - kept) * frequency / scaling.factor() + kept * frequency;
    }
}
