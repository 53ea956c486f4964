package llams.engine.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import llams.engine.tensor.DType;
import llams.engine.tensor.KBlock;
import llams.engine.tensor.Nf4;
import llams.engine.tensor.Q8Block;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;

/// Random and poisoned tensors, and comparisons that say where they failed.
final class Tensors {
    private final Arena arena;
    private final SplittableRandom random;
    private final int misalignment;

    /// @param misalignment bytes past a 64-byte border at which every tensor starts
    Tensors(Arena arena, long seed, int misalignment) {
        this.arena = arena;
        this.random = new SplittableRandom(seed);
        this.misalignment = misalignment;
    }

    private Tensor allocate(DType dtype, long... dims) {
        Shape shape = Shape.of(dims);
        long bytes = Tensor.byteSize(dtype, shape);
        MemorySegment memory = arena.allocate(bytes + misalignment, 64);
        return new Tensor(dtype, shape, memory.asSlice(misalignment, bytes));
    }

    /// Uniform in -1 .. 1, rounded to the dtype.
    Tensor random(DType dtype, long... dims) {
        Tensor t = allocate(dtype, dims);
        if (dtype == DType.Q8_0) {
            blocks(t);
            return t;
        }
        if (dtype == DType.NF4) {
            codes(t);
            return t;
        }
        if (dtype.isGgmlBlocks()) {
            smallBlocks(t);
            return t;
        }
        for (long i = 0; i < t.elements(); i++) {
            t.setFloat(i, (float) random.nextDouble(-1, 1));
        }
        return t;
    }

    private void blocks(Tensor t) {
        float[] values = new float[Q8Block.ELEMENTS];
        for (long at = 0; at < t.data().byteSize(); at += Q8Block.BYTES) {
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) random.nextDouble(-1, 1);
            }
            Q8Block.encode(values, 0, t.data(), at);
        }
    }

    /// Any bits are a block; its scales are such that elements are in -1 .. 1.
    private void smallBlocks(Tensor t) {
        DType dtype = t.dtype();
        for (long at = 0; at < t.data().byteSize(); at += dtype.blockBytes) {
            for (int i = 0; i < dtype.blockBytes; i++) {
                t.data().set(ValueLayout.JAVA_BYTE, at + i, (byte) random.nextInt());
            }
            switch (dtype) {
                case Q4_0 -> f16(t, at, 1 / 8f);
                case Q6_K -> f16(t, at + KBlock.Q6_FACTOR, 1 / (128 * 32f));
                default -> {
                    f16(t, at, 1 / (63 * (dtype == DType.Q4_K ? 15f : 31f)));
                    f16(t, at + KBlock.MINIMUM, 1 / 63f);
                }
            }
        }
    }

    private void f16(Tensor t, long at, float largest) {
        t.data().set(Tensor.I16, at, Float.floatToFloat16((float) random.nextDouble(-largest, largest)));
    }

    private void codes(Tensor t) {
        int count = Math.toIntExact(t.elements());
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextDouble(-1, 1);
        }
        float[] scales = new float[(int) Nf4.blocks(count)];
        Nf4Encoding.codes(values, 0, count, scales, t);
        Nf4Encoding.scales(scales, t);
    }

    Tensor random(long... dims) {
        return random(DType.F32, dims);
    }

    /// Filled with NaN: a kernel that leaves an element out, or reads what it should write, shows.
    Tensor poisoned(long... dims) {
        Tensor t = allocate(DType.F32, dims);
        for (long i = 0; i < t.elements(); i++) {
            t.setFloat(i, Float.NaN);
        }
        return t;
    }

    Tensor zeros(DType dtype, long... dims) {
        Tensor t = allocate(dtype, dims);
        t.data().fill((byte) 0);
        return t;
    }

    Tensor copy(Tensor source) {
        Tensor t = allocate(source.dtype(), source.shape().dims());
        t.data().copyFrom(source.data());
        return t;
    }

    Tensor ints(int... values) {
        Tensor t = allocate(DType.I32, values.length);
        for (int i = 0; i < values.length; i++) {
            t.setInt(i, values[i]);
        }
        return t;
    }

    int nextInt(int bound) {
        return random.nextInt(bound);
    }

    /// Every element within `tolerance` times 1 + the largest expected magnitude.
    static void assertClose(String what, Tensor expected, Tensor actual, double tolerance) {
        double largest = 1;
        for (long i = 0; i < expected.elements(); i++) {
            largest = Math.max(largest, Math.abs(expected.getFloat(i)));
        }
        for (long i = 0; i < expected.elements(); i++) {
            double difference = Math.abs((double) expected.getFloat(i) - actual.getFloat(i));
            boolean same = Float.compare(expected.getFloat(i), actual.getFloat(i)) == 0;
            if (!same && !(difference <= tolerance * largest)) {
                fail(what + " " + expected.shape() + ": element " + i + " is " + actual.getFloat(i) + ", wanted "
                        + expected.getFloat(i) + " within " + tolerance * largest);
            }
        }
    }

    static void assertSameBits(String what, Tensor expected, Tensor actual) {
        assertEquals(-1, expected.data().mismatch(actual.data()),
                what + " " + expected.shape() + ": first different byte");
    }
}
