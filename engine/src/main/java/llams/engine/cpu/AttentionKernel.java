package llams.engine.cpu;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import llams.engine.tensor.Tensor;

/// Scaled dot-product attention with online softmax (Milakov and Gimelshein 2018; Dao et al. 2022), in blocks that stay
/// in the cache: no array of `[heads, tokens, tokens]` ever exists.
///
/// A block has `COLUMNS` queries (tokens times the heads that share one key head) and `KEYS` keys. Scores are kept
/// transposed, a row per key and a lane per query, so softmax needs no sums across lanes, and what [MicroKernel] wrote as
/// a product it reads as the next one's factor. Tiles that no query of theirs may see are skipped.
final class AttentionKernel {
    private static final int MR = MicroKernel.MR;
    private static final int NR = MicroKernel.NR;
    private static final int STRIDE = MicroKernel.STRIDE;
    /// Queries of a block: a multiple of every `NR`, at most `KC`.
    private static final int COLUMNS = 256;
    /// Row length of what holds a column per query; a cache line more, so that rows do not compete for the same cache sets.
    private static final int LD = COLUMNS + 16;
    /// Keys of a block: a multiple of every `MR`.
    private static final int KEYS = 96;

    private static final int Q = 0;
    private static final int K = 1;
    private static final int V = 2;
    private static final int SCORES = 3;
    private static final int OUT = 4;
    private static final int MAX = 5;
    private static final int SUM = 6;
    private static final int STAGE = 7;
    private static final int D_OUT = 8;
    private static final int D_SCORES = 9;
    private static final int Q_ROWS = 10;
    private static final int D_OUT_ROWS = 11;
    private static final int V_T = 12;
    private static final int DELTA = 13;
    private static final int TILE = 14;

    private AttentionKernel() {
    }

    /// What the tasks of one call share.
    ///
    /// @param group query heads per key head
    /// @param width row length of `q`, `heads * headDim`
    /// @param kvWidth row length of `k`, `kvHeads * headDim`
    private record Geometry(int tokens, int rows, int heads, int kvHeads, int headDim, int group, int width, int kvWidth,
            Tensor first, Tensor last) {
        int head(int kvHead, int column) {
            return kvHead * group + column % group;
        }

        long query(int kvHead, int column) {
            return (long) (column / group) * width + (long) head(kvHead, column) * headDim;
        }

        long key(int kvHead, int row) {
            return (long) row * kvWidth + (long) kvHead * headDim;
        }

        float scale() {
            return (float) (1 / Math.sqrt(headDim));
        }
    }

    private static Geometry geometry(String op, Tensor q, Tensor k, Tensor v, Tensor first, Tensor last, int headDim) {
        int tokens = Check.dim(op, "q", q, 2, 0);
        int width = Check.dim(op, "q", q, 2, 1);
        int rows = Check.dim(op, "k", k, 2, 0);
        int kvWidth = Check.dim(op, "k", k, 2, 1);
        Check.that(headDim > 0 && headDim <= MicroKernel.KC,
                op + ": headDim is " + headDim + ", wanted 1 to " + MicroKernel.KC);
        Check.that(width % headDim == 0 && kvWidth % headDim == 0 && kvWidth > 0 && width % kvWidth == 0,
                op + ": q " + q.shape() + " has " + width / (double) headDim + " heads of headDim " + headDim
                        + ", wanted a multiple of k's " + kvWidth / (double) headDim);
        Check.f32(op, "q", q, tokens, width);
        Check.f32(op, "k", k, rows, kvWidth);
        Check.f32(op, "v", v, rows, kvWidth);
        Check.i32(op, "first", first, tokens);
        Check.i32(op, "last", last, tokens);
        for (int t = 0; t < tokens; t++) {
            if (first.getInt(t) <= last.getInt(t)) {
                Check.index(op, "first", first, t, rows);
                Check.index(op, "last", last, t, rows);
            }
        }
        return new Geometry(tokens, rows, width / headDim, kvWidth / headDim, headDim, width / kvWidth, width, kvWidth,
                first, last);
    }

