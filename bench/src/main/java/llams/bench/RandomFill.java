package llams.bench;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;

/// Numbers for measuring: fast to make, spread as real ones are.
final class RandomFill {
    /// Different elements. A prime, so that no two rows of a matrix are alike; what is copied around is 256 KiB.
    private static final int PERIOD = 65_521;

    private RandomFill() {
    }

    @FunctionalInterface
    interface Element {
        float at(long index);
    }

    /// Fills a tensor with the first elements, again and again.
    static void fill(Tensor tensor, Element element) {
        int period = (int) Math.min(PERIOD, tensor.elements());
        try (Arena arena = Arena.ofConfined()) {
            Tensor block = Tensor.allocate(arena, tensor.dtype(), Shape.of(period));
            for (int i = 0; i < period; i++) {
                block.setFloat(i, element.at(i));
            }
            MemorySegment from = block.data();
            for (long at = 0; at < tensor.data().byteSize(); at += from.byteSize()) {
                long bytes = Math.min(from.byteSize(), tensor.data().byteSize() - at);
                MemorySegment.copy(from, 0, tensor.data(), at, bytes);
            }
        }
    }
}
