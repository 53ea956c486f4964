package llams.engine.cpu;

import static llams.engine.cpu.Tensors.assertClose;
import static llams.engine.cpu.Tensors.assertSameBits;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import llams.engine.device.HostSession;
import llams.engine.graph.MatMul;
import llams.engine.reference.ReferenceKernels;
import llams.engine.tensor.DType;
import llams.engine.tensor.Q8Block;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;

/// GemmPlan of matrices are those of the scalar loops: tall, wide and thin ones, sums onto what stands there, every
/// weight type.
@EnabledIf(value = "llams.engine.cpu.VectorWidths#isNew", disabledReason = VectorWidths.TESTED)
class ProductParityTest extends KernelParity {
    private static final int[][] PRODUCTS = {{1, 1, 1}, {1, 64, 2050}, {1, 7, 63}, {3, 65, 130}, {8, 9, 1030},
            {9, 8, 64}, {7, 9, 8}, {65, 63, 64}, {64, 64, 64}, {12, 32, 256}, {13, 33, 257}, {65, 8, 9}, {130, 7, 65},
            {2050, 3, 9}, {9, 2050, 5}, {5, 3, 2050}, {49, 300, 523}, {100, 290, 8}, {200, 1, 40}, {64, 65, 1}};

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

    /// The same sizes, with the rows of the quantized side made whole blocks. 1120 steps are packed in parts that cut
    /// blocks.
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

    /// Rows that are whole blocks, whole bytes and neither; blocks and scales' groups that end in the middle of a row.
    @Test
    void nf4MatrixProducts() {
        atEachAlignment(make -> {
            List<int[]> sizes = new ArrayList<>(List.of(PRODUCTS));
            sizes.addAll(List.of(new int[] {1, 70, 64}, new int[] {1, 5, 2112}, new int[] {3, 33, 192},
                    new int[] {30, 40, 1120}, new int[] {40, 1500, 33}));
            for (int[] mnk : sizes) {
                product(make, mnk[0], mnk[1], mnk[2], DType.F32, false, DType.NF4, true);
                product(make, mnk[0], mnk[1], mnk[2], DType.F32, false, DType.NF4, false);
            }
        });
    }

    /// Blocks of 32 and 256; rows of an odd number of blocks.
    @Test
    void smallBlocksMatrixProducts() {
        int[][] sizes = {{1, 1, 1}, {1, 7, 63}, {1, 64, 2050}, {1, 301, 300}, {3, 65, 130}, {9, 8, 64}, {49, 40, 523},
                {12, 700, 33}};
        atEachAlignment(make -> {
            for (int[] mnk : sizes) {
                for (DType dtype : SMALL_BLOCKS) {
                    product(make, mnk[0], mnk[1], blocks(dtype, mnk[2]), DType.F32, false, dtype, true);
                    product(make, mnk[0], blocks(dtype, mnk[1]), mnk[2], DType.F32, false, dtype, false);
                }
            }
        });
    }

    private static int blocks(DType dtype, int elements) {
        return Math.ceilDiv(elements, dtype.blockElements) * dtype.blockElements;
    }

    private static int blocks(int elements) {
        return Math.ceilDiv(elements, Q8Block.ELEMENTS) * Q8Block.ELEMENTS;
    }