    /// Query `t` sees the keys `first[t] .. last[t]`, both inclusive; none if `first[t] > last[t]`: its output is 0.
    ///
    /// @param q         F32 `[tokens, heads * headDim]`
    /// @param k         F32 `[rows, kvHeads * headDim]`; query head `h` reads key head `h / (heads / kvHeads)`
    /// @param v         like `k`
    /// @param first     I32 `[tokens]`: the start of the document, or 0
    /// @param last      I32 `[tokens]`: the token's own row
    /// @param out       like `q`
    /// @param logSumExp F32 `[tokens, heads]`: natural logarithm of the sum of e^score, kept for [#backward]
    static void forward(Tensor q, Tensor k, Tensor v, Tensor first, Tensor last, int headDim, Tensor out, Tensor logSumExp,
            Parallel p) {
        Geometry g = geometry("attention", q, k, v, first, last, headDim);
        Check.f32("attention", "out", out, g.tokens, g.width);
        Check.f32("attention", "logSumExp", logSumExp, g.tokens, g.heads);
        int columns = g.tokens * g.group;
        if (columns < NR) {
            p.run(g.tokens * g.kvHeads, (task, scratch) -> FewQueries.forward(q.data(), k.data(), v.data(), out.data(),
                    logSumExp, first, last, task / g.kvHeads, task % g.kvHeads, g.group, headDim, g.width, g.kvWidth, scratch));
            return;
        }
        int blocks = Math.ceilDiv(columns, COLUMNS);
        // The last blocks of a causal sequence see most keys: they go first.
        p.run(blocks * g.kvHeads, (task, scratch) -> {
            int from = (blocks - 1 - task / g.kvHeads) * COLUMNS;
            forwardBlock(g, q.data(), k, v, out.data(), logSumExp, task % g.kvHeads, from, Math.min(COLUMNS, columns - from),
                    scratch);
        });
    }

    private static void forwardBlock(Geometry g, MemorySegment q, Tensor k, Tensor v, MemorySegment out, Tensor logSumExp,
            int kvHead, int from, int columns, Scratch scratch) {
        int headDim = g.headDim;
        int padded = Math.ceilDiv(headDim, MR) * MR;
        int wide = Math.ceilDiv(headDim, NR) * NR;
        float[] stage = scratch.floats(STAGE, Panels.STAGE);
        float[] rows = scratch.floats(Q_ROWS, COLUMNS * wide);
        float[] qT = scratch.floats(Q, wide * LD);
        float[] kRows = scratch.floats(K, KEYS * STRIDE);
        float[] vRows = scratch.floats(V, KEYS * STRIDE);
        float[] vT = scratch.floats(V_T, (wide + MR) * STRIDE);
        float[] scores = scratch.floats(SCORES, KEYS * STRIDE);
        float[] outT = scratch.floats(OUT, (wide + MR) * LD);
        float[] max = scratch.floats(MAX, COLUMNS);
        float[] sum = scratch.floats(SUM, COLUMNS);
        Window window = new Window(g, from, columns, scratch);
        loadQueries(q, g, kvHead, from, columns, wide, g.scale(), rows);
        Panels.transposed(rows, wide, COLUMNS, headDim, qT, LD, stage);
        Arrays.fill(outT, 0, padded * LD, 0);
        Arrays.fill(max, Float.NEGATIVE_INFINITY);
        Arrays.fill(sum, 0);
        for (int key = window.from; key < window.to; key += KEYS) {
            int keys = Math.min(KEYS, window.to - key);
            loadKeys(k, g, kvHead, key, keys, kRows);
            loadKeys(v, g, kvHead, key, keys, vRows);
            Panels.transposed(vRows, STRIDE, keys, headDim, vT, STRIDE, stage);
            for (int c = 0; c < columns; c += NR) {
                int low = window.low(c, key, keys);
                int high = window.high(c, key, keys);
                if (low >= high) {
                    continue;
                }
                clear(scores, c, low, high);
                for (int i = low; i < high; i += MR) {
                    MicroKernel.tile(headDim, kRows, i * STRIDE, qT, c, LD, scores, i * STRIDE + c, STRIDE);
                }
                int end = Math.min(high, keys);
                softmax(scores, c, key, low, end, window, max, sum, outT, headDim);
                for (int d = 0; d < padded; d += MR) {
                    MicroKernel.tile(end - low, vT, d * STRIDE + low, scores, low * STRIDE + c, STRIDE, outT, d * LD + c, LD);
                }
            }
        }
        for (int c = 0; c < columns; c++) {
            long at = (long) ((from + c) / g.group) * g.heads + g.head(kvHead, from + c);
            logSumExp.setFloat(at, max[c] + (float) Math.log(sum[c]));
            sum[c] = sum[c] == 0 ? 0 : 1 / sum[c];
        }
        Panels.transposed(outT, LD, headDim, columns, rows, wide, stage);
        for (int c = 0; c < columns; c++) {
            storeRow(rows, c * wide, headDim, sum[c], out, g.query(kvHead, from + c));
        }
    }

