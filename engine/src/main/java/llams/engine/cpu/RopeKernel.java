package llams.engine.cpu;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import llams.engine.tensor.Tensor;

/// Rotary position embedding (Su et al. 2021) on Hugging Face's pairs `(i, i + headDim/2)`.
final class RopeKernel {
    private static final int TASK_ELEMENTS = 1 << 14;

    private RopeKernel() {}

    /// Turns every head of `x` `[tokens, n * headDim]` by the angles of the token's position.
    ///
    /// @param table    F32 `[positions, headDim]`: the cosine of pair `i` in column `i`, its sine in `headDim/2 + i`
    /// @param position I32 `[tokens]`, rows of the table
    /// @param inverse  turns back: the gradient
    /// @param y        like `x`; may be `x` itself
    static void apply(Tensor x, Tensor table, Tensor position, int headDim, boolean inverse, Tensor y, Parallel p) {
        int tokens = x.dim(0);
        int width = x.dim(1);
        int positions = table.dim(0);
        for (int t = 0; t < tokens; t++) {
            Guard.index("rope", "position", position, t, positions);
        }
        int rows = Math.max(1, TASK_ELEMENTS / Math.max(1, width));
        p.run(Math.ceilDiv(tokens, rows), (task, _) -> {
            for (int t = task * rows; t < Math.min(tokens, (task + 1) * rows); t++) {
                turnRow(x.data(), (long) t * width, width, table.data(), (long) position.getInt(t) * headDim, headDim,
                        inverse, y.data());
            }
        });
    }

    private static void turnRow(MemorySegment x, long row, int width, MemorySegment table, long angles, int headDim,
            boolean inverse, MemorySegment y) {
        int half = headDim / 2;
        float sign = inverse ? -1 : 1;
        for (int head = 0; head < width; head += headDim) {
            int i = 0;
            for (int bound = Simd.F.loopBound(half); i < bound; i += Simd.LANES) {
                long low = row + head + i;
                FloatVector cos = Simd.load(table, angles + i);
                FloatVector sin = Simd.load(table, angles + half + i).mul(sign);
                FloatVector a = Simd.load(x, low);
                FloatVector b = Simd.load(x, low + half);
                Simd.store(a.mul(cos).sub(b.mul(sin)), y, low);
                Simd.store(b.mul(cos).add(a.mul(sin)), y, low + half);
            }
            for (; i < half; i++) {
                long low = (row + head + i) * 4;
                long high = low + half * 4L;
                float cos = table.get(Tensor.F32, (angles + i) * 4);
                float sin = table.get(Tensor.F32, (angles + half + i) * 4) * sign;
                float a = x.get(Tensor.F32, low);
                float b = x.get(Tensor.F32, high);
                y.set(Tensor.F32, low, a * cos - b * sin);
                y.set(Tensor.F32, high, b * cos + a * sin);
            }
        }
    }
}
