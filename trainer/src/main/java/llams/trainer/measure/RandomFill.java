package llams.trainer.measure;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import llams.engine.tensor.DType;
import llams.engine.tensor.Nf4;
import llams.engine.tensor.Q8Block;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;

/// Random numbers for measuring: quick to make and distributed like real ones.
public final class RandomFill {
    /// Different elements. A prime, so that no two rows of a matrix are alike; what is copied around is 256 KiB.
    private static final int PERIOD = 65_521;

    private RandomFill() {}

    @FunctionalInterface
    public interface Element {
        float at(long index);
    }

    /// Fills a tensor with the first elements, again and again.
    public static void fill(Tensor tensor, Element element) {
        if (tensor.dtype() == DType.Q8_0) {
            fillBlocks(tensor, element);
            return;
        }
        if (tensor.dtype() == DType.NF4) {
            fillCodes(tensor, element);
            return;
        }
        int period = (int) Math.min(PERIOD, tensor.elements());
        try (Arena arena = Arena.ofConfined()) {
            Tensor block = Tensor.allocate(arena, tensor.dtype(), Shape.of(period));
            for (int i = 0; i < period; i++) {
                block.setFloat(i, element.at(i));
            }
            repeat(block.data(), tensor.data());
        }
    }

    /// Likewise with the most whole blocks in a period: 2047, an odd number, where rows have mostly even ones.
    private static void fillBlocks(Tensor tensor, Element element) {
        int blocks = (int) Math.min(PERIOD, tensor.elements()) / Q8Block.ELEMENTS;
        float[] values = new float[Q8Block.ELEMENTS];
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment first = arena.allocate((long) blocks * Q8Block.BYTES);
            for (int block = 0; block < blocks; block++) {
                for (int i = 0; i < values.length; i++) {
                    values[i] = element.at((long) block * Q8Block.ELEMENTS + i);
                }
                Q8Block.encode(values, 0, first, (long) block * Q8Block.BYTES);
            }
            repeat(first, tensor.data());
        }
    }

    /// Codes likewise, of 1023 blocks; all scales are the mean of theirs.
    private static void fillCodes(Tensor tensor, Element element) {
        int blocks = (int) Math.min(PERIOD / Nf4.BLOCK, Nf4.blocks(tensor.elements()));
        byte[] codes = new byte[blocks * Nf4.BLOCK / 2];
        double sum = 0;
        for (int from = 0; from < blocks * Nf4.BLOCK; from += Nf4.BLOCK) {
            float scale = 0;
            for (int i = from; i < from + Nf4.BLOCK; i++) {
                scale = Math.max(scale, Math.abs(element.at(i)));
            }
            for (int i = from; i < from + Nf4.BLOCK; i++) {
                codes[i / 2] = (byte) (codes[i / 2] << 4 | Nf4.VALUES.nearest(element.at(i) / scale));
            }
            sum += scale;
        }
        long elements = tensor.elements();
        repeat(MemorySegment.ofArray(codes), tensor.data().asSlice(0, Nf4.scalesOffset(elements)));
        for (long at = Nf4.factorsOffset(elements); at < Nf4.meanOffset(elements); at += Float.BYTES) {
            tensor.data().set(Tensor.F32, at, 1);
        }
        tensor.data().set(Tensor.F32, Nf4.meanOffset(elements), (float) (sum / blocks));
    }

    private static void repeat(MemorySegment from, MemorySegment to) {
        for (long at = 0; at < to.byteSize(); at += from.byteSize()) {
            MemorySegment.copy(from, 0, to, at, Math.min(from.byteSize(), to.byteSize() - at));
        }
    }
}
