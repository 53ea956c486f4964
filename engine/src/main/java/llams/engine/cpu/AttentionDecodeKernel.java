package llams.engine.cpu;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import llams.engine.cpu.AttentionBlocks.Geometry;
import llams.engine.tensor.Tensor;

/// Attention of one token, as in decoding, without packing. Tasks share out the keys, not the heads: so keys and values
/// are read row after row, where a head alone would pick its part of every row, at distances at which processors do not
/// fetch ahead. Each task brings its own maximum, sum and weighted values, which are then joined.
final class AttentionDecodeKernel {
    /// Keys of a task. Results do not depend on the number of threads, as this does not.
    private static final int KEYS = 64;
    /// Rows that stay in the first-level cache while the heads pass.
    private static final int ROWS = 8;
    /// Elements of a head whose products are added up at once.
    private static final int CHUNK = 64;

    private static final int QUERY = 14;
    private static final int PARTS = 15;
    private static final int SCORES = 0;
    private static final int LANES = 1;

    private AttentionDecodeKernel() {}

    /// One token's attention; see [AttentionKernel#forward]. A part is what one task found: for each head the values'
    /// weighted sum, then the maximum of each, then the total of each.
    static void forward(MemorySegment q, MemorySegment k, MemorySegment v, MemorySegment out, Tensor logSumExp,
            Geometry g, int t, Parallel p) {
        int heads = g.heads();
        int width = g.width();
        float[] query = p.buffers().floats(QUERY, width);
        MemorySegment.copy(q, Tensor.F32, (long) t * width * 4, query, 0, width);
        for (int i = 0; i < width; i++) {
            query[i] *= g.scale();
        }
        int first = g.first().getInt(t);
        int end = g.last().getInt(t) + 1;
        int parts = Math.ceilDiv(Math.max(0, end - first), KEYS);
        int length = width + 2 * heads;
        float[] found = p.buffers().floats(PARTS, parts * length);
        p.run(parts, (part, buffers) -> {
            int from = first + part * KEYS;
            part(query, k, v, g, from, Math.min(KEYS, end - from), found, part * length,
                    buffers.floats(SCORES, heads * KEYS), buffers.floats(LANES, Simd.SUM_LANES));
        });
        p.run(g.kvHeads(), (kvHead, buffers) -> {
            for (int head = kvHead * g.group(); head < (kvHead + 1) * g.group(); head++) {
                join(found, parts, length, head, g, out, (long) t * width, buffers.floats(SCORES, g.headDim()),
                        logSumExp, t);
            }
        });
    }

    private static void part(float[] query, MemorySegment k, MemorySegment v, Geometry g, int from, int keys,
            float[] found, int at, float[] scores, float[] lanes) {
        int headDim = g.headDim();
        int max = at + g.width();
        int total = max + g.heads();
        Arrays.fill(found, at, max, 0);
        Arrays.fill(scores, 0, g.heads() * KEYS, 0);
        for (int i = 0; i < keys; i += ROWS) {
            long row = (long) (from + i) * g.kvWidth();
            int rows = Math.min(ROWS, keys - i);
            for (int head = 0; head < g.heads(); head++) {
                for (int d = 0; d < headDim; d += CHUNK) {
                    dot(query, head * headDim + d, k, row + head / g.group() * headDim + d, g.kvWidth(), scores,
                            head * KEYS + i, rows, Math.min(CHUNK, headDim - d), lanes);
                }
            }
        }
        for (int head = 0; head < g.heads(); head++) {
            found[max + head] = softmax(scores, head * KEYS, keys, found, total + head, lanes);
        }
        for (int i = 0; i < keys; i += ROWS) {
            long row = (long) (from + i) * g.kvWidth();
            int rows = Math.min(ROWS, keys - i);
            for (int head = 0; head < g.heads(); head++) {
                for (int d = 0; d < headDim; d += 4 * Simd.LANES) {
                    weigh(scores, head * KEYS + i, rows, v, row + head / g.group() * headDim + d, g.kvWidth(), found,
                            at + head * headDim + d, Math.min(4 * Simd.LANES, headDim - d));
                }
            }
        }
    }

    /// Brings all parts of a head to the largest maximum and adds them up.
    private static void join(float[] found, int parts, int length, int head, Geometry g, MemorySegment out, long at,
            float[] sum, Tensor logSumExp, int t) {
        int headDim = g.headDim();
        int maxima = g.width() + head;
        int totals = maxima + g.heads();
        float max = Float.NEGATIVE_INFINITY;
        for (int part = 0; part < parts; part++) {
            max = Math.max(max, found[part * length + maxima]);
        }
        Arrays.fill(sum, 0, headDim, 0);
        float total = 0;
        for (int part = 0; part < parts; part++) {
            float weight = Simd.exp(found[part * length + maxima] - max);
            total = Math.fma(weight, found[part * length + totals], total);
            for (int d = 0, from = part * length + head * headDim; d < headDim; d++) {
                sum[d] = Math.fma(weight, found[from + d], sum[d]);
            }
        }
        for (int d = 0; d < headDim; d++) {
            sum[d] *= total == 0 ? 0 : 1 / total;
        }
        logSumExp.setFloat((long) t * g.heads() + head, max + (float) StrictMath.log(total));
        MemorySegment.copy(sum, 0, out, Tensor.F32, (at + head * headDim) * 4, headDim);
    }

