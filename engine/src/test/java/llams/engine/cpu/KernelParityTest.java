package llams.engine.cpu;

import static llams.engine.cpu.Tensors.assertClose;
import static llams.engine.cpu.Tensors.assertSameBits;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import llams.engine.tensor.DType;
import llams.engine.tensor.Q8Block;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

/// Every vector kernel gives what the scalar loops give, at sizes around every vector width, for every weight dtype, at
/// any alignment, and the same bits for every number of threads. The build runs it at 128, 256 and 512 bits.
class KernelParityTest {
    private static final int[] SIZES = {1, 7, 8, 9, 63, 64, 65, 2050};
    /// For kernels that divide elements, not rows: the last one makes several tasks.
    private static final int[] LENGTHS = {1, 7, 8, 9, 63, 64, 65, 2050, 40_000};
    private static final List<DType> WEIGHTS = List.of(DType.F32, DType.BF16, DType.F16);
    private static final List<DType> ALSO_QUANTIZED = List.of(DType.F32, DType.BF16, DType.F16, DType.Q8_0);
    private static final Parallel[] POOLS = {new Parallel(1), new Parallel(2), new Parallel(5)};

    @AfterAll
    static void close() {
        for (Parallel pool : POOLS) {
            pool.close();
        }
    }

    /// The types that a weight with rows of this length can have.
    private static List<DType> weights(int rowLength) {
        return rowLength % Q8Block.ELEMENTS == 0 ? ALSO_QUANTIZED : WEIGHTS;
    }

    @FunctionalInterface
    private interface Body {
        void run(Tensors make, Parallel pool);
    }

    /// Runs the body for each alignment and pool.
    private static void everywhere(Body body) {
        for (int misalignment : new int[] {0, 2}) {
            for (Parallel pool : POOLS) {
                try (Arena arena = Arena.ofShared()) {
                    body.run(new Tensors(arena, 42, misalignment), pool);
                }
            }
        }
    }

    /// Runs the body for each alignment; it goes through the pools itself, as its scalar side takes long.
    private static void atEachAlignment(Consumer<Tensors> body) {
        for (int misalignment : new int[] {0, 2}) {
            try (Arena arena = Arena.ofShared()) {
                body.accept(new Tensors(arena, 43, misalignment));
            }
        }
    }

