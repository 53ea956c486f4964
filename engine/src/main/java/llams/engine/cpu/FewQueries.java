package llams.engine.cpu;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import llams.engine.tensor.Tensor;

/// Attention of one token, as in decoding: every key and value is read once for all the heads that share it, at the
/// memory's speed, without packing.
final class FewQueries {
    private static final int KEYS = 64;

    private FewQueries() {
    }

    /// The heads of `kvHead` of token `t`; see [AttentionKernel#forward].
    static void forward(MemorySegment q, MemorySegment k, MemorySegment v, MemorySegment out, Tensor logSumExp, Tensor first,
            Tensor last, int t, int kvHead, int group, int headDim, int width, int kvWidth, Scratch scratch) {
        float[] query = scratch.floats(0, group * headDim);
        float[] scores = scratch.floats(1, group * KEYS);
        float[] sum = scratch.floats(2, group * headDim);
        float[] max = scratch.floats(3, group);
        float[] total = scratch.floats(4, group);
        long at = (long) t * width + (long) kvHead * group * headDim;
        MemorySegment.copy(q, Tensor.F32, at * 4, query, 0, group * headDim);
        float scale = (float) (1 / Math.sqrt(headDim));
        for (int i = 0; i < group * headDim; i++) {
            query[i] *= scale;
        }
        Arrays.fill(sum, 0, group * headDim, 0);
        Arrays.fill(max, 0, group, Float.NEGATIVE_INFINITY);
        Arrays.fill(total, 0, group, 0);
        int end = last.getInt(t) + 1;
        for (int key = first.getInt(t); key < end; key += KEYS) {
            int keys = Math.min(KEYS, end - key);
            long row = (long) key * kvWidth + (long) kvHead * headDim;
            for (int i = 0; i < keys; i++) {
                for (int h = 0; h < group; h++) {
                    scores[h * KEYS + i] = dot(query, h * headDim, k, row + (long) i * kvWidth, headDim);
                }
            }
            for (int h = 0; h < group; h++) {
                softmax(scores, h * KEYS, keys, h, max, total, sum, headDim);
                for (int d = 0; d < headDim; d += 4 * Simd.LANES) {
                    weigh(scores, h * KEYS, keys, v, row + d, kvWidth, sum, h * headDim + d, Math.min(4 * Simd.LANES, headDim - d));
                }
            }
        }
        int heads = width / headDim;
        for (int h = 0; h < group; h++) {
            float inverse = total[h] == 0 ? 0 : 1 / total[h];
            for (int d = 0; d < headDim; d++) {
                sum[h * headDim + d] *= inverse;
            }
            logSumExp.setFloat((long) t * heads + kvHead * group + h, max[h] + (float) Math.log(total[h]));
        }
        MemorySegment.copy(sum, 0, out, Tensor.F32, at * 4, group * headDim);
    }

    private static float dot(float[] query, int from, MemorySegment k, long row, int headDim) {
        FloatVector s = FloatVector.zero(Simd.F);
        int d = 0;
        for (int bound = Simd.F.loopBound(headDim); d < bound; d += Simd.LANES) {
            s = Simd.load(k, row + d).fma(FloatVector.fromArray(Simd.F, query, from + d), s);
        }
        float sum = Simd.sum(s);
        for (; d < headDim; d++) {
            sum = Math.fma(k.get(Tensor.F32, (row + d) * 4), query[from + d], sum);
        }
        return sum;
    }

    /// Scores become `e^(score - max)`; the running maximum, total and weighted sum follow the new maximum.
    private static void softmax(float[] scores, int from, int keys, int h, float[] max, float[] total, float[] sum,
            int headDim) {
        float newMax = max[h];
        for (int i = from; i < from + keys; i++) {
            newMax = Math.max(newMax, scores[i]);
        }
        Arrays.fill(scores, from + keys, from + KEYS, Float.NEGATIVE_INFINITY);
        FloatVector more = FloatVector.zero(Simd.F);
        for (int i = from; i < from + KEYS; i += Simd.LANES) {
            FloatVector e = Simd.exp(FloatVector.fromArray(Simd.F, scores, i).sub(newMax));
            e.intoArray(scores, i);
            more = more.add(e);
        }
        float shrink = (float) Math.exp(max[h] - newMax);
        total[h] = total[h] * shrink + Simd.sum(more);
        max[h] = newMax;
        for (int d = h * headDim; d < (h + 1) * headDim; d++) {
            sum[d] *= shrink;
        }
    }

    /// `sum[at + d] += sum over i < keys of weights[from + i] v[row + i * stride + d]` for `d < count <= 4 * LANES`.
    private static void weigh(float[] weights, int from, int keys, MemorySegment v, long row, int stride, float[] sum, int at,
            int count) {
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
                sum[at + d] = Math.fma(v.get(Tensor.F32, (row + (long) i * stride + d) * 4), weights[from + i], sum[at + d]);
            }
        }
    }
}
