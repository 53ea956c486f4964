package llams.engine.cpu;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
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
        long[] dims = a.shape().dims();
        Guard.f32("add", "a", a, dims);
        Guard.f32("add", "b", b, dims);
        Guard.f32("add", "y", y, dims);
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
        long[] dims = x.shape().dims();
        Guard.f32("scale", "x", x, dims);
        Guard.f32("scale", "y", y, dims);
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

    /// `y = x`, any one element type and shape.
    static void copy(Tensor x, Tensor y, Parallel p) {
        parts(x, p, (from, bytes) -> MemorySegment.copy(x.data(), from, y.data(), from, bytes));
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

    /// `state += x`.
    static void accumulate(Tensor state, Tensor x, Parallel p) {
        add(state, x, 1, state, p);
    }

    /// Keeps the elements of a [DropoutMask], each with probability `1 - rate`, and divides them by that; the others
    /// become 0. The gradient is the same call on `dy`.
    ///
    /// @param seed   I32 `[2]`
    /// @param stream tells the program's dropouts apart
    static void dropout(Tensor x, Tensor seed, int stream, float rate, Tensor y, Parallel p) {
        Guard.that(rate >= 0 && rate < 1, "dropout: rate is " + rate + ", wanted at least 0 and less than 1");
        long[] dims = x.shape().dims();
        Guard.f32("dropout", "x", x, dims);
        Guard.i32("dropout", "seed", seed, 2);
        Guard.f32("dropout", "y", y, dims);
        long n = y.elements();
        DropoutMask mask = new DropoutMask(seed.getInt(0), seed.getInt(1), stream, rate);
        p.run(tasks(n), (task, _) -> {
            long from = (long) task * TASK_ELEMENTS;
            dropout(x.data(), mask, y.data(), from, Math.min(n, from + TASK_ELEMENTS));
        });
    }

    private static void dropout(MemorySegment x, DropoutMask mask, MemorySegment y, long from, long to) {
        float keptScale = mask.keptScale();
        int bar = mask.bar();
        int seed0 = mask.seed0();
        // A task never crosses a multiple of 2^32 elements, so the index's high half is one key for the whole loop.
        int key = mask.key(from);
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
            y.set(Tensor.F32, i * 4, mask.keeps(i) ? x.get(Tensor.F32, i * 4) * keptScale : 0);
        }
    }

    /// As [DropoutMask] mixes.
    private static IntVector mix(IntVector h) {
        h = h.lanewise(VectorOperators.XOR, h.lanewise(VectorOperators.LSHR, 15)).mul(DropoutMask.ROUND_1);
        h = h.lanewise(VectorOperators.XOR, h.lanewise(VectorOperators.LSHR, 15)).mul(DropoutMask.ROUND_2);
        return h.lanewise(VectorOperators.XOR, h.lanewise(VectorOperators.LSHR, 15));
    }

    /// Row `t` of `x` `[tokens, width]` becomes row `slot[t]` of `cache` `[rows, width]`.
    ///
    /// @throws IndexOutOfBoundsException if a slot is not a row of the cache
    static void cacheAppend(Tensor cache, Tensor x, Tensor slot) {
        int rows = Guard.dim("cacheAppend", "cache", cache, 2, 0);
        int tokens = Guard.dim("cacheAppend", "x", x, 2, 0);
        int width = Guard.dim("cacheAppend", "x", x, 2, 1);
        Guard.f32("cacheAppend", "cache", cache, rows, width);
        Guard.f32("cacheAppend", "x", x, tokens, width);
        Guard.i32("cacheAppend", "slot", slot, tokens);
        for (int t = 0; t < tokens; t++) {
            Guard.index("cacheAppend", "slot", slot, t, rows);
            MemorySegment.copy(x.data(), t * (width * 4L), cache.data(), slot.getInt(t) * (width * 4L), width * 4L);
        }
    }
}