    @Test
    void theWidthIsTheOneAskedFor() {
        String asked = System.getProperty("llams.vectorBits");
        assertEquals(asked == null ? Simd.BITS : Integer.parseInt(asked), Simd.F.vectorBitSize());
    }

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
        for (Parallel pool : POOLS) {
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

    /// `headDim, group, kvHeads, rows, tokens` and how far apart documents start (0: one).
    private static final int[][] ATTENTIONS = {{8, 1, 1, 1, 1, 0}, {64, 4, 2, 300, 1, 0}, {128, 3, 2, 65, 2, 0},
        {65, 1, 1, 70, 3, 0}, {16, 1, 2, 64, 64, 0}, {64, 3, 1, 65, 65, 0}, {64, 4, 2, 130, 9, 0}, {64, 2, 2, 300, 200, 0},
        {16, 4, 1, 250, 250, 37}, {64, 1, 2, 300, 300, 100}, {65, 3, 1, 90, 90, 13}, {128, 4, 1, 150, 150, 0},
        {8, 3, 2, 97, 63, 1}};

    @Test
    void attention() {
        atEachAlignment(make -> {
            for (int[] shape : ATTENTIONS) {
                attention(make, shape[0], shape[1], shape[2], shape[3], shape[4], shape[5]);
            }
        });
    }

    private static void attention(Tensors make, int headDim, int group, int kvHeads, int rows, int tokens,
            int document) {
        int heads = group * kvHeads;
        int[] firstRow = new int[tokens];
        int[] lastRow = new int[tokens];
        int offset = document == 0 ? rows - tokens : 0;
        for (int t = 0; t < tokens; t++) {
            firstRow[t] = document == 0 ? 0 : t - t % document;
            lastRow[t] = t + offset;
        }
        if (tokens > 40 && document > 0) {
            lastRow[5] = -1;
        }
        Tensor first = make.ints(firstRow);
        Tensor last = make.ints(lastRow);
        Tensor q = make.random(tokens, heads * headDim);
        Tensor k = make.random(rows, kvHeads * headDim);
        Tensor v = make.random(rows, kvHeads * headDim);
        String what = "attention " + headDim + " " + group + " " + kvHeads + " " + rows + " " + tokens + " " + document;
        Tensor out = make.poisoned(tokens, heads * headDim);
        Tensor lse = make.poisoned(tokens, heads);
        ScalarKernels.attention(q, k, v, first, last, headDim, out, lse);
        Tensor dOut = make.random(tokens, heads * headDim);
        Tensor dq = make.poisoned(tokens, heads * headDim);
        Tensor dk = make.poisoned(rows, kvHeads * headDim);
        Tensor dv = make.poisoned(rows, kvHeads * headDim);
        ScalarKernels.attentionGradient(q, k, v, first, last, headDim, out, lse, dOut, dq, dk, dv);
        Tensor[] alone = null;
        for (Parallel pool : POOLS) {
            Tensor[] fast = {make.poisoned(tokens, heads * headDim), make.poisoned(tokens, heads),
                make.poisoned(tokens, heads * headDim), make.poisoned(rows, kvHeads * headDim),
                make.poisoned(rows, kvHeads * headDim)};
            AttentionKernel.forward(q, k, v, first, last, headDim, fast[0], fast[1], pool);
            AttentionGradientKernel.run(q, k, v, first, last, headDim, out, lse, dOut, fast[2], fast[3], fast[4],
                    pool);
            assertClose(what + " out", out, fast[0], 2e-6);
            assertClose(what + " logSumExp", lse, fast[1], 2e-6);
            assertClose(what + " dq", dq, fast[2], 3e-6);
            assertClose(what + " dk", dk, fast[3], 3e-6);
            assertClose(what + " dv", dv, fast[4], 3e-6);
            alone = alone == null ? fast : alone;
            for (int i = 0; i < fast.length; i++) {
                assertSameBits(what + " result " + i + " by " + pool.threads() + " threads", alone[i], fast[i]);
            }
        }
    }

    @Test
    void rmsNorm() {
        everywhere((make, pool) -> {
            for (int dim : SIZES) {
                for (int tokens : new int[] {1, 9, 65}) {
                    for (DType dtype : weights(dim)) {
                        Tensor x = make.random(tokens, dim);
                        Tensor weight = make.random(dtype, dim);
                        Tensor dy = make.random(tokens, dim);
                        Tensor expected = make.poisoned(tokens, dim);
                        Tensor actual = make.poisoned(tokens, dim);
                        ScalarKernels.rmsNorm(x, weight, 1e-5f, expected);
                        NormKernel.rmsNorm(x, weight, 1e-5f, actual, pool);
                        assertClose("rmsNorm", expected, actual, 1e-6);
                        ScalarKernels.rmsNormGradient(x, weight, 1e-5f, dy, expected);
                        NormKernel.rmsNormGradient(x, weight, 1e-5f, dy, actual, pool);
                        assertClose("rmsNormGradient", expected, actual, 2e-6);
                        Tensor dWeight = make.poisoned(dim);
                        Tensor dWeightFast = make.poisoned(dim);
                        ScalarKernels.rmsNormWeightGradient(x, 1e-5f, dy, dWeight);
                        NormKernel.rmsNormWeightGradient(x, 1e-5f, dy, dWeightFast, pool);
                        assertClose("rmsNormWeightGradient", dWeight, dWeightFast, 2e-6);
                    }
                }
            }
        });
    }

    @Test
    void rope() {
        everywhere((make, pool) -> {
            for (int headDim : new int[] {2, 8, 16, 34, 64, 66, 128}) {
                for (int tokens : new int[] {1, 9, 64, 300}) {
                    int[] positions = new int[tokens];
                    for (int t = 0; t < tokens; t++) {
                        positions[t] = make.nextInt(50);
                    }
                    Tensor position = make.ints(positions);
                    Tensor table = make.random(50, headDim);
                    Tensor x = make.random(tokens, 3 * headDim);
                    for (boolean inverse : new boolean[] {false, true}) {
                        Tensor expected = make.poisoned(tokens, 3 * headDim);
                        Tensor actual = make.copy(x);
                        ScalarKernels.rope(x, table, position, headDim, inverse, expected);
                        RopeKernel.apply(actual, table, position, headDim, inverse, actual, pool);
                        assertClose("rope in place", expected, actual, 1e-6);
                    }
                }
            }
        });
    }

    @Test
    void pointwise() {
        everywhere((make, pool) -> {
            for (int size : LENGTHS) {
                Tensor a = make.random(size);
                Tensor b = make.random(size);
                Tensor dy = make.random(size);
                for (int i = 0; i < size; i++) {
                    a.setFloat(i, a.getFloat(i) * 20);
                }
                Tensor expected = make.poisoned(size);
                Tensor actual = make.poisoned(size);
                ScalarKernels.swiGlu(a, b, expected);
                SwiGluKernel.forward(a, b, actual, pool);
                assertClose("swiGlu", expected, actual, 1e-6);

                Tensor dUp = make.poisoned(size);
                Tensor dUpFast = make.poisoned(size);
                ScalarKernels.swiGluGradient(a, b, dy, expected, dUp);
                SwiGluKernel.gradient(a, b, dy, actual, dUpFast, pool);
                assertClose("swiGlu dGate", expected, actual, 1e-6);
                assertClose("swiGlu dUp", dUp, dUpFast, 1e-6);

                ScalarKernels.add(a, b, -0.3f, expected);
                ElementwiseKernel.add(a, b, -0.3f, actual, pool);
                assertSameBits("add", expected, actual);
                Tensor inPlace = make.copy(b);
                ElementwiseKernel.add(a, inPlace, -0.3f, inPlace, pool);
                assertSameBits("add onto b", expected, inPlace);

                ScalarKernels.accumulate(expected, dy);
                ElementwiseKernel.accumulate(actual, dy, pool);
                assertSameBits("accumulate", expected, actual);

                Tensor seed = make.ints(make.nextInt(1 << 30), -make.nextInt(1 << 30));
                for (float rate : new float[] {0, 0.1f, 0.5f}) {
                    ScalarKernels.dropout(a, seed, 3, rate, expected);
                    ElementwiseKernel.dropout(a, seed, 3, rate, actual, pool);
                    assertSameBits("dropout " + rate, expected, actual);
                }
            }
        });
    }

    @Test
    void scale() {
        everywhere((make, pool) -> {
            for (int size : LENGTHS) {
                Tensor x = make.random(size);
                for (float factor : new float[] {0, 1, -0.3f}) {
                    Tensor expected = make.poisoned(size);
                    Tensor actual = make.poisoned(size);
                    ScalarKernels.scale(x, factor, expected);
                    ElementwiseKernel.scale(x, factor, actual, pool);
                    assertSameBits("scale by " + factor, expected, actual);
                    Tensor inPlace = make.copy(x);
                    ElementwiseKernel.scale(inPlace, factor, inPlace, pool);
                    assertSameBits("scale in place by " + factor, expected, inPlace);
                }
            }
        });
    }

    @Test
    void clearAndCopy() {
        everywhere((make, pool) -> {
            for (int size : LENGTHS) {
                for (DType dtype : weights(size)) {
                    Tensor x = make.random(dtype, size);
                    Tensor y = make.random(dtype, size);
                    ElementwiseKernel.copy(x, y, pool);
                    assertSameBits("copy " + dtype, x, y);
                    ElementwiseKernel.clear(y, pool);
                    assertSameBits("clear " + dtype, Tensor.allocate(Arena.ofAuto(), dtype, Shape.of(size)), y);
                }
            }
        });
    }

    @Test
    void embeddingAndCache() {
        everywhere((make, pool) -> {
            for (int dim : SIZES) {
                int rows = 40;
                int tokens = 23;
                int[] values = new int[tokens];
                for (int t = 0; t < tokens; t++) {
                    values[t] = make.nextInt(rows);
                }
                Tensor ids = make.ints(values);
                Tensor dy = make.random(tokens, dim);
                Tensor expected = make.poisoned(tokens, dim);
                Tensor actual = make.poisoned(tokens, dim);
                for (DType dtype : weights(dim)) {
                    Tensor table = make.random(dtype, rows, dim);
                    ScalarKernels.embedding(table, ids, expected);
                    EmbeddingKernel.forward(table, ids, actual, pool);
                    assertSameBits("embedding " + dtype, expected, actual);
                }
                Tensor dTable = make.poisoned(rows, dim);
                Tensor dTableFast = make.poisoned(rows, dim);
                for (boolean accumulate : new boolean[] {false, true}) {
                    ScalarKernels.embeddingGradient(ids, dy, dTable, accumulate);
                    EmbeddingKernel.gradient(ids, dy, dTableFast, accumulate, pool);
                    assertSameBits("embeddingGradient", dTable, dTableFast);
                }
                ScalarKernels.cacheAppend(dTable, dy, ids);
                ElementwiseKernel.cacheAppend(dTableFast, dy, ids);
                assertSameBits("cacheAppend", dTable, dTableFast);
            }
        });
    }

    @Test
    void crossEntropy() {
        everywhere((make, pool) -> {
            for (int[] shape : new int[][] {{1, 7, 5}, {9, 64, 65}, {63, 33, 2050}, {700, 8, 63}, {5, 16, 4100}, {70, 96, 300}}) {
                for (DType dtype : weights(shape[1])) {
                    crossEntropy(make, pool, shape[0], shape[1], shape[2], dtype, false);
                }
                crossEntropy(make, pool, shape[0], shape[1], shape[2], DType.F32, true);
            }
        });
    }

    private static void crossEntropy(Tensors make, Parallel pool, int tokens, int dim, int vocab, DType dtype,
            boolean allIgnored) {
        int[] values = new int[tokens];
        for (int t = 0; t < tokens; t++) {
            values[t] = allIgnored || t % 3 == 1 ? -100 : make.nextInt(vocab);
        }
        Tensor labels = make.ints(values);
        Tensor x = make.random(tokens, dim);
        Tensor weight = make.random(dtype, vocab, dim);
        Tensor scale = make.random(1);
        String what = "crossEntropy " + tokens + " " + dim + " " + vocab + " " + dtype;
        Tensor loss = make.poisoned(1);
        Tensor lossFast = make.poisoned(1);
        Tensor tokenLoss = make.poisoned(tokens);
        Tensor tokenLossFast = make.poisoned(tokens);
        Tensor dx = make.poisoned(tokens, dim);
        Tensor dxFast = make.poisoned(tokens, dim);
        Tensor dWeight = make.poisoned(vocab, dim);
        Tensor dWeightFast = make.poisoned(vocab, dim);
        ScalarKernels.crossEntropy(x, weight, labels, scale, loss, tokenLoss, dx, dWeight, false);
        // Blocks that do not divide the tokens: 256 of them with all words.
        Tensor[] whole = {make.poisoned(256, dim), make.poisoned(256, vocab), make.poisoned(256, dim)};
        CrossEntropyKernel.run(x, weight, labels, scale, lossFast, tokenLossFast, dxFast, dWeightFast, false, whole, pool);
        assertClose(what + " loss", loss, lossFast, 1e-6);
        assertClose(what + " tokenLoss", tokenLoss, tokenLossFast, 2e-6);
        assertClose(what + " dx", dx, dxFast, 2e-6);
        assertClose(what + " dWeight", dWeight, dWeightFast, 2e-6);
        Tensor lossAlone = make.poisoned(1);
        Tensor dxOnly = make.poisoned(tokens, dim);
        Tensor dWeightOnly = make.poisoned(vocab, dim);
        CrossEntropyKernel.run(x, weight, labels, scale, lossAlone, null, null, null, false, whole, pool);
        assertSameBits(what + " loss alone", lossFast, lossAlone);
        CrossEntropyKernel.run(x, weight, labels, scale, lossAlone, null, dxOnly, null, false, whole, pool);
        CrossEntropyKernel.run(x, weight, labels, scale, lossAlone, null, null, dWeightOnly, false, whole, pool);
        assertSameBits(what + " dx alone", dxFast, dxOnly);
        assertSameBits(what + " dWeight alone", dWeightFast, dWeightOnly);
        ScalarKernels.crossEntropy(x, weight, labels, scale, loss, tokenLoss, dx, dWeight, true);
        CrossEntropyKernel.run(x, weight, labels, scale, lossAlone, null, null, dWeightOnly, true, whole, pool);
        assertClose(what + " dWeight twice", dWeight, dWeightOnly, 2e-6);
        for (int words : new int[] {1, 17, 64, 1024}) {
            if (words < vocab && (words > 1 || vocab <= 65)) {
                Tensor[] slices = {make.poisoned(300, dim), make.poisoned(300, words), make.poisoned(300, dim)};
                CrossEntropyKernel.run(x, weight, labels, scale, lossFast, tokenLossFast, dxOnly, null, false, slices, pool);
                assertClose(what + " loss in slices of " + words, loss, lossFast, 1e-6);
                assertClose(what + " tokenLoss in slices of " + words, tokenLoss, tokenLossFast, 2e-6);
                assertClose(what + " dx in slices of " + words, dx, dxOnly, 2e-6);
                CrossEntropyKernel.run(x, weight, labels, scale, lossAlone, null, null, null, false, slices, pool);
                assertSameBits(what + " loss alone in slices of " + words, lossFast, lossAlone);
            }
        }
    }

    @Test
    void adamW() {
        everywhere((make, pool) -> {
            for (int size : LENGTHS) {
                Tensor grad = make.random(size);
                Tensor norm = make.poisoned(1);
                Tensor normFast = make.poisoned(1);
                ScalarKernels.squaredNorm(grad, norm);
                AdamWKernel.squaredNorm(grad, normFast, pool);
                assertClose("squaredNorm", norm, normFast, 1e-7);
                for (float clip : new float[] {0, 0.5f, 1e6f}) {
                    Tensor[] state = {make.random(size), make.random(size), make.random(size)};
                    for (int i = 0; i < size; i++) {
                        state[2].setFloat(i, Math.abs(state[2].getFloat(i)));
                    }
                    Tensor[] fast = {make.copy(state[0]), make.copy(state[1]), make.copy(state[2])};
                    Tensor schedule = make.copy(Tensor.of(Arena.ofAuto(), Shape.of(3), 1e-2f, 0.19f, 0.001999f));
                    ScalarKernels.adamW(state[0], state[1], state[2], grad, norm, schedule, 0.9, 0.999, 1e-8, 0.1, clip);
                    AdamWKernel.step(fast[0], fast[1], fast[2], grad, norm, schedule, 0.9, 0.999, 1e-8, 0.1, clip, pool);
                    assertClose("adamW param", state[0], fast[0], 3e-7);
                    assertClose("adamW m", state[1], fast[1], 2e-7);
                    assertClose("adamW v", state[2], fast[2], 2e-7);
                }
            }
        });
    }
}
