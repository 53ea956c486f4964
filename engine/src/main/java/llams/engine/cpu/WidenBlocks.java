package llams.engine.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import llams.engine.tensor.DType;
import llams.engine.tensor.KBlock;
import llams.engine.tensor.Q4Block;
import llams.engine.tensor.Tensor;

/// [Widen] for blocks of four to six bits an element ([Q4Block], [KBlock]): runs of elements that share a scale and whose codes
/// lie side by side, in vectors as far as they go.
final class WidenBlocks {
    private static final int LANES = Simd.LANES;
    /// Elements of Q4_0 whose codes lie side by side: those of the lower halves of bytes, and of the upper ones.
    private static final int HALF = 16;

    private static final MethodHandle[] RUNS = runs();

    private WidenBlocks() {}

    private static MethodHandle[] runs() {
        MethodHandle[] runs = ApartLoops.none();
        put(runs, DType.Q4_0, "q40");
        put(runs, DType.Q4_K, "q4K");
        put(runs, DType.Q5_K, "q5K");
        put(runs, DType.Q6_K, "q6K");
        return runs;
    }

    private static void put(MethodHandle[] runs, DType dtype, String name) {
        ApartLoops.put(runs, dtype, WidenBlocks.class, name, MemorySegment.class, long.class, int.class, int.class,
                float[].class, int.class);
    }

    /// Elements `from .. from+count-1` of `source` into `target[at ..]`.
    static void row(Tensor source, long from, int count, float[] target, int at) {
        DType dtype = source.dtype();
        MemorySegment data = source.data();
        int whole = dtype == DType.Q4_K || dtype == DType.Q5_K ? KBlock.GROUP : HALF;
        long block = from / dtype.blockElements * dtype.blockBytes;
        int i = (int) (from % dtype.blockElements);
        for (int done = 0; done < count;) {
            int run = Math.min(count - done, whole - i % whole);
            int vectors = run - run % LANES;
            run(RUNS[dtype.ordinal()], data, block, i, vectors, target, at + done);
            for (int rest = vectors; rest < run; rest++) {
                target[at + done + rest] = source.getFloat(from + done + rest);
            }
            done += run;
            i += run;
            if (i == dtype.blockElements) {
                i = 0;
                block += dtype.blockBytes;
            }
        }
    }

    private static void run(MethodHandle loop, MemorySegment data, long block, int i, int count, float[] target,
            int at) {
        try {
            loop.invokeExact(data, block, i, count, target, at);
        } catch (Throwable e) {
            throw ApartLoops.thrown(e);
        }
    }

    // In each of these, `block` is the byte at which the block of element `i`, the first of `count`, begins.

    static void q40(MemorySegment data, long block, int i, int count, float[] target, int at) {
        FloatVector scale = Simd.q8Scale(data, block);
        long codes = block + Q4Block.FIRST + i % HALF;
        int shift = i / HALF * 4;
        for (int j = 0; j < count; j += LANES) {
            floats(bits(data, codes + j, shift, 15).sub(8)).mul(scale).intoArray(target, at + j);
        }
    }

    static void q4K(MemorySegment data, long block, int i, int count, float[] target, int at) {
        FloatVector scale = factor(data, block, KBlock.scale(data, block, i / 32));
        FloatVector min = factor(data, block + KBlock.MINIMUM, KBlock.minimum(data, block, i / 32)).neg();
        long codes = block + KBlock.Q4_CODES + i / 64 * 32 + i % 32;
        int shift = i / 32 % 2 * 4;
        // The product is exact, so the sum is rounded once, fused or not.
        for (int j = 0; j < count; j += LANES) {
            floats(bits(data, codes + j, shift, 15)).fma(scale, min).intoArray(target, at + j);
        }
    }

    static void q5K(MemorySegment data, long block, int i, int count, float[] target, int at) {
        FloatVector scale = factor(data, block, KBlock.scale(data, block, i / 32));
        FloatVector min = factor(data, block + KBlock.MINIMUM, KBlock.minimum(data, block, i / 32)).neg();
        long codes = block + KBlock.Q5_CODES + i / 64 * 32 + i % 32;
        long fifths = block + KBlock.Q5_HIGH + i % 32;
        int shift = i / 32 % 2 * 4;
        for (int j = 0; j < count; j += LANES) {
            IntVector fifth = bits(data, fifths + j, i / 32, 1).lanewise(VectorOperators.LSHL, 4);
            floats(bits(data, codes + j, shift, 15).or(fifth)).fma(scale, min).intoArray(target, at + j);
        }
    }

    static void q6K(MemorySegment data, long block, int i, int count, float[] target, int at) {
        FloatVector scale = factor(data, block + KBlock.Q6_FACTOR,
                data.get(ValueLayout.JAVA_BYTE, block + KBlock.Q6_SCALES + i / 16));
        long codes = block + i / 128 * 64 + i % 64;
        long upper = block + KBlock.Q6_HIGH + i / 128 * 32 + i % 32;
        int shift = i / 64 % 2 * 4;
        int upperShift = i / 32 % 4 * 2;
        for (int j = 0; j < count; j += LANES) {
            IntVector top = bits(data, upper + j, upperShift, 3).lanewise(VectorOperators.LSHL, 4);
            floats(bits(data, codes + j, shift, 15).or(top).sub(32)).mul(scale).intoArray(target, at + j);
        }
    }

    /// The f16 number at this offset times a whole one, which is exact, in each lane.
    private static FloatVector factor(MemorySegment data, long offsetBytes, int times) {
        return Simd.q8Scale(data, offsetBytes).mul(times);
    }

    /// `byte >>> shift & mask` of `LANES` bytes.
    private static IntVector bits(MemorySegment data, long offsetBytes, int shift, int mask) {
        return Simd.bytes(data, offsetBytes).lanewise(VectorOperators.LSHR, shift).and(mask);
    }

    private static FloatVector floats(IntVector codes) {
        return (FloatVector) codes.convert(VectorOperators.I2F, 0);
    }
}