    /// Which keys the columns of a block may see.
    private static final class Window {
        final int[] first;
        final int[] last;
        final int from;
        final int to;

        Window(Geometry g, int column, int columns, Scratch scratch) {
            first = scratch.ints(0, COLUMNS);
            last = scratch.ints(1, COLUMNS);
            // Beyond the columns, and for a token that sees nothing: an empty range that widens no minimum or maximum.
            Arrays.fill(first, Integer.MAX_VALUE);
            Arrays.fill(last, -1);
            int lowest = Integer.MAX_VALUE;
            int highest = -1;
            for (int c = 0; c < columns; c++) {
                int t = (column + c) / g.group;
                if (g.first.getInt(t) <= g.last.getInt(t)) {
                    first[c] = g.first.getInt(t);
                    last[c] = g.last.getInt(t);
                    lowest = Math.min(lowest, first[c]);
                    highest = Math.max(highest, last[c]);
                }
            }
            from = lowest;
            to = highest + 1;
        }

        /// The first key of the block, a multiple of `MR` from its start, that a column of the panel at `c` may see.
        int low(int c, int key, int keys) {
            int lowest = Integer.MAX_VALUE;
            for (int i = c; i < c + NR; i++) {
                lowest = Math.min(lowest, first[i]);
            }
            return Math.clamp((long) lowest - key, 0, keys) / MR * MR;
        }

        /// The end of those keys, a multiple of `MR`; at most `KEYS`.
        int high(int c, int key, int keys) {
            int highest = -1;
            for (int i = c; i < c + NR; i++) {
                highest = Math.max(highest, last[i]);
            }
            return Math.ceilDiv(Math.clamp((long) highest + 1 - key, 0, keys), MR) * MR;
        }

        /// True if each of `LANES` columns from `c` sees all keys `low .. high-1`.
        boolean isFull(int c, int low, int high) {
            for (int i = c; i < c + Simd.LANES; i++) {
                if (first[i] > low || last[i] < high - 1) {
                    return false;
                }
            }
            return true;
        }

        VectorMask<Float> sees(int c, int key) {
            IntVector row = IntVector.broadcast(Simd.I, key);
            return IntVector.fromArray(Simd.I, first, c).compare(VectorOperators.LE, row)
                    .and(IntVector.fromArray(Simd.I, last, c).compare(VectorOperators.GE, row)).cast(Simd.F);
        }
    }

    /// Scores `low .. high-1` of the columns of one panel become `e^(score - max)`, with the running maximum, sum and
    /// output brought to the new maximum first.
    private static void softmax(float[] scores, int panel, int key, int low, int high, Window window, float[] max,
            float[] sum, float[] outT, int headDim) {
        for (int c = panel; c < panel + NR; c += Simd.LANES) {
            boolean full = window.isFull(c, key + low, key + high);
            if (!full) {
                hide(scores, c, key, low, high, window);
            }
            FloatVector oldMax = FloatVector.fromArray(Simd.F, max, c);
            FloatVector newMax = oldMax;
            for (int i = low; i < high; i++) {
                FloatVector s = FloatVector.fromArray(Simd.F, scores, i * STRIDE + c);
                newMax = newMax.blend(s, s.compare(VectorOperators.GT, newMax));
            }
            // Where nothing was seen yet, -inf - -inf would be NaN.
            FloatVector shift = newMax.blend(0, newMax.compare(VectorOperators.EQ, Float.NEGATIVE_INFINITY));
            FloatVector total = FloatVector.zero(Simd.F);
            for (int i = low; i < high; i++) {
                FloatVector e = Simd.exp(FloatVector.fromArray(Simd.F, scores, i * STRIDE + c).sub(shift));
                e.intoArray(scores, i * STRIDE + c);
                total = total.add(e);
            }
            newMax.intoArray(max, c);
            FloatVector shrink = Simd.exp(oldMax.sub(shift));
            shrink.fma(FloatVector.fromArray(Simd.F, sum, c), total).intoArray(sum, c);
            for (int at = c, end = headDim * LD + c; at < end; at += LD) {
                FloatVector.fromArray(Simd.F, outT, at).mul(shrink).intoArray(outT, at);
            }
        }
    }

