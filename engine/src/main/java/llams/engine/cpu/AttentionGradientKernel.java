package llams.engine.cpu;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import llams.engine.cpu.AttentionBlocks.Geometry;
import llams.engine.cpu.AttentionBlocks.Window;
import llams.engine.tensor.Tensor;

/// The gradient of [AttentionKernel], in the same blocks. The probabilities are computed again from `logSumExp`, block
/// by block, so none are kept from the forward pass (Dao et al. 2022). With `P = e^(scale q · k - logSumExp)`:
///
/// * `dv = Pᵀ dOut`
/// * `dScores = P (dOut · v - delta)`, where `delta = dOut · out` stands for softmax's sum over all keys
/// * `dq = scale dScores k`
/// * `dk = scale dScoresᵀ q`
final class AttentionGradientKernel {
    private static final int MR = GemmTile.MR;
    private static final int NR = GemmTile.NR;
    private static final int STRIDE = GemmTile.STRIDE;
    private static final int COLUMNS = AttentionBlocks.COLUMNS;
    private static final int KEYS = AttentionBlocks.KEYS;

    // A slot of the same size has the same number as in AttentionKernel: a training step keeps one array for both.
    private static final int Q = 0;
    private static final int K = 1;
    private static final int V = 2;
    private static final int PANEL = 3;
    private static final int DQ = 4;
    private static final int LSE = 5;
    private static final int DELTA = 6;
    private static final int STAGE = 7;
    private static final int ROWS = 8;
    private static final int K_T = 9;
    private static final int D_OUT = 10;
    private static final int Q_PANELS = 11;
    private static final int D_OUT_PANELS = 12;
    private static final int SCORES = 13;
    private static final int D_SCORES = 14;
    private static final int D_PANEL = 15;

    private AttentionGradientKernel() {}

    /// The gradients by `q`, `k` and `v`, all overwritten; key rows that nobody sees get 0. `out` and `logSumExp` are
    /// [AttentionKernel#forward]'s.
    ///
    /// A task takes one key head and a run of tokens that shares no keys with the others (packed documents divide
    /// there), so that no two tasks add to the same row.
    static void run(Tensor q, Tensor k, Tensor v, Tensor first, Tensor last, int headDim, Tensor out, Tensor logSumExp,
            Tensor dOut, Tensor dq, Tensor dk, Tensor dv, Parallel p) {
        Geometry g = Geometry.of("attentionGradient", q, k, v, first, last, headDim);
        ElementwiseKernel.clear(dk, p);
        ElementwiseKernel.clear(dv, p);
        int[] starts = p.buffers().ints(0, g.tokens() + 1);
        int runs = independentRuns(g, starts, p.buffers().ints(1, g.tokens() + 1));
        p.run(runs * g.kvHeads(), (task, buffers) -> {
            int from = starts[task / g.kvHeads()] * g.group();
            int to = starts[task / g.kvHeads() + 1] * g.group();
            for (int column = from; column < to; column += COLUMNS) {
                block(g, q.data(), k, v, out.data(), logSumExp, dOut.data(), dq.data(), dk.data(), dv.data(),
                        task % g.kvHeads(), column, Math.min(COLUMNS, to - column), buffers);
            }
        });
    }

    /// Divides the tokens where all later ones see only keys after all that earlier ones see, but not into runs that
    /// would leave a block of queries mostly empty. `starts[0 .. runs]` are the borders.
    private static int independentRuns(Geometry g, int[] starts, int[] lowestLater) {
        lowestLater[g.tokens()] = Integer.MAX_VALUE;
        for (int t = g.tokens() - 1; t >= 0; t--) {
            boolean sees = g.first().getInt(t) <= g.last().getInt(t);
            lowestLater[t] = sees ? Math.min(lowestLater[t + 1], g.first().getInt(t)) : lowestLater[t + 1];
        }
        int runs = 0;
        starts[0] = 0;
        int highest = -1;
        for (int t = 0; t < g.tokens(); t++) {
            if (t - starts[runs] >= Math.ceilDiv(COLUMNS, g.group()) && highest < lowestLater[t]) {
                starts[++runs] = t;
            }
            if (g.first().getInt(t) <= g.last().getInt(t)) {
                highest = Math.max(highest, g.last().getInt(t));
            }
        }
        starts[++runs] = g.tokens();
        return g.tokens() == 0 ? 0 : runs;
    }

