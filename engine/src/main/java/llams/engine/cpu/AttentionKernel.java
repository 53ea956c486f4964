package llams.engine.cpu;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import llams.engine.cpu.AttentionBlocks.Geometry;
import llams.engine.cpu.AttentionBlocks.Window;
import llams.engine.tensor.Tensor;

/// Scaled dot-product attention with online softmax (Milakov and Gimelshein 2018; Dao et al. 2022), in blocks that stay
/// in the cache: no array of `[heads, tokens, tokens]` ever exists. [AttentionBlocks] says how a block lies in memory,
/// [AttentionGradientKernel] has the gradient.
final class AttentionKernel {
    private static final int MR = GemmTile.MR;
    private static final int NR = GemmTile.NR;
    private static final int STRIDE = GemmTile.STRIDE;
    private static final int COLUMNS = AttentionBlocks.COLUMNS;
    private static final int KEYS = AttentionBlocks.KEYS;

    /// Fewer queries of one key head than these are computed token by token.
    static final int FEW_COLUMNS = 16;

    private static final int Q = 0;
    private static final int K = 1;
    private static final int V = 2;
    private static final int SCORES = 3;
    private static final int OUT = 4;
    private static final int MAX = 5;
    private static final int SUM = 6;
    private static final int STAGE = 7;
    private static final int Q_ROWS = 8;
    private static final int V_T = 9;

    private AttentionKernel() {}

    /// Query `t` sees the keys `first[t] .. last[t]`, both inclusive; none if `first[t] > last[t]`: its output is 0.
    ///
    /// @param q         F32 `[tokens, heads * headDim]`
    /// @param k         F32 `[rows, kvHeads * headDim]`; query head `h` reads key head `h / (heads / kvHeads)`
    /// @param v         like `k`
    /// @param first     I32 `[tokens]`: the start of the document, or 0
    /// @param last      I32 `[tokens]`: the token's own row
    /// @param out       like `q`
    /// @param logSumExp F32 `[tokens, heads]`: natural logarithm of the sum of e^score, kept for
    ///                  [AttentionGradientKernel]
    /// @param rowLength tokens of one sequence, each of which is divided into blocks by itself; 0 if unknown; 1: token by
    ///                  token
    static void forward(Tensor q, Tensor k, Tensor v, Tensor first, Tensor last, int headDim, Tensor out,
            Tensor logSumExp, long rowLength, Parallel p) {
        Geometry g = Geometry.of("attention", q, k, v, first, last, headDim);
        int columns = g.tokens() * g.group();
        if (columns < FEW_COLUMNS || rowLength == 1) {
            for (int t = 0; t < g.tokens(); t++) {
                AttentionDecodeKernel.forward(q.data(), k.data(), v.data(), out.data(), logSumExp, g, t, p);
            }
            return;
        }
        int ofRow = rowLength == 0 ? columns : Math.toIntExact(rowLength * g.group());
        int blocksOfRow = Math.ceilDiv(ofRow, COLUMNS);
        int blocks = Math.ceilDiv(columns, ofRow) * blocksOfRow;
        // The last blocks of a causal sequence see most keys: they go first.
        p.run(blocks * g.kvHeads(), (task, buffers) -> {
            int block = blocks - 1 - task / g.kvHeads();
            int from = block / blocksOfRow * ofRow + block % blocksOfRow * COLUMNS;
            int end = Math.min(columns, (block / blocksOfRow + 1) * ofRow);
            // A last sequence that is shorter has fewer blocks.
            if (from < end) {
                block(g, q.data(), k, v, out.data(), logSumExp, task % g.kvHeads(), from, Math.min(COLUMNS, end - from),
                        buffers);
            }
        });
    }