    private static void hide(float[] scores, int c, int key, int low, int high, Window window) {
        FloatVector nothing = FloatVector.broadcast(Simd.F, Float.NEGATIVE_INFINITY);
        for (int i = low; i < high; i++) {
            FloatVector s = FloatVector.fromArray(Simd.F, scores, i * STRIDE + c);
            nothing.blend(s, window.sees(c, key + i)).intoArray(scores, i * STRIDE + c);
        }
    }

    /// Queries (or their gradients) as rows of `wide` floats, times `scale`; zeros beyond the columns and `headDim`.
    private static void loadQueries(MemorySegment source, Geometry g, int kvHead, int from, int columns, int wide,
            float scale, float[] target) {
        for (int c = 0; c < columns; c++) {
            loadRow(source, g.query(kvHead, from + c), g.headDim, scale, target, c * wide);
            Arrays.fill(target, c * wide + g.headDim, (c + 1) * wide, 0);
        }
        Arrays.fill(target, columns * wide, COLUMNS * wide, 0);
    }

    private static void loadKeys(Tensor source, Geometry g, int kvHead, int key, int keys, float[] target) {
        for (int i = 0; i < keys; i++) {
            loadRow(source.data(), g.key(kvHead, key + i), g.headDim, 1, target, i * STRIDE);
        }
        for (int i = keys; i < Math.ceilDiv(keys, MR) * MR; i++) {
            Arrays.fill(target, i * STRIDE, i * STRIDE + g.headDim, 0);
        }
    }

    private static void loadRow(MemorySegment source, long from, int count, float scale, float[] target, int at) {
        int d = 0;
        for (; d <= count - Simd.LANES; d += Simd.LANES) {
            Simd.load(source, from + d).mul(scale).intoArray(target, at + d);
        }
        for (; d < count; d++) {
            target[at + d] = source.get(Tensor.F32, (from + d) * 4) * scale;
        }
    }

    private static void storeRow(float[] source, int from, int count, float scale, MemorySegment target, long at) {
        int d = 0;
        for (; d <= count - Simd.LANES; d += Simd.LANES) {
            Simd.store(FloatVector.fromArray(Simd.F, source, from + d).mul(scale), target, at + d);
        }
        for (; d < count; d++) {
            target.set(Tensor.F32, (at + d) * 4, source[from + d] * scale);
        }
    }

    /// The gradients by `q`, `k` and `v`, all overwritten; key rows that nobody sees get 0. `out` and `logSumExp` are
    /// [#forward]'s.
    ///
    /// A task takes one key head and a run of tokens that shares no keys with the others (packed documents divide there),
    /// so that no two tasks add to the same row.
    static void backward(Tensor q, Tensor k, Tensor v, Tensor first, Tensor last, int headDim, Tensor out,
            Tensor logSumExp, Tensor dOut, Tensor dq, Tensor dk, Tensor dv, Parallel p) {
        Geometry g = geometry("attentionGradient", q, k, v, first, last, headDim);
        Check.f32("attentionGradient", "out", out, g.tokens, g.width);
        Check.f32("attentionGradient", "logSumExp", logSumExp, g.tokens, g.heads);
        Check.f32("attentionGradient", "dOut", dOut, g.tokens, g.width);
        Check.f32("attentionGradient", "dq", dq, g.tokens, g.width);
        Check.f32("attentionGradient", "dk", dk, g.rows, g.kvWidth);
        Check.f32("attentionGradient", "dv", dv, g.rows, g.kvWidth);
        dk.data().fill((byte) 0);
        dv.data().fill((byte) 0);
        int[] starts = p.scratch().ints(0, g.tokens + 1);
        int runs = independentRuns(g, starts, p.scratch().ints(1, g.tokens + 1));
        p.run(runs * g.kvHeads, (task, scratch) -> {
            int from = starts[task / g.kvHeads] * g.group;
            int to = starts[task / g.kvHeads + 1] * g.group;
            for (int column = from; column < to; column += COLUMNS) {
                backwardBlock(g, q.data(), k, v, out.data(), logSumExp, dOut.data(), dq.data(), dk.data(), dv.data(),
                        task % g.kvHeads, column, Math.min(COLUMNS, to - column), scratch);
            }
        });
    }

