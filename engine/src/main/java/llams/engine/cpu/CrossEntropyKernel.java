package llams.engine.cpu;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;

/// The output projection and the loss in one: logits `x · weight^T` exist only for a block of counted tokens times a
/// block of the vocabulary, never for all. Tokens with a negative label cost nothing.
final class CrossEntropyKernel {
    /// Counted tokens of a block; the weight is read once per block.
    private static final int TOKENS = 512;
    /// Rows of the weight in a block.
    private static final int WORDS = 2048;

    private static final int COUNTED = 0;
    private static final int MAX = 0;
    private static final int SUM = 1;
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
    /// @param tokenLoss F32 `[tokens]`: `logSumExp - logit[label]`; 0 where not counted
    /// @param logSumExp F32 `[tokens]`, kept for the gradient; 0 where not counted
    static void forward(Tensor x, Tensor weight, Tensor labels, Tensor scale, Tensor loss, Tensor tokenLoss,
            Tensor logSumExp, Parallel p) {
        int tokens = check("crossEntropy", x, weight, labels, scale, logSumExp);
        Check.f32("crossEntropy", "loss", loss, 1);
        Check.f32("crossEntropy", "tokenLoss", tokenLoss, tokens);
        int vocab = (int) weight.shape().dim(0);
        tokenLoss.data().fill((byte) 0);
        logSumExp.data().fill((byte) 0);
        int[] counted = p.scratch().ints(COUNTED, tokens);
        int count = counted(labels, tokens, counted);
        float[] max = p.scratch().floats(MAX, TOKENS);
        float[] sum = p.scratch().floats(SUM, TOKENS);
        double total = 0;
        for (int from = 0; from < count; from += TOKENS) {
            int first = from;
            int rows = Math.min(TOKENS, count - from);
            Tensor block = gather(x, counted, from, rows, p);
            Arrays.fill(max, Float.NEGATIVE_INFINITY);
            Arrays.fill(sum, 0);
            for (int word = 0; word < vocab; word += WORDS) {
                int firstWord = word;
                int words = Math.min(WORDS, vocab - word);
                Tensor logits = p.scratch().tensor(LOGITS, rows, words);
                Gemm.multiply(block, false, rows(weight, word, words), true, logits, false, p);
                p.run(rows, (row, _) -> {
                    int token = counted[first + row];
                    int label = labels.getInt(token) - firstWord;
                    if (label >= 0 && label < words) {
                        tokenLoss.setFloat(token, -logits.getFloat((long) row * words + label));
                    }
                    addExponents(logits.data(), (long) row * words, words, row, max, sum);
                });
            }
            for (int row = 0; row < rows; row++) {
                int token = counted[first + row];
                double lse = max[row] + Math.log(sum[row]);
                logSumExp.setFloat(token, (float) lse);
                double lost = lse + tokenLoss.getFloat(token);
                tokenLoss.setFloat(token, (float) lost);
                total += lost;
            }
        }
        loss.setFloat(0, (float) (total * scale.getFloat(0)));
    }

