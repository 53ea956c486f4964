package llams.engine.cpu;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import llams.engine.tensor.Tensor;

/// The output projection, the loss and its gradients in one: logits `x · weight^T` exist only for a block of counted tokens,
/// never for all. Tokens with a negative label cost nothing.
final class CrossEntropyKernel {
    /// Counted tokens of a block, at most; the weight is read once per block and product.
    private static final int TOKENS = 512;
    /// Logits of a block, at most, unless the vocabulary is so large that `FEW_TOKENS` have more.
    private static final int LOGITS_OF_BLOCK = 1 << 25;
    private static final int FEW_TOKENS = 32;

    /// Terms that are summed in f32 before the sum goes on in double.
    private static final int F32_SUM = 2048;

    private static final int COUNTED = 0;
    private static final int LOST = 0;
    private static final int X = 0;
    private static final int LOGITS = 1;
    private static final int DX = 2;

    private CrossEntropyKernel() {
    }

    /// @param x         F32 `[tokens, dim]`
    /// @param weight    `[vocab, dim]`, any weight dtype
    /// @param labels    I32 `[tokens]`; negative: not counted
    /// @param scale     F32 `[1]`, such as 1 / counted tokens
    /// @param loss      F32 `[1]`: `scale` times the sum of `tokenLoss`
    /// @param tokenLoss F32 `[tokens]`: `logSumExp - logit[label]`, 0 where not counted; or null
    /// @param dx        F32 `[tokens, dim]`, the gradient of `loss`; or null
    /// @param dWeight   F32 `[vocab, dim]`, the gradient of `loss`; or null
    static void run(Tensor x, Tensor weight, Tensor labels, Tensor scale, Tensor loss, Tensor tokenLoss, Tensor dx,
            Tensor dWeight, Parallel p) {
        int tokens = Check.dim("crossEntropy", "x", x, 2, 0);
        int dim = Check.dim("crossEntropy", "x", x, 2, 1);
        int vocab = Check.dim("crossEntropy", "weight", weight, 2, 0);
        check(x, weight, labels, scale, loss, tokens, dim, vocab);
        clear("tokenLoss", tokenLoss, p, tokens);
        clear("dx", dx, p, tokens, dim);
        clear("dWeight", dWeight, p, vocab, dim);
        int[] counted = p.scratch().ints(COUNTED, tokens);
        int count = counted(labels, tokens, counted);
        double[] lost = p.scratch().doubles(LOST, TOKENS);
        int most = Math.clamp(LOGITS_OF_BLOCK / vocab, FEW_TOKENS, TOKENS);
        float factor = scale.getFloat(0);
        double total = 0;
        for (int from = 0; from < count; from += most) {
            int first = from;
            int rows = Math.min(most, count - from);
            Tensor block = gather(x, counted, from, rows, p);
            Tensor logits = p.scratch().tensor(LOGITS, rows, vocab);
            Gemm.multiply(block, false, weight, true, logits, false, p);
            boolean isDifferentiated = dx != null || dWeight != null;
            p.run(rows, (row, _) ->
                lost[row] = row(logits, row, vocab, labels.getInt(counted[first + row]), factor, isDifferentiated));
            for (int row = 0; row < rows; row++) {
                total += lost[row];
                if (tokenLoss != null) {
                    tokenLoss.setFloat(counted[from + row], (float) lost[row]);
                }
            }
            if (dx != null) {
                Tensor dBlock = p.scratch().tensor(DX, rows, dim);
                Gemm.multiply(logits, false, weight, false, dBlock, false, p);
                for (int row = 0; row < rows; row++) {
                    copyRow(dBlock, row, dx, counted[from + row], dim);
                }
            }
            if (dWeight != null) {
                Gemm.multiply(logits, true, block, false, dWeight, from > 0, p);
            }
        }
        loss.setFloat(0, (float) (total * factor));
    }

