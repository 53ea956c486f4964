package llams.engine.cpu;

import static llams.engine.cpu.Tensors.assertClose;
import static llams.engine.cpu.Tensors.assertSameBits;

import llams.engine.reference.ReferenceAttention;
import llams.engine.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;

/// Attention and its gradients are those of the scalar loops, in documents, with a cache, for one token and for many.
@EnabledIf(value = "llams.engine.cpu.VectorWidths#isNew", disabledReason = VectorWidths.TESTED)
class AttentionParityTest extends KernelParity {
    /// `headDim, group, kvHeads, rows, tokens` and how far apart documents start (0: one).
    private static final int[][] ATTENTIONS = {{8, 1, 1, 1, 1, 0}, {64, 4, 2, 300, 1, 0}, {128, 3, 2, 65, 2, 0},
            {65, 1, 1, 70, 3, 0}, {16, 1, 2, 64, 64, 0}, {64, 3, 1, 65, 65, 0}, {64, 4, 2, 130, 9, 0},
            {64, 2, 2, 300, 200, 0}, {16, 4, 1, 250, 250, 37}, {64, 1, 2, 300, 300, 100}, {65, 3, 1, 90, 90, 13},
            {128, 4, 1, 150, 150, 0}, {8, 3, 2, 97, 63, 1}, {16, 8, 1, 400, 400, 0}};

    @Test
    void attention() {
        atEachAlignment(make -> {
            for (int[] shape : ATTENTIONS) {
                attention(make, shape[0], shape[1], shape[2], shape[3], shape[4], shape[5], 0);
                if (shape[5] > 0) {
                    // Sequences of one document each; the last one may be shorter.
                    attention(make, shape[0], shape[1], shape[2], shape[3], shape[4], shape[5], shape[5]);
                }
            }
        });
    }

    private void attention(Tensors make, int headDim, int group, int kvHeads, int rows, int tokens, int document,
            long rowLength) {
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
        ReferenceAttention.forward(q, k, v, first, last, headDim, out, lse);
        Tensor dOut = make.random(tokens, heads * headDim);
        Tensor dq = make.poisoned(tokens, heads * headDim);
        Tensor dk = make.poisoned(rows, kvHeads * headDim);
        Tensor dv = make.poisoned(rows, kvHeads * headDim);
        ReferenceAttention.gradient(q, k, v, first, last, headDim, out, lse, dOut, dq, dk, dv);
        Tensor[] alone = null;
        for (Parallel pool : pools) {
            Tensor[] fast = {make.poisoned(tokens, heads * headDim), make.poisoned(tokens, heads),
                    make.poisoned(tokens, heads * headDim), make.poisoned(rows, kvHeads * headDim),
                    make.poisoned(rows, kvHeads * headDim)};
            AttentionKernel.forward(q, k, v, first, last, headDim, fast[0], fast[1], rowLength, pool);
            AttentionGradientKernel.run(q, k, v, first, last, headDim, out, lse, dOut, fast[2], fast[3], fast[4],
                    rowLength, pool);
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
}
