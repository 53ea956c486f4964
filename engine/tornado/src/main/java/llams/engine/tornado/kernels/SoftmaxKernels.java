package llams.engine.tornado.kernels;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.BFloat16;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/// The softmax between the batched products of attention, and between the products of the loss: a work-group of
/// [#GROUP] threads per row of scores.
final class SoftmaxKernels {
    static final int GROUP = KernelFunctions.GROUP;

    private SoftmaxKernels() {}

    /// Scores become probabilities, zero outside `first..last`. Row `(block * heads + head) * count + t` of scores
    /// belongs to token `block * length + from + t`, and has `keys` of the block's rows. Parameters: scores, logSumExp,
    /// count, from, length, keys, rows of a block, heads, first, last (in `ints`).
    public static void softmaxRows(KernelContext c, IntArray pc, IntArray ints, FloatArray scores, FloatArray logSumExp,
            IntArray k) {
        int p = pc.get(0) + k.get(0);
        int count = ints.get(p + 2);
        int keys = ints.get(p + 5);
        int rows = ints.get(p + 6);
        int heads = ints.get(p + 7);
        int block = c.groupIdx / (heads * count);
        int head = c.groupIdx / count - block * heads;
        int token = block * ints.get(p + 4) + ints.get(p + 3) + c.groupIdx - c.groupIdx / count * count;
        int at = ints.get(p) + c.groupIdx * keys;
        int first = ints.get(ints.get(p + 8) + token) - block * rows;
        int last = ints.get(ints.get(p + 9) + token) - block * rows;
        float lse = KernelFunctions.logSumExp(c, scores, at + first, at + last);
        for (int i = c.localIdx; i < keys; i += GROUP) {
            float value = 0.0f;
            if (i >= first && i <= last) {
                value = TornadoMath.exp(scores.get(at + i) - lse);
            }
            scores.set(at + i, value);
        }
        if (c.localIdx == 0) {
            logSumExp.set(ints.get(p + 1) + token * heads + head, lse);
        }
    }

    /// As [#softmaxRows], the probabilities in BF16. Parameters: scores, logSumExp, probabilities, then as there.
    public static void softmaxRowsRounded(KernelContext c, IntArray pc, IntArray ints, FloatArray scores,
            FloatArray logSumExp, ShortArray probabilities, IntArray k) {
        int p = pc.get(0) + k.get(0);
        int count = ints.get(p + 3);
        int keys = ints.get(p + 6);
        int rows = ints.get(p + 7);
        int heads = ints.get(p + 8);
        int block = c.groupIdx / (heads * count);
        int head = c.groupIdx / count - block * heads;
        int token = block * ints.get(p + 5) + ints.get(p + 4) + c.groupIdx - c.groupIdx / count * count;
        int at = ints.get(p) + c.groupIdx * keys;
        int to = ints.get(p + 2) + c.groupIdx * keys;
        int first = ints.get(ints.get(p + 9) + token) - block * rows;
        int last = ints.get(ints.get(p + 10) + token) - block * rows;
        float lse = KernelFunctions.logSumExp(c, scores, at + first, at + last);
        for (int i = c.localIdx; i < keys; i += GROUP) {
            float value = 0.0f;
            if (i >= first && i <= last) {
                value = TornadoMath.exp(scores.get(at + i) - lse);
            }
            probabilities.set(to + i, BFloat16.bf16FromFloat(value));
        }
        if (c.localIdx == 0) {
            logSumExp.set(ints.get(p + 1) + token * heads + head, lse);
        }
    }

    /// The term that all scores of a row share in its gradient: `dout·out`.
    private static float shared(KernelContext c, FloatArray out, int from, FloatArray dOut, int up, int headDim) {
        float mine = 0.0f;
        for (int i = c.localIdx; i < headDim; i += GROUP) {
            mine += out.get(from + i) * dOut.get(up + i);
        }
        return KernelFunctions.sum(c, mine);
    }