    /// Divides the tokens where all later ones see only keys after all that earlier ones see, but not into runs that would
    /// leave a block of queries mostly empty. `starts[0 .. runs]` are the borders.
    private static int independentRuns(Geometry g, int[] starts, int[] lowestLater) {
        lowestLater[g.tokens] = Integer.MAX_VALUE;
        for (int t = g.tokens - 1; t >= 0; t--) {
            boolean sees = g.first.getInt(t) <= g.last.getInt(t);
            lowestLater[t] = sees ? Math.min(lowestLater[t + 1], g.first.getInt(t)) : lowestLater[t + 1];
        }
        int runs = 0;
        starts[0] = 0;
        int highest = -1;
        for (int t = 0; t < g.tokens; t++) {
            if (t - starts[runs] >= Math.ceilDiv(COLUMNS, g.group) && highest < lowestLater[t]) {
                starts[++runs] = t;
            }
            if (g.first.getInt(t) <= g.last.getInt(t)) {
                highest = Math.max(highest, g.last.getInt(t));
            }
        }
        starts[++runs] = g.tokens;
        return g.tokens == 0 ? 0 : runs;
    }

    private static void backwardBlock(Geometry g, MemorySegment q, Tensor k, Tensor v, MemorySegment out, Tensor logSumExp,
            MemorySegment dOut, MemorySegment dq, MemorySegment dk, MemorySegment dv, int kvHead, int from, int columns,
            Scratch scratch) {
        int headDim = g.headDim;
        int padded = Math.ceilDiv(headDim, MR) * MR;
        int wide = Math.ceilDiv(headDim, NR) * NR;
        float[] stage = scratch.floats(STAGE, Panels.STAGE);
        float[] qT = scratch.floats(Q, wide * LD);
        float[] dOutT = scratch.floats(D_OUT, wide * LD);
        float[] qRows = scratch.floats(Q_ROWS, COLUMNS * wide);
        float[] dOutRows = scratch.floats(D_OUT_ROWS, COLUMNS * wide);
        float[] kRows = scratch.floats(K, KEYS * STRIDE);
        float[] vRows = scratch.floats(V, KEYS * STRIDE);
        float[] kT = scratch.floats(V_T, (wide + MR) * STRIDE);
        float[] scores = scratch.floats(SCORES, KEYS * STRIDE);
        float[] dScores = scratch.floats(D_SCORES, KEYS * STRIDE);
        float[] dqT = scratch.floats(OUT, (wide + MR) * LD);
        float[] tile = scratch.floats(TILE, MR * NR);
        float[] lse = scratch.floats(MAX, COLUMNS);
        float[] delta = scratch.floats(DELTA, COLUMNS);
        Window window = new Window(g, from, columns, scratch);
        loadQueries(q, g, kvHead, from, columns, wide, g.scale(), qRows);
        loadQueries(dOut, g, kvHead, from, columns, wide, 1, dOutRows);
        Panels.transposed(qRows, wide, COLUMNS, headDim, qT, LD, stage);
        Panels.transposed(dOutRows, wide, COLUMNS, headDim, dOutT, LD, stage);
        for (int c = 0; c < COLUMNS; c++) {
            float dot = 0;
            lse[c] = 0;
            if (c < columns) {
                dot = dot(out, g.query(kvHead, from + c), headDim, dOutRows, c * wide);
                lse[c] = logSumExp.getFloat((long) ((from + c) / g.group) * g.heads + g.head(kvHead, from + c));
            }
            delta[c] = dot;
        }
        Arrays.fill(dqT, 0, padded * LD, 0);
        Arrays.fill(tile, 0);
        for (int key = window.from; key < window.to; key += KEYS) {
            int keys = Math.min(KEYS, window.to - key);
            int end = Math.ceilDiv(keys, MR) * MR;
            loadKeys(k, g, kvHead, key, keys, kRows);
            loadKeys(v, g, kvHead, key, keys, vRows);
            Panels.transposed(kRows, STRIDE, end, headDim, kT, STRIDE, stage);
            for (int c = 0; c < columns; c += NR) {
                int low = Math.min(window.low(c, key, keys), end);
                int high = Math.max(low, window.high(c, key, keys));
                clear(scores, c, 0, end);
                clear(dScores, c, 0, end);
                for (int i = low; i < high; i += MR) {
                    MicroKernel.tile(headDim, kRows, i * STRIDE, qT, c, LD, scores, i * STRIDE + c, STRIDE);
                    MicroKernel.tile(headDim, vRows, i * STRIDE, dOutT, c, LD, dScores, i * STRIDE + c, STRIDE);
                }
                scoreGradients(scores, dScores, c, key, low, high, window, lse, delta);
                for (int d = 0; d < padded && low < high; d += MR) {
                    MicroKernel.tile(high - low, kT, d * STRIDE + low, dScores, low * STRIDE + c, STRIDE, dqT, d * LD + c,
                            LD);
                }
            }
            int across = Math.ceilDiv(columns, NR) * NR;
            for (int i = 0; i < keys; i += MR) {
                int height = Math.min(MR, keys - i);
                for (int d = 0; d < headDim; d += NR) {
                    int width = Math.min(NR, headDim - d);
                    long at = g.key(kvHead, key + i) + d;
                    MicroKernel.tile(across, scores, i * STRIDE, dOutRows, d, wide, tile, 0, NR);
                    Gemm.store(tile, height, width, dv, at, g.kvWidth, true);
                    MicroKernel.tile(across, dScores, i * STRIDE, qRows, d, wide, tile, 0, NR);
                    Gemm.store(tile, height, width, dk, at, g.kvWidth, true);
                }
            }
        }
        Panels.transposed(dqT, LD, headDim, columns, qRows, wide, stage);
        for (int c = 0; c < columns; c++) {
            storeRow(qRows, c * wide, headDim, g.scale(), dq, g.query(kvHead, from + c));
        }
    }

