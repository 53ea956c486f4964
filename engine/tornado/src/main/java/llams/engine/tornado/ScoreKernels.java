package llams.engine.tornado;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/// What stands between the batched products of attention, and between the products of the loss: a work-group of [#GROUP]
/// threads takes one row of scores.
final class ScoreKernels {
    static final int GROUP = 128;

    private ScoreKernels() {
    }

    /// Scores become probabilities, zero outside `first..last`. Row `(block * heads + head) * length + t` of scores belongs to
    /// token `block * length + t`. Parameters: scores, logSumExp, length, rows of a block, heads, first, last (in `ints`).
    public static void softmaxRows(KernelContext c, IntArray pc, IntArray ints, FloatArray scores, FloatArray logSumExp, int k) {
        int p = pc.get(0) + k;
        int lane = c.localIdx;
        int length = ints.get(p + 2);
        int rows = ints.get(p + 3);
        int heads = ints.get(p + 4);
        int block = c.groupIdx / (heads * length);
        int head = c.groupIdx / length - block * heads;
        int token = block * length + c.groupIdx - c.groupIdx / length * length;
        int at = ints.get(p) + c.groupIdx * rows;
        int first = ints.get(ints.get(p + 5) + token) - block * rows;
        int last = ints.get(ints.get(p + 6) + token) - block * rows;
        float[] part = c.allocateFloatLocalArray(GROUP);
        float most = -3.0e38f;
        for (int i = first + lane; i <= last; i += GROUP) {
            most = TornadoMath.max(most, scores.get(at + i));
        }
        part[lane] = most;
        c.localBarrier();
        for (int s = GROUP / 2; s > 0; s >>= 1) {
            if (lane < s) {
                part[lane] = TornadoMath.max(part[lane], part[lane + s]);
            }
            c.localBarrier();
        }
        most = part[0];
        c.localBarrier();
        float sum = 0.0f;
        for (int i = first + lane; i <= last; i += GROUP) {
            sum += TornadoMath.exp(scores.get(at + i) - most);
        }
        part[lane] = sum;
        c.localBarrier();
        for (int s = GROUP / 2; s > 0; s >>= 1) {
            if (lane < s) {
                part[lane] += part[lane + s];
            }
            c.localBarrier();
        }
        sum = part[0];
        for (int i = lane; i < rows; i += GROUP) {
            float value = 0.0f;
            if (i >= first && i <= last) {
                value = TornadoMath.exp(scores.get(at + i) - most) / sum;
            }
            scores.set(at + i, value);
        }
        if (lane == 0) {
            // A token that sees nothing has the logarithm of zero.
            float lse = Float.NEGATIVE_INFINITY;
            if (last >= first) {
                lse = most + TornadoMath.log(sum);
            }
            logSumExp.set(ints.get(p + 1) + token * heads + head, lse);
        }
    }

    /// Scores become probabilities, and the gradients of the probabilities those of the scores:
    /// `ds = p (dp - dout·out) scale`. Parameters: scores, dScores, logSumExp, out, dOut, length, rows of a block, heads,
    /// headDim, first, last (in `ints`), scale (a constant).
    public static void softmaxRowsGradient(KernelContext c, IntArray pc, IntArray ints, FloatArray consts, FloatArray scores,
            FloatArray dScores, FloatArray logSumExp, FloatArray out, FloatArray dOut, int k) {
        int p = pc.get(0) + k;
        int lane = c.localIdx;
        int length = ints.get(p + 5);
        int rows = ints.get(p + 6);
        int heads = ints.get(p + 7);
        int headDim = ints.get(p + 8);
        int block = c.groupIdx / (heads * length);
        int head = c.groupIdx / length - block * heads;
        int token = block * length + c.groupIdx - c.groupIdx / length * length;
        int at = ints.get(p) + c.groupIdx * rows;
        int dAt = ints.get(p + 1) + c.groupIdx * rows;
        int first = ints.get(ints.get(p + 9) + token) - block * rows;
        int last = ints.get(ints.get(p + 10) + token) - block * rows;
        int vector = (token * heads + head) * headDim;
        float[] part = c.allocateFloatLocalArray(GROUP);
        float dot = 0.0f;
        for (int i = lane; i < headDim; i += GROUP) {
            dot += out.get(ints.get(p + 3) + vector + i) * dOut.get(ints.get(p + 4) + vector + i);
        }
        part[lane] = dot;
        c.localBarrier();
        for (int s = GROUP / 2; s > 0; s >>= 1) {
            if (lane < s) {
                part[lane] += part[lane + s];
            }
            c.localBarrier();
        }
        float delta = part[0];
        float lse = logSumExp.get(ints.get(p + 2) + token * heads + head);
        float scale = consts.get(ints.get(p + 11));
        for (int i = lane; i < rows; i += GROUP) {
            float value = 0.0f;
            float gradient = 0.0f;
            if (i >= first && i <= last) {
                value = TornadoMath.exp(scores.get(at + i) - lse);
                gradient = value * (dScores.get(dAt + i) - delta) * scale;
            }
            scores.set(at + i, value);
            dScores.set(dAt + i, gradient);
        }
    }

    /// A row of logits gives its token's loss and becomes the gradient of the summed loss, `scale (softmax - onehot)`; a row
    /// that is not counted becomes zero. Parameters: logits, tokenLoss, scale, vocab, labels (in `ints`).
    public static void lossOfRows(KernelContext c, IntArray pc, IntArray ints, FloatArray logits, FloatArray tokenLoss,
            FloatArray scale, int k) {
        int p = pc.get(0) + k;
        int lane = c.localIdx;
        int vocab = ints.get(p + 3);
        int at = ints.get(p) + c.groupIdx * vocab;
        int label = ints.get(ints.get(p + 4) + c.groupIdx);
        float[] part = c.allocateFloatLocalArray(GROUP);
        float most = -3.0e38f;
        for (int i = lane; i < vocab; i += GROUP) {
            most = TornadoMath.max(most, logits.get(at + i));
        }
        part[lane] = most;
        c.localBarrier();
        for (int s = GROUP / 2; s > 0; s >>= 1) {
            if (lane < s) {
                part[lane] = TornadoMath.max(part[lane], part[lane + s]);
            }
            c.localBarrier();
        }
        most = part[0];
        c.localBarrier();
        float sum = 0.0f;
        for (int i = lane; i < vocab; i += GROUP) {
            sum += TornadoMath.exp(logits.get(at + i) - most);
        }
        part[lane] = sum;
        c.localBarrier();
        for (int s = GROUP / 2; s > 0; s >>= 1) {
            if (lane < s) {
                part[lane] += part[lane + s];
            }
            c.localBarrier();
        }
        sum = part[0];
        if (lane == 0) {
            float lost = 0.0f;
            if (label >= 0) {
                lost = most + TornadoMath.log(sum) - logits.get(at + label);
            }
            tokenLoss.set(ints.get(p + 1) + c.groupIdx, lost);
        }
        // The label's logit has been read before it is overwritten.
        c.localBarrier();
        float factor = scale.get(ints.get(p + 2));
        for (int i = lane; i < vocab; i += GROUP) {
            float value = 0.0f;
            if (label >= 0) {
                value = TornadoMath.exp(logits.get(at + i) - most) / sum;
                if (i == label) {
                    value = value - 1.0f;
                }
                value = value * factor;
            }
            logits.set(at + i, value);
        }
    }
}