    /// Scores become probabilities, and the gradients of the probabilities those of the scores:
    /// `ds = p (dp - dout·out) scale`. Parameters: scores, dScores, logSumExp, out, dOut, then count to last as of
    /// [#softmaxRows], headDim, scale (a constant).
    public static void softmaxRowsGradient(KernelContext c, IntArray pc, IntArray ints, FloatArray consts,
            FloatArray scores, FloatArray dScores, FloatArray logSumExp, FloatArray out, FloatArray dOut, IntArray k) {
        int p = pc.get(0) + k.get(0);
        int count = ints.get(p + 5);
        int keys = ints.get(p + 8);
        int rows = ints.get(p + 9);
        int heads = ints.get(p + 10);
        int headDim = ints.get(p + 13);
        int block = c.groupIdx / (heads * count);
        int head = c.groupIdx / count - block * heads;
        int token = block * ints.get(p + 7) + ints.get(p + 6) + c.groupIdx - c.groupIdx / count * count;
        int at = ints.get(p) + c.groupIdx * keys;
        int dAt = ints.get(p + 1) + c.groupIdx * keys;
        int first = ints.get(ints.get(p + 11) + token) - block * rows;
        int last = ints.get(ints.get(p + 12) + token) - block * rows;
        int vector = (token * heads + head) * headDim;
        float delta = shared(c, out, ints.get(p + 3) + vector, dOut, ints.get(p + 4) + vector, headDim);
        float lse = logSumExp.get(ints.get(p + 2) + token * heads + head);
        float scale = consts.get(ints.get(p + 14));
        for (int i = c.localIdx; i < keys; i += GROUP) {
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

    /// As [#softmaxRowsGradient], both results in BF16. Parameters: scores, dScores, logSumExp, out, dOut,
    /// probabilities, gradients, then as there.
    public static void softmaxRowsGradientRounded(KernelContext c, IntArray pc, IntArray ints, FloatArray consts,
            FloatArray scores, FloatArray dScores, FloatArray logSumExp, FloatArray out, FloatArray dOut,
            ShortArray probabilities, ShortArray gradients, IntArray k) {
        int p = pc.get(0) + k.get(0);
        int count = ints.get(p + 7);
        int keys = ints.get(p + 10);
        int rows = ints.get(p + 11);
        int heads = ints.get(p + 12);
        int headDim = ints.get(p + 15);
        int block = c.groupIdx / (heads * count);
        int head = c.groupIdx / count - block * heads;
        int token = block * ints.get(p + 9) + ints.get(p + 8) + c.groupIdx - c.groupIdx / count * count;
        int row = c.groupIdx * keys;
        int first = ints.get(ints.get(p + 13) + token) - block * rows;
        int last = ints.get(ints.get(p + 14) + token) - block * rows;
        int vector = (token * heads + head) * headDim;
        float delta = shared(c, out, ints.get(p + 3) + vector, dOut, ints.get(p + 4) + vector, headDim);
        float lse = logSumExp.get(ints.get(p + 2) + token * heads + head);
        float scale = consts.get(ints.get(p + 16));
        for (int i = c.localIdx; i < keys; i += GROUP) {
            float value = 0.0f;
            float gradient = 0.0f;
            if (i >= first && i <= last) {
                value = TornadoMath.exp(scores.get(ints.get(p) + row + i) - lse);
                gradient = value * (dScores.get(ints.get(p + 1) + row + i) - delta) * scale;
            }
            probabilities.set(ints.get(p + 5) + row + i, BFloat16.bf16FromFloat(value));
            gradients.set(ints.get(p + 6) + row + i, BFloat16.bf16FromFloat(gradient));
        }
    }

    /// A row of logits gives its token's loss and becomes the gradient of the summed loss, `scale (softmax - onehot)`;
    /// a row that is not counted becomes zero. Parameters: logits, tokenLoss, scale, vocab, labels (in `ints`).
    public static void lossOfRows(KernelContext c, IntArray pc, IntArray ints, FloatArray logits, FloatArray tokenLoss,
            FloatArray scale, IntArray k) {
        int p = pc.get(0) + k.get(0);
        int vocab = ints.get(p + 3);
        int at = ints.get(p) + c.groupIdx * vocab;
        int label = ints.get(ints.get(p + 4) + c.groupIdx);
        float lse = KernelFunctions.logSumExp(c, logits, at, at + vocab - 1);
        if (c.localIdx == 0) {
            float lost = 0.0f;
            if (label >= 0) {
                lost = lse - logits.get(at + label);
            }
            tokenLoss.set(ints.get(p + 1) + c.groupIdx, lost);
        }
        // Every thread waits until the label's logit has been read.
        c.localBarrier();
        float factor = scale.get(ints.get(p + 2));
        for (int i = c.localIdx; i < vocab; i += GROUP) {
            float value = 0.0f;
            if (label >= 0) {
                value = TornadoMath.exp(logits.get(at + i) - lse);
                if (i == label) {
                    value = value - 1.0f;
                }
                value = value * factor;
            }
            logits.set(at + i, value);
        }
    }
}
