package llams.engine.tornado.kernels;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.BFloat16;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/// Attention of few tokens over many rows, as in decoding: it reads only the rows from a token's `first` to its `last`,
/// however large the cache, once for [#HEADS] heads that share them. The rows are split over [#SPLITS] work-groups,
/// each of which leaves a maximum, a sum and the weighted sum of the values; a second kernel joins these.
public final class DecodeAttentionKernels {
    /// The most dimensions of a head, a thread each.
    public static final int WIDTH = 128;
    /// Heads that share keys, per work-group.
    public static final int HEADS = 4;
    /// The most work-groups that share a token's rows.
    public static final int SPLITS = 64;
    /// Rows that a work-group holds at a time; each thread fetches a [#HEADS]th of them.
    public static final int TILE = 32;
    /// A head's dimensions must be a multiple of this.
    public static final int MULTIPLE = WIDTH / TILE;
    /// Numbers that a group leaves besides the values.
    public static final int MORE = 2;

    /// Padding, so that threads with neighbouring rows read different banks of local memory.
    private static final int PADDED = WIDTH + 1;
    private static final float LEAST = -3.0e38f;

    private DecodeAttentionKernels() {}

    /// What a work-group finds in its tiles. Groups: split, heads of a key head, token. Parameters: q, keys, values,
    /// found, heads, heads per key head, headDim, width of the keys, scale (a constant), first, last (in `ints`). For
    /// head `h` of token `t`, split `s` leaves at `((t * heads + h) * SPLITS + s) * (headDim + MORE)` its values, then
    /// the maximum and the sum; without rows, nothing.
    public static void attendToSome(KernelContext c, IntArray pc, IntArray ints, FloatArray consts, FloatArray q,
            FloatArray keys, FloatArray values, FloatArray found, IntArray k) {
        float[] query = c.allocateFloatLocalArray(HEADS * WIDTH);
        float[] keyTile = c.allocateFloatLocalArray(TILE * PADDED);
        float[] valueTile = c.allocateFloatLocalArray(TILE * WIDTH);
        float[] parts = c.allocateFloatLocalArray(HEADS * WIDTH);
        float[] scores = c.allocateFloatLocalArray(HEADS * TILE);
        int p = pc.get(0) + k.get(0);
        int x = c.localIdx;
        int y = c.localIdy;
        int heads = ints.get(p + 4);
        int shared = ints.get(p + 5);
        int headDim = ints.get(p + 6);
        int width = ints.get(p + 7);
        float scale = consts.get(ints.get(p + 8));
        int token = c.groupIdz;
        int first = ints.get(ints.get(p + 9) + token);
        int last = ints.get(ints.get(p + 10) + token);
        int sets = (shared + HEADS - 1) / HEADS;
        int keyHead = c.groupIdy / sets;
        int inSet = (c.groupIdy - keyHead * sets) * HEADS + y;
        // Threads without a head of their own repeat another's work and leave nothing.
        int head = keyHead * shared + TornadoMath.min(inSet, shared - 1);
        int d = TornadoMath.min(x, headDim - 1);
        int keysAt = ints.get(p + 1) + keyHead * headDim + d;
        int valuesAt = ints.get(p + 2) + keyHead * headDim + d;
        int key = x & TILE - 1;
        int quarter = headDim / (WIDTH / TILE);
        int from = x / TILE * quarter;
        query[y * WIDTH + x] = q.get(ints.get(p) + (token * heads + head) * headDim + d) * scale;
        float most = LEAST;
        float sum = 0.0f;
        float value = 0.0f;
        for (int row = first + c.groupIdx * TILE; row <= last; row += SPLITS * TILE) {
            // All loads are under way before the first arrives.
            int r0 = TornadoMath.min(row + y, last) * width;
            int r1 = TornadoMath.min(row + HEADS + y, last) * width;
            int r2 = TornadoMath.min(row + 2 * HEADS + y, last) * width;
            int r3 = TornadoMath.min(row + 3 * HEADS + y, last) * width;
            int r4 = TornadoMath.min(row + 4 * HEADS + y, last) * width;
            int r5 = TornadoMath.min(row + 5 * HEADS + y, last) * width;
            int r6 = TornadoMath.min(row + 6 * HEADS + y, last) * width;
            int r7 = TornadoMath.min(row + 7 * HEADS + y, last) * width;
            float k0 = keys.get(keysAt + r0);
            float k1 = keys.get(keysAt + r1);
            float k2 = keys.get(keysAt + r2);
            float k3 = keys.get(keysAt + r3);
            float k4 = keys.get(keysAt + r4);
            float k5 = keys.get(keysAt + r5);
            float k6 = keys.get(keysAt + r6);
            float k7 = keys.get(keysAt + r7);
            float v0 = values.get(valuesAt + r0);
            float v1 = values.get(valuesAt + r1);
            float v2 = values.get(valuesAt + r2);
            float v3 = values.get(valuesAt + r3);
            float v4 = values.get(valuesAt + r4);
            float v5 = values.get(valuesAt + r5);
            float v6 = values.get(valuesAt + r6);
            float v7 = values.get(valuesAt + r7);
            keyTile[y * PADDED + x] = k0;
            keyTile[(HEADS + y) * PADDED + x] = k1;
            keyTile[(2 * HEADS + y) * PADDED + x] = k2;
            keyTile[(3 * HEADS + y) * PADDED + x] = k3;
            keyTile[(4 * HEADS + y) * PADDED + x] = k4;
            keyTile[(5 * HEADS + y) * PADDED + x] = k5;
            keyTile[(6 * HEADS + y) * PADDED + x] = k6;
            keyTile[(7 * HEADS + y) * PADDED + x] = k7;
            valueTile[y * WIDTH + x] = v0;
            valueTile[(HEADS + y) * WIDTH + x] = v1;
            valueTile[(2 * HEADS + y) * WIDTH + x] = v2;
            valueTile[(3 * HEADS + y) * WIDTH + x] = v3;
            valueTile[(4 * HEADS + y) * WIDTH + x] = v4;
            valueTile[(5 * HEADS + y) * WIDTH + x] = v5;
            valueTile[(6 * HEADS + y) * WIDTH + x] = v6;
            valueTile[(7 * HEADS + y) * WIDTH + x] = v7;
            c.localBarrier();
            float dot = 0.0f;
            for (int i = from; i < from + quarter; i++) {
                dot += query[y * WIDTH + i] * keyTile[key * PADDED + i];
            }
            parts[y * WIDTH + x] = dot;
            c.localBarrier();
            if (x < TILE) {
                float score = parts[y * WIDTH + x] + parts[y * WIDTH + TILE + x] + parts[y * WIDTH + 2 * TILE + x]
                        + parts[y * WIDTH + 3 * TILE + x];
                if (row + x > last) {
                    score = LEAST;
                }
                scores[y * TILE + x] = score;
            }
            c.localBarrier();
            float before = most;
            for (int i = 0; i < TILE; i++) {
                most = TornadoMath.max(most, scores[y * TILE + i]);
            }
            c.localBarrier();
            if (x < TILE) {
                scores[y * TILE + x] = TornadoMath.exp(scores[y * TILE + x] - most);
            }
            c.localBarrier();
            float fade = TornadoMath.exp(before - most);
            sum = sum * fade;
            value = value * fade;
            for (int i = 0; i < TILE; i++) {
                float weight = scores[y * TILE + i];
                sum += weight;
                value += weight * valueTile[i * WIDTH + x];
            }
            c.localBarrier();
        }
        if (inSet < shared && x < headDim && first + c.groupIdx * TILE <= last) {
            int to = ints.get(p + 3) + ((token * heads + head) * SPLITS + c.groupIdx) * (headDim + MORE);
            found.set(to + x, value);
            if (x == 0) {
                found.set(to + headDim, most);
                found.set(to + headDim + 1, sum);
            }
        }
    }

