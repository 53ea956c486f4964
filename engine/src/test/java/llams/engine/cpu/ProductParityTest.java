package llams.engine.cpu;

import static llams.engine.cpu.Tensors.assertClose;
import static llams.engine.cpu.Tensors.assertSameBits;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import llams.engine.tensor.DType;
import llams.engine.tensor.Q8Block;
import llams.engine.tensor.Tensor;
import org.junit.jupiter.api.Test;

/// Products of matrices are those of the scalar loops: tall, wide and thin ones, sums onto what stands there, every weight type.
class ProductParityTest extends KernelParity {
    private static final int[][] PRODUCTS = {{1, 1, 1}, {1, 64, 2050}, {1, 7, 63}, {3, 65, 130}, {8, 9, 1030}, {9, 8, 64},
        {7, 9, 8}, {65, 63, 64}, {64, 64, 64}, {12, 32, 256}, {13, 33, 257}, {65, 8, 9}, {130, 7, 65}, {2050, 3, 9},
        {9, 2050, 5}, {5, 3, 2050}, {49, 300, 523}, {100, 290, 8}, {200, 1, 40}, {64, 65, 1}};

    @Test
    void matrixProducts() {
        atEachAlignment(make -> {
            for (int[] mnk : PRODUCTS) {
                for (DType dtype : WEIGHTS) {
                    product(make, mnk[0], mnk[1], mnk[2], DType.F32, false, dtype, true);
                    product(make, mnk[0], mnk[1], mnk[2], DType.F32, false, dtype, false);
                    product(make, mnk[0], mnk[1], mnk[2], dtype, true, DType.F32, false);
                }
            }
        });
    }

    /// More rows, and more steps, than are packed at once; steps that end within a pair, a vector, a block.
    @Test
    void matrixProductsInSeveralPasses() {
        atEachAlignment(make -> {
            for (int[] mnk : new int[][] {{1037, 33, 70}, {14, 97, 4133}, {40, 70, 4096}, {97, 40, 1055}}) {
                for (DType dtype : WEIGHTS) {
                    product(make, mnk[0], mnk[1], mnk[2], DType.F32, false, dtype, true);
                }
                product(make, mnk[0], mnk[1], mnk[2], DType.F32, true, DType.F32, false);
            }
        });
    }

    /// The same sizes, with the rows of the quantized side made whole blocks. 1120 steps are packed in parts that cut blocks.
    @Test
    void quantizedMatrixProducts() {
        atEachAlignment(make -> {
            List<int[]> sizes = new ArrayList<>(List.of(PRODUCTS));
            sizes.addAll(List.of(new int[] {30, 40, 1120}, new int[] {700, 96, 64}, new int[] {40, 1500, 33}));
            for (int[] mnk : sizes) {
                product(make, mnk[0], mnk[1], blocks(mnk[2]), DType.F32, false, DType.Q8_0, true);
                product(make, mnk[0], mnk[1], blocks(mnk[2]), DType.Q8_0, false, DType.F32, true);
                product(make, mnk[0], blocks(mnk[1]), mnk[2], DType.F32, false, DType.Q8_0, false);
                product(make, blocks(mnk[0]), mnk[1], mnk[2], DType.Q8_0, true, DType.F32, false);
            }
        });
    }

    private static int blocks(int elements) {
        return Math.ceilDiv(elements, Q8Block.ELEMENTS) * Q8Block.ELEMENTS;
    }

    private static void product(Tensors make, int m, int n, int k, DType left, boolean transposeA, DType right,
            boolean transposeB) {
        Tensor a = transposeA ? make.random(left, k, m) : make.random(left, m, k);
        Tensor b = transposeB ? make.random(right, n, k) : make.random(right, k, n);
        String what = "product " + m + "x" + n + "x" + k + " " + left + (transposeA ? "T " : " ") + right
                + (transposeB ? "T" : "");
        Tensor expected = make.poisoned(m, n);
        ScalarKernels.multiply(a, transposeA, b, transposeB, expected, false);
        Tensor start = make.random(m, n);
        Tensor expectedSum = make.copy(start);
        ScalarKernels.multiply(a, transposeA, b, transposeB, expectedSum, true);
        Tensor alone = null;
        for (Parallel pool : pools) {
            Tensor actual = make.poisoned(m, n);
            Gemm.multiply(a, transposeA, b, transposeB, actual, false, pool);
            assertClose(what, expected, actual, 2e-6);
            alone = alone == null ? actual : alone;
            assertSameBits(what + " by " + pool.threads() + " threads", alone, actual);
            Tensor sum = make.copy(start);
            Gemm.multiply(a, transposeA, b, transposeB, sum, true, pool);
            assertClose(what + ", accumulated", expectedSum, sum, 2e-6);
        }
    }

    @Test
    void noStepsAddNothing() {
        everywhere((make, pool) -> {
            Tensor c = make.poisoned(3, 5);
            Gemm.multiply(make.random(3, 0), false, make.random(5, 0), true, c, false, pool);
            assertSameBits("k = 0", make.copy(Tensor.of(Arena.ofAuto(), c.shape(), new float[15])), c);
            Tensor start = make.random(3, 5);
            Tensor sum = make.copy(start);
            Gemm.multiply(make.random(3, 0), false, make.random(5, 0), true, sum, true, pool);
            assertSameBits("k = 0, accumulated", start, sum);
        });
    }
}