    /// `scores[at + i] += sum over d < count of query[from + d] k[row + i * stride + d]` for `i < keys`; `count <=
    /// CHUNK`. Where the query's lanes fit the registers they stay there; the sum is the same.
    private static void dot(float[] query, int from, MemorySegment k, long row, int stride, float[] scores, int at,
            int keys, int count, float[] lanes) {
        if (count < CHUNK || Simd.LANES == 4) {
            for (int i = 0; i < keys; i++) {
                scores[at + i] += Simd.dot(k, row + (long) i * stride, query, from, count, lanes);
            }
            return;
        }
        // The eight of 256 bits; of 512 bits, the even ones are all.
        FloatVector q0 = at(query, from);
        FloatVector q1 = at(query, from + 8);
        FloatVector q2 = at(query, from + 16);
        FloatVector q3 = at(query, from + 24);
        FloatVector q4 = at(query, from + 32);
        FloatVector q5 = at(query, from + 40);
        FloatVector q6 = at(query, from + 48);
        FloatVector q7 = Simd.LANES == 8 ? at(query, from + 56) : q6;
        for (int i = 0; i < keys; i++) {
            long key = row + (long) i * stride;
            FloatVector sum = lanes(k, key, q0, q2, q4, q6);
            if (Simd.LANES == 8) {
                sum = sum.add(lanes(k, key + 8, q1, q3, q5, q7));
            }
            scores[at + i] += Simd.sum(sum);
        }
    }

    private static FloatVector at(float[] query, int from) {
        return FloatVector.fromArray(Simd.F, query, from);
    }

    /// One vector of the lanes of `k · q`, of which `q0` to `q3` hold what belongs to them.
    private static FloatVector lanes(MemorySegment k, long key, FloatVector q0, FloatVector q1, FloatVector q2,
            FloatVector q3) {
        FloatVector sum = Simd.load(k, key).fma(q0, FloatVector.zero(Simd.F));
        sum = Simd.load(k, key + 16).fma(q1, sum);
        sum = Simd.load(k, key + 32).fma(q2, sum);
        return Simd.load(k, key + 48).fma(q3, sum);
    }

    /// Scores become `e^(score - max)`; returns their maximum and puts their total at `totals[at]`.
    private static float softmax(float[] scores, int from, int keys, float[] totals, int at, float[] lanes) {
        float max = Float.NEGATIVE_INFINITY;
        for (int i = from; i < from + keys; i++) {
            max = Math.max(max, scores[i]);
        }
        Arrays.fill(scores, from + keys, from + KEYS, Float.NEGATIVE_INFINITY);
        for (int lane = 0; lane < Simd.SUM_LANES; lane += Simd.LANES) {
            FloatVector total = FloatVector.zero(Simd.F);
            for (int i = from + lane; i < from + KEYS; i += Simd.SUM_LANES) {
                FloatVector e = Simd.exp(FloatVector.fromArray(Simd.F, scores, i).sub(max));
                e.intoArray(scores, i);
                total = total.add(e);
            }
            total.intoArray(lanes, lane);
        }
        totals[at] = Simd.sum(lanes, 0);
        return max;
    }

    /// `sum[at + d] += sum over i < keys of weights[from + i] v[row + i * stride + d]` for `d < count <= 4 * LANES`.
    private static void weigh(float[] weights, int from, int keys, MemorySegment v, long row, int stride, float[] sum,
            int at, int count) {
        int d = 0;
        if (count == 4 * Simd.LANES) {
            FloatVector s0 = FloatVector.fromArray(Simd.F, sum, at);
            FloatVector s1 = FloatVector.fromArray(Simd.F, sum, at + Simd.LANES);
            FloatVector s2 = FloatVector.fromArray(Simd.F, sum, at + 2 * Simd.LANES);
            FloatVector s3 = FloatVector.fromArray(Simd.F, sum, at + 3 * Simd.LANES);
            for (int i = 0; i < keys; i++) {
                FloatVector w = FloatVector.broadcast(Simd.F, weights[from + i]);
                long value = row + (long) i * stride;
                s0 = Simd.load(v, value).fma(w, s0);
                s1 = Simd.load(v, value + Simd.LANES).fma(w, s1);
                s2 = Simd.load(v, value + 2 * Simd.LANES).fma(w, s2);
                s3 = Simd.load(v, value + 3 * Simd.LANES).fma(w, s3);
            }
            s0.intoArray(sum, at);
            s1.intoArray(sum, at + Simd.LANES);
            s2.intoArray(sum, at + 2 * Simd.LANES);
            s3.intoArray(sum, at + 3 * Simd.LANES);
            return;
        }
        for (; d <= count - Simd.LANES; d += Simd.LANES) {
            FloatVector s = FloatVector.fromArray(Simd.F, sum, at + d);
            for (int i = 0; i < keys; i++) {
                s = Simd.load(v, row + (long) i * stride + d).fma(FloatVector.broadcast(Simd.F, weights[from + i]), s);
            }
            s.intoArray(sum, at + d);
        }
        for (; d < count; d++) {
            for (int i = 0; i < keys; i++) {
                sum[at + d] = Math.fma(v.get(Tensor.F32, (row + (long) i * stride + d) * 4), weights[from + i],
                        sum[at + d]);
            }
        }
    }
}
