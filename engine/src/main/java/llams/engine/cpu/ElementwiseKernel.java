package llams.engine.cpu;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import llams.engine.tensor.DType;
import llams.engine.tensor.DropoutMask;
import llams.engine.tensor.Tensor;

/// Sums, dropout and the cache's row copies.
final class ElementwiseKernel {
    /// A task's share of a pointwise loop: small enough to balance, large enough to hide the claim.
    static final int TASK_ELEMENTS = 1 << 14;

    private ElementwiseKernel() {}

    static int tasks(long elements) {
        return Math.toIntExact(Math.ceilDiv(elements, TASK_ELEMENTS));
    }

    /// `y = a + scale * b`, any one shape; `y` may be `a` or `b`.
    static void add(Tensor a, Tensor b, float scale, Tensor y, Parallel p) {
        long n = y.elements();
        p.run(tasks(n), (task, _) -> {
            long from = (long) task * TASK_ELEMENTS;
            add(a.data(), b.data(), scale, y.data(), from, Math.min(n, from + TASK_ELEMENTS));
        });
    }

    private static void add(MemorySegment a, MemorySegment b, float scale, MemorySegment y, long from, long to) {
        FloatVector factor = FloatVector.broadcast(Simd.F, scale);
        long i = from;
        for (; i <= to - Simd.LANES; i += Simd.LANES) {
            Simd.store(Simd.load(b, i).fma(factor, Simd.load(a, i)), y, i);
        }
        for (; i < to; i++) {
            y.set(Tensor.F32, i * 4, Math.fma(scale, b.get(Tensor.F32, i * 4), a.get(Tensor.F32, i * 4)));
        }
    }

    /// `y = factor x`; `y` may be `x`.
    static void scale(Tensor x, float factor, Tensor y, Parallel p) {
        long n = y.elements();
        p.run(tasks(n), (task, _) -> {
            long from = (long) task * TASK_ELEMENTS;
            scale(x.data(), factor, y.data(), from, Math.min(n, from + TASK_ELEMENTS));
        });
    }

    private static void scale(MemorySegment x, float factor, MemorySegment y, long from, long to) {
        long i = from;
        for (; i <= to - Simd.LANES; i += Simd.LANES) {
            Simd.store(Simd.load(x, i).mul(factor), y, i);
        }
        for (; i < to; i++) {
            y.set(Tensor.F32, i * 4, x.get(Tensor.F32, i * 4) * factor);
        }
    }

    /// `state = 0`, any element type.
    static void clear(Tensor state, Parallel p) {
        parts(state, p, (from, bytes) -> state.data().asSlice(from, bytes).fill((byte) 0));
    }

    /// `y = x`, from any type of weights to F32.
    static void widen(Tensor x, Tensor y, Parallel p) {
        if (x.dtype() == DType.F32) {
            parts(x, p, (from, bytes) -> MemorySegment.copy(x.data(), from, y.data(), from, bytes));
            return;
        }
        long n = y.elements();
        p.run(tasks(n), (task, buffers) -> {
            long from = (long) task * TASK_ELEMENTS;
            int count = (int) Math.min(n - from, TASK_ELEMENTS);
            float[] wide = buffers.floats(0, TASK_ELEMENTS);
            Widen.row(x, from, count, wide, 0);
            MemorySegment.copy(wide, 0, y.data(), Tensor.F32, from * 4, count);
        });
    }

    @FunctionalInterface
    private interface Part {
        void run(long fromByte, long bytes);
    }

    private static void parts(Tensor tensor, Parallel p, Part part) {
        long bytes = tensor.data().byteSize();
        long share = TASK_ELEMENTS * 4L;
        p.run(Math.toIntExact(Math.ceilDiv(bytes, share)), (task, _) -> {
            long from = task * share;
            part.run(from, Math.min(bytes - from, share));
        });
    }

    /// Keeps each element with probability `1 - rate` and divides it by that; the others become 0. Which are kept
    /// depends on `seed`, `stream` and the element's index alone, so the gradient is the same call on `dy`.
    ///
    /// @param seed   I32 `[2]`
    /// @param stream tells the program's dropouts apart
    static void dropout(Tensor x, Tensor seed, int stream, float rate, Tensor y, Parallel p) {
        long n = y.elements();
        int seed0 = seed.getInt(0);
        int seed1 = seed.getInt(1);
        p.run(tasks(n), (task, _) -> {
            long from = (long) task * TASK_ELEMENTS;
            dropout(x.data(), seed0, seed1, stream, rate, y.data(), from, Math.min(n, from + TASK_ELEMENTS));
        });
    }

    private static void dropout(MemorySegment x, int seed0, int seed1, int stream, float rate, MemorySegment y,
            long from, long to) {
        float keptScale = 1 / (1 - rate);
        int bar = DropoutMask.bar(rate);
        // A task never crosses a multiple of 2^32 elements, so the index's high half is one key for the whole loop.
        int key = DropoutMask.key(seed0, seed1, stream, from);
        IntVector iota = IntVector.zero(Simd.I).addIndex(1);
        long i = from;
        for (; i <= to - Simd.LANES; i += Simd.LANES) {
            IntVector hash = mix(mix(iota.add((int) i).add(seed0)).lanewise(VectorOperators.XOR, key));
            VectorMask<Float> kept = hash.lanewise(VectorOperators.LSHR, 8)
                    .compare(VectorOperators.GE, bar)
                    .cast(Simd.F);
            Simd.store(FloatVector.zero(Simd.F).blend(Simd.load(x, i).mul(keptScale), kept), y, i);
        }
        for (; i < to; i++) {
            boolean kept = DropoutMask.isKept(seed0, seed1, stream, i, rate);
            y.set(Tensor.F32, i * 4, kept ? x.get(Tensor.F32, i * 4) * keptScale : 0);
        }
    }

    /// `y[t, d] = x[t, d] + bound[t] u`; see [llams.engine.graph.Noise]. Plain loops: it is done once in a pass.
    static void noise(Tensor x, Tensor bound, Tensor seed, int stream, Tensor y, Parallel p) {
        int dim = x.dim(1);
        int seed0 = seed.getInt(0);
        int seed1 = seed.getInt(1);
        p.run(x.dim(0), (t, _) -> {
            float most = bound.getFloat(t);
            for (long i = (long) t * dim; i < (long) (t + 1) * dim; i++) {
                y.setFloat(i, x.getFloat(i) + most * DropoutMask.uniform(seed0, seed1, stream, i));
            }
        });
    }

    private static IntVector mix(IntVector h) {
        h = h.lanewise(VectorOperators.XOR, h.lanewise(VectorOperators.LSHR, 15)).mul(DropoutMask.ROUND_1);
        h = h.lanewise(VectorOperators.XOR, h.lanewise(VectorOperators.LSHR, 15)).mul(DropoutMask.ROUND_2);
        return h.lanewise(VectorOperators.XOR, h.lanewise(VectorOperators.LSHR, 15));
    }

    /// Row `t` of `x` `[tokens, width]` becomes row `slot[t]` of `cache` `[rows, width]`.
    ///
    /// @throws IndexOutOfBoundsException if a slot is not a row of the cache
    static void cacheAppend(Tensor cache, Tensor x, Tensor slot) {
        int rows = cache.dim(0);
        int tokens = x.dim(0);
        int width = x.dim(1);
        for (int t = 0; t < tokens; t++) {
            Guard.index("cacheAppend", "slot", slot, t, rows);
            MemorySegment.copy(x.data(), t * (width * 4L), cache.data(), slot.getInt(t) * (width * 4L), width * 4L);
        }
    }
}