    private static void check(Tensor x, Tensor weight, Tensor labels, Tensor scale, Tensor loss, int tokens, int dim,
            int vocab) {
        Check.f32("crossEntropy", "x", x, tokens, dim);
        Check.weight("crossEntropy", "weight", weight, vocab, dim);
        Check.i32("crossEntropy", "labels", labels, tokens);
        Check.f32("crossEntropy", "scale", scale, 1);
        Check.f32("crossEntropy", "loss", loss, 1);
        for (int t = 0; t < tokens; t++) {
            if (labels.getInt(t) >= 0) {
                Check.index("crossEntropy", "labels", labels, t, vocab);
            }
        }
    }

    private static void clear(String name, Tensor result, Parallel p, long... dims) {
        if (result != null) {
            Check.f32("crossEntropy", name, result, dims);
            ElementwiseKernel.clear(result, p);
        }
    }

    /// The loss of one token. If differentiated, its logits become `factor (softmax(logits) - onehot(label))`.
    private static double row(Tensor logits, int row, int vocab, int label, float factor, boolean isDifferentiated) {
        long at = (long) row * vocab;
        float largest = largest(logits.data(), at, vocab);
        double logSumExp = largest + Math.log(sumOfExponents(logits.data(), at, vocab, largest));
        double lost = logSumExp - logits.getFloat(at + label);
        if (isDifferentiated) {
            logitGradient(logits.data(), at, vocab, (float) logSumExp, factor);
            logits.setFloat(at + label, logits.getFloat(at + label) - factor);
        }
        return lost;
    }

    private static int counted(Tensor labels, int tokens, int[] counted) {
        int count = 0;
        for (int t = 0; t < tokens; t++) {
            if (labels.getInt(t) >= 0) {
                counted[count++] = t;
            }
        }
        return count;
    }

    private static Tensor gather(Tensor x, int[] counted, int from, int rows, Parallel p) {
        int dim = (int) x.shape().dim(1);
        Tensor block = p.scratch().tensor(X, rows, dim);
        for (int row = 0; row < rows; row++) {
            copyRow(x, counted[from + row], block, row, dim);
        }
        return block;
    }

    private static void copyRow(Tensor source, int row, Tensor target, int targetRow, int dim) {
        long bytes = dim * 4L;
        MemorySegment.copy(source.data(), row * bytes, target.data(), targetRow * bytes, bytes);
    }

    private static float largest(MemorySegment logits, long at, int words) {
        FloatVector largest = FloatVector.broadcast(Simd.F, Float.NEGATIVE_INFINITY);
        int i = 0;
        for (; i <= words - Simd.LANES; i += Simd.LANES) {
            largest = largest.max(Simd.load(logits, at + i));
        }
        float max = largest.reduceLanes(VectorOperators.MAX);
        for (; i < words; i++) {
            max = Math.max(max, logits.get(Tensor.F32, (at + i) * 4));
        }
        return max;
    }

    /// The sum of `e^(logit - largest)`.
    private static double sumOfExponents(MemorySegment logits, long at, int words, float largest) {
        double sum = 0;
        int i = 0;
        while (i <= words - Simd.LANES) {
            int end = Math.min(words, i + F32_SUM);
            FloatVector total = FloatVector.zero(Simd.F);
            for (; i <= end - Simd.LANES; i += Simd.LANES) {
                total = total.add(Simd.exp(Simd.load(logits, at + i).sub(largest)));
            }
            sum += Simd.sum(total);
        }
        for (; i < words; i++) {
            sum += Math.exp(logits.get(Tensor.F32, (at + i) * 4) - largest);
        }
        return sum;
    }

    /// Logits become `factor e^(logit - logSumExp)`.
    private static void logitGradient(MemorySegment logits, long at, int words, float logSumExp, float factor) {
        int i = 0;
        for (; i <= words - Simd.LANES; i += Simd.LANES) {
            Simd.store(Simd.exp(Simd.load(logits, at + i).sub(logSumExp)).mul(factor), logits, at + i);
        }
        for (; i < words; i++) {
            float p = (float) Math.exp(logits.get(Tensor.F32, (at + i) * 4) - logSumExp);
            logits.set(Tensor.F32, (at + i) * 4, p * factor);
        }
    }
}