    private static void block(Geometry g, MemorySegment q, Tensor k, Tensor v, MemorySegment out, Tensor logSumExp,
            MemorySegment dOut, MemorySegment dq, MemorySegment dk, MemorySegment dv, int kvHead, int from, int columns,
            ThreadBuffers buffers) {
        int headDim = g.headDim();
        int padded = Math.ceilDiv(headDim, MR) * MR;
        int wide = Math.ceilDiv(headDim, NR) * NR;
        int tall = Math.max(padded, wide);
        float[] stage = buffers.floats(STAGE, Transpose.STAGE);
        float[] rows = buffers.floats(ROWS, COLUMNS * wide);
        float[] qT = buffers.floats(Q, COLUMNS * wide);
        float[] dOutT = buffers.floats(D_OUT, COLUMNS * wide);
        float[] qPanels = buffers.floats(Q_PANELS, COLUMNS * wide);
        float[] dOutPanels = buffers.floats(D_OUT_PANELS, COLUMNS * wide);
        float[] kRows = buffers.floats(K, KEYS * STRIDE);
        float[] vRows = buffers.floats(V, KEYS * STRIDE);
        float[] kT = buffers.floats(K_T, (wide + MR) * STRIDE);
        float[] scores = buffers.floats(SCORES, KEYS * STRIDE);
        float[] dScores = buffers.floats(D_SCORES, KEYS * STRIDE);
        float[] panel = buffers.floats(PANEL, KEYS * NR);
        float[] dPanel = buffers.floats(D_PANEL, KEYS * NR);
        float[] dqT = buffers.floats(DQ, COLUMNS * tall);
        float[] lse = buffers.floats(LSE, COLUMNS);
        float[] delta = buffers.floats(DELTA, COLUMNS);
        Window window = new Window(g, from, columns, buffers);
        AttentionBlocks.loadQueries(q, g, kvHead, from, columns, wide, g.scale(), rows);
        AttentionBlocks.intoPanels(rows, wide, headDim, qT, stage);
        panels(rows, wide, qPanels);
        AttentionBlocks.loadQueries(dOut, g, kvHead, from, columns, wide, 1, rows);
        AttentionBlocks.intoPanels(rows, wide, headDim, dOutT, stage);
        panels(rows, wide, dOutPanels);
        for (int c = 0; c < COLUMNS; c++) {
            float dot = 0;
            lse[c] = 0;
            if (c < columns) {
                dot = Simd.dot(out, g.query(kvHead, from + c), rows, c * wide, headDim, panel);
                lse[c] = logSumExp.getFloat((long) ((from + c) / g.group()) * g.heads() + g.head(kvHead, from + c));
            }
            delta[c] = dot;
        }
        Arrays.fill(dqT, 0, COLUMNS * tall, 0);
        for (int key = window.from; key < window.to; key += KEYS) {
            int keys = Math.min(KEYS, window.to - key);
            int end = Math.ceilDiv(keys, MR) * MR;
            AttentionBlocks.loadKeys(k, g, kvHead, key, keys, kRows);
            AttentionBlocks.loadKeys(v, g, kvHead, key, keys, vRows);
            Transpose.floats(kRows, STRIDE, end, headDim, kT, STRIDE, stage);
            for (int c = 0; c < columns; c += NR) {
                int low = Math.min(window.low(c, key, keys), end);
                int high = Math.max(low, window.high(c, key, keys));
                clear(scores, c, end);
                clear(dScores, c, end);
                Arrays.fill(panel, low * NR, high * NR, 0);
                Arrays.fill(dPanel, low * NR, high * NR, 0);
                for (int i = low; i < high; i += MR) {
                    GemmTile.tile(headDim, kRows, i * STRIDE, qT, c * wide, panel, i * NR);
                    GemmTile.tile(headDim, vRows, i * STRIDE, dOutT, c * wide, dPanel, i * NR);
                }
                scoreGradients(panel, dPanel, scores, dScores, c, key, low, high, window, lse, delta);
                for (int d = 0; d < padded && low < high; d += MR) {
                    GemmTile.tile(high - low, kT, d * STRIDE + low, dPanel, low * NR, dqT, c * tall + d * NR);
                }
            }
            int across = Math.ceilDiv(columns, NR) * NR;
            for (int i = 0; i < keys; i += MR) {
                int height = Math.min(MR, keys - i);
                for (int d = 0; d < headDim; d += NR) {
                    int width = Math.min(NR, headDim - d);
                    long at = g.key(kvHead, key + i) + d;
                    Arrays.fill(panel, 0, MR * NR, 0);
                    GemmTile.tile(across, scores, i * STRIDE, dOutPanels, d * COLUMNS, panel, 0);
                    GemmPass.store(panel, 0, height, width, dv, at, g.kvWidth(), false, true);
                    Arrays.fill(panel, 0, MR * NR, 0);
                    GemmTile.tile(across, dScores, i * STRIDE, qPanels, d * COLUMNS, panel, 0);
                    GemmPass.store(panel, 0, height, width, dk, at, g.kvWidth(), false, true);
                }
            }
        }
        AttentionBlocks.outOfPanels(dqT, tall, headDim, columns, rows, wide, stage);
        for (int c = 0; c < columns; c++) {
            AttentionBlocks.storeRow(rows, c * wide, headDim, g.scale(), dq, g.query(kvHead, from + c));
        }
    }