    private static void block(Geometry g, MemorySegment q, Tensor k, Tensor v, MemorySegment out, Tensor logSumExp,
            int kvHead, int from, int columns, ThreadBuffers buffers) {
        int headDim = g.headDim();
        int padded = Math.ceilDiv(headDim, MR) * MR;
        int wide = Math.ceilDiv(headDim, NR) * NR;
        int tall = Math.max(padded, wide);
        float[] stage = buffers.floats(STAGE, Transpose.STAGE);
        float[] rows = buffers.floats(Q_ROWS, COLUMNS * wide);
        float[] qT = buffers.floats(Q, COLUMNS * wide);
        float[] kRows = buffers.floats(K, KEYS * STRIDE);
        float[] vRows = buffers.floats(V, KEYS * STRIDE);
        float[] vT = buffers.floats(V_T, (wide + MR) * STRIDE);
        float[] scores = buffers.floats(SCORES, KEYS * NR);
        float[] outT = buffers.floats(OUT, COLUMNS * tall);
        float[] max = buffers.floats(MAX, COLUMNS);
        float[] sum = buffers.floats(SUM, COLUMNS);
        Window window = new Window(g, from, columns, buffers);
        AttentionBlocks.loadQueries(q, g, kvHead, from, columns, wide, g.scale(), rows);
        AttentionBlocks.intoPanels(rows, wide, headDim, qT, stage);
        Arrays.fill(outT, 0, COLUMNS * tall, 0);
        Arrays.fill(max, Float.NEGATIVE_INFINITY);
        Arrays.fill(sum, 0);
        for (int key = window.from; key < window.to; key += KEYS) {
            int keys = Math.min(KEYS, window.to - key);
            AttentionBlocks.loadKeys(k, g, kvHead, key, keys, kRows);
            AttentionBlocks.loadKeys(v, g, kvHead, key, keys, vRows);
            Transpose.floats(vRows, STRIDE, keys, headDim, vT, STRIDE, stage);
            for (int c = 0; c < columns; c += NR) {
                int low = window.low(c, key, keys);
                int high = window.high(c, key, keys);
                if (low >= high) {
                    continue;
                }
                Arrays.fill(scores, low * NR, high * NR, 0);
                for (int i = low; i < high; i += MR) {
                    GemmTile.tile(headDim, kRows, i * STRIDE, qT, c * wide, scores, i * NR);
                }
                int end = Math.min(high, keys);
                softmax(scores, c, key, low, end, window, max, sum, outT, c * tall, headDim);
                for (int d = 0; d < padded; d += MR) {
                    GemmTile.tile(end - low, vT, d * STRIDE + low, scores, low * NR, outT, c * tall + d * NR);
                }
            }
        }
        for (int c = 0; c < columns; c++) {
            long at = (long) ((from + c) / g.group()) * g.heads() + g.head(kvHead, from + c);
            logSumExp.setFloat(at, max[c] + (float) StrictMath.log(sum[c]));
            sum[c] = sum[c] == 0 ? 0 : 1 / sum[c];
        }
        AttentionBlocks.outOfPanels(outT, tall, headDim, columns, rows, wide, stage);
        for (int c = 0; c < columns; c++) {
            AttentionBlocks.storeRow(rows, c * wide, headDim, sum[c], out, g.query(kvHead, from + c));
        }
    }

    /// Scores `low .. high-1` of the columns of one panel become `e^(score - max)`, with the running maximum, sum and
    /// output brought to the new maximum first.
    private static void softmax(float[] scores, int panel, int key, int low, int high, Window window, float[] max,
            float[] sum, float[] outT, int out, int headDim) {
        for (int c = panel; c < panel + NR; c += Simd.LANES) {
            boolean full = window.isFull(c, key + low, key + high);
            if (!full) {
                AttentionBlocks.hide(scores, c, key, low, high, window);
            }
            FloatVector oldMax = FloatVector.fromArray(Simd.F, max, c);
            FloatVector newMax = oldMax;
            for (int i = low; i < high; i++) {
                FloatVector s = FloatVector.fromArray(Simd.F, scores, i * NR + c - panel);
                newMax = newMax.blend(s, s.compare(VectorOperators.GT, newMax));
            }
            // Where nothing was seen yet, -inf - -inf would be NaN.
            FloatVector shift = newMax.blend(0, newMax.compare(VectorOperators.EQ, Float.NEGATIVE_INFINITY));
            FloatVector total = FloatVector.zero(Simd.F);
            for (int i = low; i < high; i++) {
                FloatVector e = Simd.exp(FloatVector.fromArray(Simd.F, scores, i * NR + c - panel).sub(shift));
                e.intoArray(scores, i * NR + c - panel);
                total = total.add(e);
            }
            newMax.intoArray(max, c);
            FloatVector shrink = Simd.exp(oldMax.sub(shift));
            shrink.fma(FloatVector.fromArray(Simd.F, sum, c), total).intoArray(sum, c);
            for (int at = out + c - panel, end = at + headDim * NR; at < end; at += NR) {
                FloatVector.fromArray(Simd.F, outT, at).mul(shrink).intoArray(outT, at);
            }
        }
    }
}
