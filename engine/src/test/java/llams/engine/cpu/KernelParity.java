package llams.engine.cpu;

import java.lang.foreign.Arena;
import java.util.List;
import java.util.function.Consumer;
import llams.engine.tensor.DType;
import llams.engine.tensor.Q8Block;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;

/// What tests of vector kernels against scalar loops share. The build runs them, `*ParityTest`, at 128, 256 and 512
/// bits.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class KernelParity {
    static final int[] SIZES = {1, 7, 8, 9, 63, 64, 65, 2050};
    /// For kernels that divide elements, not rows: the last one makes several tasks.
    static final int[] LENGTHS = {1, 7, 8, 9, 63, 64, 65, 2050, 40_000};
    static final List<DType> WEIGHTS = List.of(DType.F32, DType.BF16, DType.F16);
    static final List<DType> ALSO_QUANTIZED = List.of(DType.F32, DType.BF16, DType.F16, DType.Q8_0);
    /// Blocks of four to six bits an element.
    static final List<DType> SMALL_BLOCKS = List.of(DType.Q4_0, DType.Q4_K, DType.Q5_K, DType.Q6_K);
    Parallel[] pools;

    @BeforeAll
    void open() {
        pools = new Parallel[] {new Parallel(1), new Parallel(2), new Parallel(5)};
    }

    @AfterAll
    void close() {
        for (Parallel pool : pools) {
            pool.close();
        }
    }

    /// The types that a weight with rows of this length can have.
    static List<DType> weights(int rowLength) {
        return rowLength % Q8Block.ELEMENTS == 0 ? ALSO_QUANTIZED : WEIGHTS;
    }

    @FunctionalInterface
    interface Body {
        void run(Tensors make, Parallel pool);
    }

    /// Runs the body for each alignment and pool.
    void everywhere(Body body) {
        for (int misalignment : new int[] {0, 2}) {
            for (Parallel pool : pools) {
                try (Arena arena = Arena.ofShared()) {
                    body.run(new Tensors(arena, 42, misalignment), pool);
                }
            }
        }
    }

    /// Runs the body for each alignment; it goes through the pools itself, as its scalar side takes long.
    void atEachAlignment(Consumer<Tensors> body) {
        for (int misalignment : new int[] {0, 2}) {
            try (Arena arena = Arena.ofShared()) {
                body.accept(new Tensors(arena, 42, misalignment));
            }
        }
    }
}