    /// Joins what the splits of a head found, for the threads of the first row; puts the logarithm of the sum at
    /// `lseAt`.
    private static float joined(KernelContext c, FloatArray found, int from, int headDim, int splits,
            FloatArray logSumExp, int lseAt) {
        float[] mosts = c.allocateFloatLocalArray(HEADS);
        float[] sums = c.allocateFloatLocalArray(HEADS);
        float[] all = c.allocateFloatLocalArray(HEADS * WIDTH);
        int x = c.localIdx;
        int y = c.localIdy;
        int d = TornadoMath.min(x, headDim - 1);
        float most = LEAST;
        for (int split = y; split < splits; split += HEADS) {
            most = TornadoMath.max(most, found.get(from + split * (headDim + MORE) + headDim));
        }
        float sum = 0.0f;
        float value = 0.0f;
        for (int split = y; split < splits; split += HEADS) {
            int at = from + split * (headDim + MORE);
            float weight = TornadoMath.exp(found.get(at + headDim) - most);
            sum += weight * found.get(at + headDim + 1);
            value += weight * found.get(at + d);
        }
        all[y * WIDTH + x] = value;
        if (x == 0) {
            mosts[y] = most;
            sums[y] = sum;
        }
        c.localBarrier();
        for (int i = 0; i < HEADS; i++) {
            most = TornadoMath.max(most, mosts[i]);
        }
        sum = 0.0f;
        value = 0.0f;
        for (int i = 0; i < HEADS; i++) {
            float weight = TornadoMath.exp(mosts[i] - most);
            sum += weight * sums[i];
            value += weight * all[i * WIDTH + x];
        }
        if (x == 0 && y == 0) {
            float lse = Float.NEGATIVE_INFINITY;
            if (splits > 0) {
                lse = most + TornadoMath.log(sum);
            }
            logSumExp.set(lseAt, lse);
        }
        // Without rows, the sum is zero.
        return value / TornadoMath.max(sum, 1.0e-30f);
    }