    private void product(Tensors make, int m, int n, int k, DType left, boolean transposeA, DType right,
            boolean transposeB) {
        Tensor a = transposeA ? make.random(left, k, m) : make.random(left, m, k);
        Tensor b = transposeB ? make.random(right, n, k) : make.random(right, k, n);
        String what = "product " + m + "x" + n + "x" + k + " " + left + (transposeA ? "T " : " ") + right
                + (transposeB ? "T" : "");
        Tensor expected = make.poisoned(m, n);
        ReferenceKernels.multiply(a, transposeA, b, transposeB, expected, false);
        Tensor start = make.random(m, n);
        Tensor expectedSum = make.poisoned(m, n);
        ReferenceKernels.add(start, expected, 1, expectedSum);
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

    /// `y1 = x w1ᵀ + z1 v1ᵀ`, `y2 += x w2ᵀ + z2 v2`, `y3 = x w3ᵀ`: one left side for three, terms of few steps, few
    /// columns.
    @Test
    void productsThatRunAsOneAreThoseOneByOne() {
        atEachAlignment(make -> {
            for (int[] mk : new int[][] {{9, 64}, {130, 513}, {1030, 70}, {20, 4500}}) {
                int m = mk[0];
                int k = mk[1];
                Tensor x = make.random(m, k);
                Tensor[] z = {make.random(m, 8), make.random(m, 23)};
                Tensor[] w = {make.random(DType.BF16, 97, k), make.random(40, k), make.random(8, k)};
                Tensor[] v = {make.random(97, 8), make.random(23, 40)};
                Tensor start = make.random(m, 40);
                Tensor[] expected = {make.poisoned(m, 97), make.copy(start), make.poisoned(m, 8)};
                ReferenceKernels.multiply(x, false, w[0], true, expected[0], false);
                ReferenceKernels.multiply(z[0], false, v[0], true, expected[0], true);
                ReferenceKernels.multiply(x, false, w[1], true, expected[1], true);
                ReferenceKernels.multiply(z[1], false, v[1], false, expected[1], true);
                ReferenceKernels.multiply(x, false, w[2], true, expected[2], false);
                Tensor[] alone = null;
                for (Parallel pool : pools) {
                    Tensor[] y = {make.poisoned(m, 97), make.copy(start), make.poisoned(m, 8)};
                    Gemm.together(List.of(step(true, y[0], x, w[0]), step(true, y[0], z[0], v[0], y[0]),
                            step(true, y[1], x, w[1], y[1]), step(false, y[1], z[1], v[1], y[1]),
                            step(true, y[2], x, w[2])), pool).run();
                    alone = alone == null ? y : alone;
                    for (int i = 0; i < y.length; i++) {
                        String what = "sum " + i + " of " + m + "x" + k;
                        assertClose(what, expected[i], y[i], 2e-6);
                        assertSameBits(what + " by " + pool.threads() + " threads", alone[i], y[i]);
                    }
                }
            }
        });
    }

    /// `y1 = x w1ᵀ`, `y2 += x w2ᵀ + z v2ᵀ + z v3ᵀ`, `y3 = x w3ᵀ` for few rows of `x`, weights of several types; and none
    /// of it where a left side that is not `x` begins a sum.
    @Test
    void productsOfFewRowsThatRunAsOneAreThoseOneByOne() {
        everywhere((make, pool) -> {
            for (int[] mk : new int[][] {{1, 64}, {1, 2080}, {3, 96}, {8, 544}}) {
                int m = mk[0];
                int k = mk[1];
                Tensor x = make.random(m, k);
                Tensor[] w = {make.random(DType.BF16, 301, k), make.random(DType.Q8_0, 97, k), make.random(5, k)};
                Tensor z = make.random(m, 8);
                Tensor[] v = {make.random(97, 8), make.random(DType.BF16, 97, 8)};
                Tensor start = make.random(m, 97);
                Tensor[] expected = {make.poisoned(m, 301), make.copy(start), make.poisoned(m, 5)};
                Tensor[] y = {make.poisoned(m, 301), make.copy(start), make.poisoned(m, 5)};
                for (int i = 0; i < y.length; i++) {
                    Gemm.multiply(x, false, w[i], true, expected[i], i == 1, pool);
                }
                Gemm.multiply(z, false, v[0], true, expected[1], true, pool);
                Gemm.multiply(z, false, v[1], true, expected[1], true, pool);
                Gemm.together(List.of(step(true, y[0], x, w[0]), step(true, y[1], x, w[1], y[1]),
                        step(true, y[1], z, v[0], y[1]), step(true, y[1], z, v[1], y[1]), step(true, y[2], x, w[2])),
                        pool).run();
                for (int i = 0; i < y.length; i++) {
                    assertSameBits("sum " + i + " of " + m + "x" + k, expected[i], y[i]);
                }
                assertNull(Gemm.together(List.of(step(true, y[0], x, w[0]), step(true, y[1], z, v[0], y[1])), pool),
                        "another left side");
            }
        });
    }

    /// What a row gives does not depend on how many others there are, among few and among many.
    @Test
    void aRowIsTheSameBesideOthers() {
        everywhere((make, pool) -> {
            for (DType dtype : DType.values()) {
                if (!WEIGHTS.contains(dtype) && dtype != DType.Q8_0 && dtype != DType.NF4) {
                    continue;
                }
                for (int k : new int[] {64, 96, 2208}) {
                    Tensor x = make.random(40, k);
                    Tensor w = make.random(dtype, 37, k);
                    sameBeside(dtype + ", few", make, x, w, new int[] {1, 2, 3, 4, 5, 8}, pool);
                    sameBeside(dtype + ", many", make, x, w, new int[] {9, 16, 17, 40}, pool);
                }
            }
        });
    }

    private static void sameBeside(String what, Tensors make, Tensor x, Tensor w, int[] counts, Parallel pool) {
        int k = x.dim(1);
        int n = w.dim(0);
        Tensor fewest = null;
        for (int count : counts) {
            Tensor y = make.poisoned(count, n);
            Gemm.multiply(new Tensor(DType.F32, Shape.of(count, k), x.data().asSlice(0, count * k * 4L)), false, w,
                    true, y, false, pool);
            fewest = fewest == null ? y : fewest;
            assertSameBits(what + ", k " + k + ", " + count + " rows", fewest,
                    new Tensor(DType.F32, fewest.shape(), y.data().asSlice(0, fewest.data().byteSize())));
        }
    }

    private static HostSession.Step step(boolean transposeB, Tensor y, Tensor... inputs) {
        return new HostSession.Step(new MatMul(false, transposeB), inputs, new Tensor[] {y}, new Tensor[0]);
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