    private static float dot(MemorySegment a, long from, int count, float[] b, int at) {
        FloatVector sum = FloatVector.zero(Simd.F);
        int d = 0;
        for (; d <= count - Simd.LANES; d += Simd.LANES) {
            sum = Simd.load(a, from + d).fma(FloatVector.fromArray(Simd.F, b, at + d), sum);
        }
        float dot = Simd.sum(sum);
        for (; d < count; d++) {
            dot = Math.fma(a.get(Tensor.F32, (from + d) * 4), b[at + d], dot);
        }
        return dot;
    }

    /// Scores become probabilities `p`, and `dScores`, which hold `dOut · v`, become `p (dOut · v - delta)`.
    private static void scoreGradients(float[] scores, float[] dScores, int panel, int key, int low, int high, Window window,
            float[] lse, float[] delta) {
        for (int c = panel; c < panel + NR; c += Simd.LANES) {
            FloatVector shift = FloatVector.fromArray(Simd.F, lse, c);
            FloatVector less = FloatVector.fromArray(Simd.F, delta, c);
            boolean full = window.isFull(c, key + low, key + high);
            if (!full) {
                hide(scores, c, key, low, high, window);
                shift = shift.blend(0, shift.compare(VectorOperators.EQ, Float.NEGATIVE_INFINITY));
            }
            for (int i = low; i < high; i++) {
                int at = i * STRIDE + c;
                FloatVector e = Simd.exp(FloatVector.fromArray(Simd.F, scores, at).sub(shift));
                e.intoArray(scores, at);
                e.mul(FloatVector.fromArray(Simd.F, dScores, at).sub(less)).intoArray(dScores, at);
            }
        }
    }

    private static void clear(float[] scores, int c, int low, int high) {
        FloatVector zero = FloatVector.zero(Simd.F);
        for (int i = low; i < high; i++) {
            zero.intoArray(scores, i * STRIDE + c);
            zero.intoArray(scores, i * STRIDE + c + Simd.LANES);
        }
    }
}
