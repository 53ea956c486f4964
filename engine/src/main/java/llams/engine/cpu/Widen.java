package llams.engine.cpu;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import llams.engine.tensor.BFloat16;
import llams.engine.tensor.DType;
import llams.engine.tensor.Nf4;
import llams.engine.tensor.Q8Block;
import llams.engine.tensor.Tensor;

/// Copies of weights as f32, exact for every dtype.
final class Widen {
    private Widen() {}

    /// Elements `from .. from+count-1` of `source` into `target[at ..]`.
    static void row(Tensor source, long from, int count, float[] target, int at) {
        MemorySegment data = source.data();
        switch (source.dtype()) {
            case F32 -> MemorySegment.copy(data, Tensor.F32, from * 4, target, at, count);
            case BF16 -> bf16(data, from, count, target, at);
            case F16 -> f16(data, from, count, target, at);
            case Q8_0 -> q8(data, from, count, target, at);
            case Q4_0, Q4_K, Q5_K, Q6_K -> WidenBlocks.row(source, from, count, target, at);
            case NF4 -> nf4(data, source.elements(), from, count, target, at);
            default -> throw notAWeight(source.dtype());
        }
    }

    static IllegalArgumentException notAWeight(DType dtype) {
        return new IllegalArgumentException(
                dtype + " is not a weight type; wanted F32, BF16, F16, one of GGML's blocks or NF4");
    }

    private static void bf16(MemorySegment data, long from, int count, float[] target, int at) {
        int i = 0;
        for (int bound = Simd.F.loopBound(count); i < bound; i += Simd.LANES) {
            Simd.loadBf16(data, from + i).intoArray(target, at + i);
        }
        for (; i < count; i++) {
            target[at + i] = BFloat16.toFloat(data.get(Tensor.I16, (from + i) * 2));
        }
    }

    /// Whole blocks in vectors; what stands in a block that is only begun or ended, one by one.
    private static void q8(MemorySegment data, long from, int count, float[] target, int at) {
        int first = (int) Math.min(count, Math.floorMod(-from, (long) Q8Block.ELEMENTS));
        int blocks = (count - first) / Q8Block.ELEMENTS;
        q8Elements(data, from, first, target, at);
        q8Blocks(data, (from + first) / Q8Block.ELEMENTS * Q8Block.BYTES, blocks, target, at + first);
        int done = first + blocks * Q8Block.ELEMENTS;
        q8Elements(data, from + done, count - done, target, at + done);
    }

    private static void q8Elements(MemorySegment data, long from, int count, float[] target, int at) {
        for (int i = 0; i < count; i++) {
            target[at + i] = Q8Block.decode(data, from + i);
        }
    }

    private static void q8Blocks(MemorySegment data, long offsetBytes, int blocks, float[] target, int at) {
        for (int block = 0; block < blocks; block++, offsetBytes += Q8Block.BYTES) {
            FloatVector scale = Simd.q8Scale(data, offsetBytes);
            for (int i = 0; i < Q8Block.ELEMENTS; i += 2 * Simd.LANES, at += 2 * Simd.LANES) {
                long q = offsetBytes + Q8Block.FIRST + i;
                Simd.q8(data, q).mul(scale).intoArray(target, at);
                Simd.q8(data, q + Simd.LANES).mul(scale).intoArray(target, at + Simd.LANES);
            }
        }
    }

    /// Block by block, as far as each belongs to what is wanted.
    private static void nf4(MemorySegment data, long elements, long from, int count, float[] target, int at) {
        for (int done = 0; done < count;) {
            long first = from + done;
            int run = (int) Math.min(count - done, Nf4.BLOCK - first % Nf4.BLOCK);
            nf4Run(data, first, run, Nf4.scale(data, elements, first / Nf4.BLOCK), target, at + done);
            done += run;
        }
    }

    /// Elements of one block. An odd first one shares its byte with one that is not wanted.
    private static void nf4Run(MemorySegment data, long from, int count, float scale, float[] target, int at) {
        int i = 0;
        if (from % 2 != 0) {
            target[at] = Nf4.VALUES.value(Nf4.code(data, from)) * scale;
            i++;
        }
        FloatVector scales = FloatVector.broadcast(Simd.F, scale);
        for (; i <= count - Simd.LANES; i += Simd.LANES) {
            Simd.nf4(data, (from + i) / 2).mul(scales).intoArray(target, at + i);
        }
        for (; i < count; i++) {
            target[at + i] = Nf4.VALUES.value(Nf4.code(data, from + i)) * scale;
        }
    }

    private static void f16(MemorySegment data, long from, int count, float[] target, int at) {
        int i = 0;
        for (int bound = Simd.F.loopBound(count); i < bound; i += Simd.LANES) {
            Simd.loadF16(data, from + i).intoArray(target, at + i);
        }
        for (; i < count; i++) {
            target[at + i] = Float.float16ToFloat(data.get(Tensor.I16, (from + i) * 2));
        }
    }
}