    /// The gradients of `loss`, times `dLoss` F32 `[1]`; the logits are computed again.
    ///
    /// @param dx      `[tokens, dim]` or null
    /// @param dWeight F32 `[vocab, dim]` or null
    static void gradient(Tensor x, Tensor weight, Tensor labels, Tensor scale, Tensor logSumExp, Tensor dLoss, Tensor dx,
            Tensor dWeight, Parallel p) {
        int tokens = check("crossEntropyGradient", x, weight, labels, scale, logSumExp);
        int dim = (int) x.shape().dim(1);
        int vocab = (int) weight.shape().dim(0);
        Check.f32("crossEntropyGradient", "dLoss", dLoss, 1);
        if (dx != null) {
            Check.f32("crossEntropyGradient", "dx", dx, tokens, dim);
            dx.data().fill((byte) 0);
        }
        int[] counted = p.scratch().ints(COUNTED, tokens);
        int count = counted(labels, tokens, counted);
        if (dWeight != null) {
            Check.f32("crossEntropyGradient", "dWeight", dWeight, vocab, dim);
            if (count == 0) {
                dWeight.data().fill((byte) 0);
            }
        }
        float factor = scale.getFloat(0) * dLoss.getFloat(0);
        for (int from = 0; from < count; from += TOKENS) {
            int first = from;
            int rows = Math.min(TOKENS, count - from);
            Tensor block = gather(x, counted, from, rows, p);
            Tensor dBlock = dx == null ? null : p.scratch().tensor(DX, rows, dim);
            for (int word = 0; word < vocab; word += WORDS) {
                int firstWord = word;
                int words = Math.min(WORDS, vocab - word);
                Tensor logits = p.scratch().tensor(LOGITS, rows, words);
                Tensor weights = rows(weight, word, words);
                Gemm.multiply(block, false, weights, true, logits, false, p);
                p.run(rows, (row, _) -> {
                    int token = counted[first + row];
                    logitGradient(logits.data(), (long) row * words, words, logSumExp.getFloat(token), factor);
                    int label = labels.getInt(token) - firstWord;
                    if (label >= 0 && label < words) {
                        long at = (long) row * words + label;
                        logits.setFloat(at, logits.getFloat(at) - factor);
                    }
                });
                if (dx != null) {
                    Gemm.multiply(logits, false, weights, false, dBlock, word > 0, p);
                }
                if (dWeight != null) {
                    Gemm.multiply(logits, true, block, false, rows(dWeight, word, words), from > 0, p);
                }
            }
            for (int row = 0; dx != null && row < rows; row++) {
                copyRow(dBlock, row, dx, counted[from + row], dim);
            }
        }
    }

    private static int check(String op, Tensor x, Tensor weight, Tensor labels, Tensor scale, Tensor logSumExp) {
        int tokens = Check.dim(op, "x", x, 2, 0);
        int dim = Check.dim(op, "x", x, 2, 1);
        int vocab = Check.dim(op, "weight", weight, 2, 0);
        Check.f32(op, "x", x, tokens, dim);
        Check.weight(op, "weight", weight, vocab, dim);
        Check.i32(op, "labels", labels, tokens);
        Check.f32(op, "scale", scale, 1);
        Check.f32(op, "logSumExp", logSumExp, tokens);
        for (int t = 0; t < tokens; t++) {
            if (labels.getInt(t) >= 0) {
                Check.index(op, "labels", labels, t, vocab);
            }
        }
        return tokens;
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

    private static Tensor rows(Tensor matrix, int from, int count) {
        long rowBytes = matrix.shape().dim(1) * matrix.dtype().bytes;
        return new Tensor(matrix.dtype(), Shape.of(count, matrix.shape().dim(1)),
                matrix.data().asSlice(from * rowBytes, count * rowBytes));
    }

    /// Takes `words` more logits into the running `max[row]` and `sum[row] = sum of e^(logit - max)`.
    private static void addExponents(MemorySegment logits, long at, int words, int row, float[] max, float[] sum) {
        FloatVector largest = FloatVector.broadcast(Simd.F, max[row]);
        int i = 0;
        for (; i <= words - Simd.LANES; i += Simd.LANES) {
            largest = largest.max(Simd.load(logits, at + i));
        }
        float newMax = largest.reduceLanes(VectorOperators.MAX);
        for (int tail = i; tail < words; tail++) {
            newMax = Math.max(newMax, logits.get(Tensor.F32, (at + tail) * 4));
        }
        FloatVector total = FloatVector.zero(Simd.F);
        for (i = 0; i <= words - Simd.LANES; i += Simd.LANES) {
            total = total.add(Simd.exp(Simd.load(logits, at + i).sub(newMax)));
        }
        double more = Simd.sum(total);
        for (; i < words; i++) {
            more += Math.exp(logits.get(Tensor.F32, (at + i) * 4) - newMax);
        }
        sum[row] = (float) (sum[row] * Math.exp(max[row] - newMax) + more);
        max[row] = newMax;
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
