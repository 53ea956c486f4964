package llams.engine.cpu;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import llams.engine.tensor.Tensor;

/// How [AttentionKernel] and [AttentionGradientKernel] divide their work, and what they read and write blocks with.
///
/// A block has `COLUMNS` queries (tokens times the heads that share one key head) and `KEYS` keys. Scores are kept
/// transposed, a row per key and a lane per query, so softmax needs no sums across lanes, and what [GemmTile] wrote
/// as a product it reads as the next one's factor. What has a lane per query lies in panels of `NR` queries, row after
/// row. Tiles that no query of theirs may see are skipped.
final class AttentionBlocks {
    private static final int MR = GemmTile.MR;
    private static final int NR = GemmTile.NR;
    private static final int STRIDE = GemmTile.STRIDE;
    /// Queries of a block: a multiple of every `NR`, at most `KC`.
    static final int COLUMNS = 256;
    /// Keys of a block: a multiple of every `MR`.
    static final int KEYS = 96;

    private AttentionBlocks() {}

    /// What the tasks of one call share. A column is a query of one key head: `token * group + head within the group`.
    ///
    /// @param group query heads per key head
    /// @param width row length of `q`, `heads * headDim`
    /// @param kvWidth row length of `k`, `kvHeads * headDim`
    record Geometry(int tokens, int rows, int heads, int kvHeads, int headDim, int group, int width, int kvWidth,
            Tensor first, Tensor last) {
        static Geometry of(String op, Tensor q, Tensor k, Tensor v, Tensor first, Tensor last, int headDim) {
            int tokens = q.dim(0);
            int width = q.dim(1);
            int rows = k.dim(0);
            int kvWidth = k.dim(1);
            Guard.that(headDim <= GemmTile.KC, op + ": headDim is " + headDim + ", wanted at most " + GemmTile.KC);
            for (int t = 0; t < tokens; t++) {
                if (first.getInt(t) <= last.getInt(t)) {
                    Guard.index(op, "first", first, t, rows);
                    Guard.index(op, "last", last, t, rows);
                }
            }
            return new Geometry(tokens, rows, width / headDim, kvWidth / headDim, headDim, width / kvWidth, width,
                    kvWidth, first, last);
        }

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

    /// Which keys the columns of a block may see.
    static final class Window {
        final int[] first;
        final int[] last;
        final int from;
        final int to;

        Window(Geometry g, int column, int columns, ThreadBuffers buffers) {
            first = buffers.ints(0, COLUMNS);
            last = buffers.ints(1, COLUMNS);
            // Beyond the columns, and for a token that sees nothing: an empty range that widens no minimum or maximum.
            Arrays.fill(first, Integer.MAX_VALUE);
            Arrays.fill(last, -1);
            int lowest = Integer.MAX_VALUE;
            int highest = -1;
            for (int c = 0; c < columns; c++) {
                int t = (column + c) / g.group();
                if (g.first().getInt(t) <= g.last().getInt(t)) {
                    first[c] = g.first().getInt(t);
                    last[c] = g.last().getInt(t);
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
            return IntVector.fromArray(Simd.I, first, c)
                    .compare(VectorOperators.LE, row)
                    .and(IntVector.fromArray(Simd.I, last, c).compare(VectorOperators.GE, row))
                    .cast(Simd.F);
        }
    }

    /// Scores of keys that a query may not see become -inf, in `LANES` columns from `c`; `scores` is the panel's.
    static void hide(float[] scores, int c, int key, int low, int high, Window window) {
        FloatVector nothing = FloatVector.broadcast(Simd.F, Float.NEGATIVE_INFINITY);
        for (int i = low; i < high; i++) {
            int at = i * NR + c % NR;
            FloatVector s = FloatVector.fromArray(Simd.F, scores, at);
            nothing.blend(s, window.sees(c, key + i)).intoArray(scores, at);
        }
    }

    /// Rows of `wide` floats, one for each of `COLUMNS` queries, into panels of `wide` rows.
    static void intoPanels(float[] rows, int wide, int headDim, float[] panels, float[] stage) {
        for (int c = 0; c < COLUMNS; c += Simd.LANES) {
            Transpose.band(rows, c * wide, wide, headDim, panels, c / NR * NR * wide + c % NR, NR, stage);
        }
    }

    /// Panels of `tall` rows, the first `headDim` of which count, into rows of `wide` floats, one for each query.
    static void outOfPanels(float[] panels, int tall, int headDim, int columns, float[] rows, int wide, float[] stage) {
        for (int c = 0; c < columns; c += NR) {
            for (int d = 0; d < headDim; d += Simd.LANES) {
                Transpose.band(panels, c * tall + d * NR, NR, NR, rows, c * wide + d, wide, stage);
            }
        }
    }

    /// Queries (or their gradients) as rows of `wide` floats, times `scale`; zeros beyond the columns and `headDim`.
    static void loadQueries(MemorySegment source, Geometry g, int kvHead, int from, int columns, int wide, float scale,
            float[] target) {
        for (int c = 0; c < columns; c++) {
            loadRow(source, g.query(kvHead, from + c), g.headDim(), scale, target, c * wide);
            Arrays.fill(target, c * wide + g.headDim(), (c + 1) * wide, 0);
        }
        Arrays.fill(target, columns * wide, COLUMNS * wide, 0);
    }

    /// Keys (or values) `key .. key + keys - 1` as rows of `STRIDE` floats; zeros in the rows up to a multiple of `MR`.
    static void loadKeys(Tensor source, Geometry g, int kvHead, int key, int keys, float[] target) {
        for (int i = 0; i < keys; i++) {
            loadRow(source.data(), g.key(kvHead, key + i), g.headDim(), 1, target, i * STRIDE);
        }
        for (int i = keys; i < Math.ceilDiv(keys, MR) * MR; i++) {
            Arrays.fill(target, i * STRIDE, i * STRIDE + g.headDim(), 0);
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

    /// `count` floats of a block, times `scale`, at element `at` of a tensor.
    static void storeRow(float[] source, int from, int count, float scale, MemorySegment target, long at) {
        int d = 0;
        for (; d <= count - Simd.LANES; d += Simd.LANES) {
            Simd.store(FloatVector.fromArray(Simd.F, source, from + d).mul(scale), target, at + d);
        }
        for (; d < count; d++) {
            target.set(Tensor.F32, (at + d) * 4, source[from + d] * scale);
        }
    }
}