    /// Rows of `wide` floats into panels that are `NR` of them wide, with a row for each query.
    private static void panels(float[] rows, int wide, float[] target) {
        for (int d = 0; d < wide; d += NR) {
            for (int c = 0; c < COLUMNS; c++) {
                System.arraycopy(rows, c * wide + d, target, d * COLUMNS + c * NR, NR);
            }
        }
    }

    /// Zeros in the rows up to `end`, in the `NR` columns from `c`.
    private static void clear(float[] scores, int c, int end) {
        FloatVector zero = FloatVector.zero(Simd.F);
        for (int i = 0; i < end; i++) {
            zero.intoArray(scores, i * STRIDE + c);
            zero.intoArray(scores, i * STRIDE + c + Simd.LANES);
        }
    }

    /// The panel's scores become probabilities `p` and go to `scores`; `dPanel`, which holds `dOut · v`, becomes `p (dOut
    /// · v - delta)` and goes to `dScores` too. There a row has all columns of the block, for the products over them.
    private static void scoreGradients(float[] panel, float[] dPanel, float[] scores, float[] dScores, int column,
            int key, int low, int high, Window window, float[] lse, float[] delta) {
        for (int c = column; c < column + NR; c += Simd.LANES) {
            FloatVector shift = FloatVector.fromArray(Simd.F, lse, c);
            FloatVector less = FloatVector.fromArray(Simd.F, delta, c);
            boolean full = window.isFull(c, key + low, key + high);
            if (!full) {
                AttentionBlocks.hide(panel, c, key, low, high, window);
                shift = shift.blend(0, shift.compare(VectorOperators.EQ, Float.NEGATIVE_INFINITY));
            }
            for (int i = low; i < high; i++) {
                int from = i * NR + c - column;
                int to = i * STRIDE + c;
                FloatVector e = Simd.exp(FloatVector.fromArray(Simd.F, panel, from).sub(shift));
                e.intoArray(scores, to);
                FloatVector d = e.mul(FloatVector.fromArray(Simd.F, dPanel, from).sub(less));
                d.intoArray(dScores, to);
                d.intoArray(dPanel, from);
            }
        }
    }
}