    private static int splits(int first, int last) {
        return TornadoMath.min((last - first + TILE) / TILE, SPLITS);
    }

    /// Joins what the splits of a head found. Groups: head, token. Parameters: found, out, logSumExp, heads, headDim,
    /// first, last (in `ints`).
    public static void joinFound(KernelContext c, IntArray pc, IntArray ints, FloatArray found, FloatArray out,
            FloatArray logSumExp, IntArray k) {
        int p = pc.get(0) + k.get(0);
        int head = c.groupIdy * ints.get(p + 3) + c.groupIdx;
        int headDim = ints.get(p + 4);
        int splits = splits(ints.get(ints.get(p + 5) + c.groupIdy), ints.get(ints.get(p + 6) + c.groupIdy));
        float value = joined(c, found, ints.get(p) + head * SPLITS * (headDim + MORE), headDim, splits, logSumExp,
                ints.get(p + 2) + head);
        if (c.localIdy == 0 && c.localIdx < headDim) {
            out.set(ints.get(p + 1) + head * headDim + c.localIdx, value);
        }
    }

    /// As [#joinFound], the result also in BF16 for products that read it (with CUDA). Parameters: found, out,
    /// logSumExp, rounded, then as there.
    public static void joinFoundRounded(KernelContext c, IntArray pc, IntArray ints, FloatArray found, FloatArray out,
            FloatArray logSumExp, ShortArray rounded, IntArray k) {
        int p = pc.get(0) + k.get(0);
        int head = c.groupIdy * ints.get(p + 4) + c.groupIdx;
        int headDim = ints.get(p + 5);
        int splits = splits(ints.get(ints.get(p + 6) + c.groupIdy), ints.get(ints.get(p + 7) + c.groupIdy));
        float value = joined(c, found, ints.get(p) + head * SPLITS * (headDim + MORE), headDim, splits, logSumExp,
                ints.get(p + 2) + head);
        if (c.localIdy == 0 && c.localIdx < headDim) {
            int at = head * headDim + c.localIdx;
            out.set(ints.get(p + 1) + at, value);
            rounded.set(ints.get(p + 3) + at, BFloat16.bf16FromFloat(value));
        }
    }
}
