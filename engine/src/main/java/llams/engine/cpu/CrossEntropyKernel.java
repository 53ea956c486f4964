package llams.engine.cpu;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import llams.engine.graph.LinearCrossEntropy;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;

/// The output projection, the loss and its gradients in one: logits `x · weight^T` exist only for a block of counted
/// tokens, never for all. Tokens with a negative label cost nothing.
///
/// Where the weight needs no gradient, not even one token's logits exist all at once: the vocabulary passes by in
/// slices, and softmax's maximum and sum, and the weighted sum that is the gradient, are carried along, as attention
/// does with its keys (arXiv 2205.14135): the head is attention with one key for each id of the vocabulary.
final class CrossEntropyKernel {
    /// Terms summed in f32 before their sum is added to one in double: a multiple of `SUM_LANES`.
    private static final int F32_SUM = 2048;

    private static final int LARGEST = 0;
    private static final int SUM = 1;
    private static final int OF_LABEL = 2;
    private static final int LABEL_ROW = 0;
    private static final int LANES = 1;

    private CrossEntropyKernel() {}

    /// @param x         F32 `[tokens, dim]`
    /// @param weight    `[vocab, dim]`, any weight dtype
    /// @param labels    I32 `[tokens]`; negative: not counted
    /// @param scale     F32 `[1]`, such as 1 / counted tokens, or `[tokens]`
    /// @param loss      F32 `[1]`: the sum of `scale tokenLoss`
    /// @param tokenLoss F32 `[tokens]`: `logSumExp - logit[label]`, 0 where not counted; or null
    /// @param dx        F32 `[tokens, dim]`, the gradient of `loss`; or null
    /// @param dWeight   F32 `[vocab, dim]`, the gradient of `loss`, added to what stands there if `accumulate`; or null
    /// @param rowLength tokens of one sequence, what each adds to `dWeight` is summed apart; 0 if unknown
    /// @param work      F32 `[rows, dim]` and `[rows, sliceWidth]`, and `[rows, dim]` again unless `dx` is null: how
    ///                  many tokens and ids make a block; the whole vocabulary where there is a `dWeight`
    static void run(Tensor x, Tensor weight, Tensor labels, Tensor scale, Tensor loss, Tensor tokenLoss, Tensor dx,
            Tensor dWeight, boolean accumulate, long rowLength, Tensor[] work, Parallel p) {
        clear(tokenLoss, p);
        clear(dx, p);
        if (!accumulate) {
            clear(dWeight, p);
        }
        int vocab = weight.dim(0);
        int sliceWidth = work[LinearCrossEntropy.LOGITS].dim(1);
        double total = HeadBlocks.sum(x, labels, vocab, dx, dWeight == null ? 0 : rowLength, work, p,
                sliceWidth == vocab
                        ? block -> whole(block, weight, labels, scale, tokenLoss, dWeight, work, p)
                        : block -> slices(block, weight, labels, scale, tokenLoss, work, sliceWidth, p));
        loss.setFloat(0, (float) (isOfEach(scale) ? total : total * scale.getFloat(0)));
    }

    private static boolean isOfEach(Tensor scale) {
        return scale.elements() > 1;
    }

    private static float factor(Tensor scale, int token) {
        return scale.getFloat(isOfEach(scale) ? token : 0);
    }

    /// A block of tokens with all their logits; returns the sum of their losses.
    private static double whole(HeadBlocks.Block block, Tensor weight, Tensor labels, Tensor scale, Tensor tokenLoss,
            Tensor dWeight, Tensor[] work, Parallel p) {
        int vocab = weight.dim(0);
        double[] logSums = p.buffers().doubles(SUM, block.count());
        double[] lost = block.losses(weight, dWeight, work, p, (logits, row, token, buffers) -> {
            long at = (long) row * vocab;
            logSums[row] = logSumExp(logits.data(), at, vocab, buffers.floats(LANES, Simd.SUM_LANES));
            return logSums[row] - logits.getFloat(at + labels.getInt(token));
        }, (logits, row, token, _) -> {
            long at = (long) row * vocab;
            logitGradient(logits.data(), at, vocab, (float) logSums[row], factor(scale, token));
            long label = at + labels.getInt(token);
            logits.setFloat(label, logits.getFloat(label) - factor(scale, token));
        });
        return sum(lost, block, scale, tokenLoss);
    }

    /// The sum of losses, by their scales where each has its own.
    private static double sum(double[] lost, HeadBlocks.Block block, Tensor scale, Tensor tokenLoss) {
        double total = 0;
        for (int row = 0; row < block.count(); row++) {
            total += isOfEach(scale) ? lost[row] * factor(scale, block.token(row)) : lost[row];
            if (tokenLoss != null) {
                tokenLoss.setFloat(block.token(row), (float) lost[row]);
            }
        }
        return total;
    }

    /// The same with a slice of the vocabulary at a time.
    private static double slices(HeadBlocks.Block block, Tensor weight, Tensor labels, Tensor scale, Tensor tokenLoss,
            Tensor[] work, int sliceWidth, Parallel p) {
        int rows = block.count();
        int dim = weight.dim(1);
        int vocab = weight.dim(0);
        Tensor dBlock = block.dRows();
        double[] largest = p.buffers().doubles(LARGEST, rows);
        double[] sums = p.buffers().doubles(SUM, rows);
        double[] ofLabel = p.buffers().doubles(OF_LABEL, rows);
        Arrays.fill(largest, 0, rows, Double.NEGATIVE_INFINITY);
        Arrays.fill(sums, 0, rows, 0);
        for (int id = 0; id < vocab; id += sliceWidth) {
            int first = id;
            int width = Math.min(sliceWidth, vocab - id);
            Tensor slice = slice(weight, id, width, dim);
            Tensor logits = HeadBlocks.view(work[LinearCrossEntropy.LOGITS], rows, width);
            HeadBlocks.logits(block.rows(), slice, logits, p);
            p.run(rows, (row, buffers) -> {
                float[] lanes = buffers.floats(LANES, Simd.SUM_LANES);
                int label = labels.getInt(block.token(row)) - first;
                if (label >= 0 && label < width) {
                    ofLabel[row] = logits.getFloat((long) row * width + label);
                }
                carry(logits.data(), row, width, largest, sums, first > 0 ? dBlock : null);
                sums[row] += dBlock == null
                        ? sumOfExponents(logits.data(), (long) row * width, width, (float) largest[row], lanes)
                        : exponents(logits.data(), (long) row * width, width, (float) largest[row], lanes);
            });
            if (dBlock != null) {
                Gemm.multiply(logits, false, slice, false, dBlock, id > 0, p);
            }
        }
        p.run(rows, (row, buffers) -> {
            if (dBlock != null) {
                float[] labelRow = buffers.floats(LABEL_ROW, dim);
                Widen.row(weight, (long) labels.getInt(block.token(row)) * dim, dim, labelRow, 0);
                float factor = factor(scale, block.token(row));
                finish(dBlock.data(), (long) row * dim, dim, (float) (factor / sums[row]), factor, labelRow);
            }
            sums[row] = largest[row] + StrictMath.log(sums[row]) - ofLabel[row];
        });
        return sum(sums, block, scale, tokenLoss);
    }

    private static Tensor slice(Tensor weight, int first, int width, int dim) {
        Shape shape = Shape.of(width, dim);
        long rowBytes = Tensor.byteSize(weight.dtype(), Shape.of(dim));
        return new Tensor(weight.dtype(), shape, weight.data().asSlice(first * rowBytes, width * rowBytes));
    }

    /// Takes a slice of a token's logits into its maximum; what was summed under a smaller one shrinks, in `before`
    /// too.
    private static void carry(MemorySegment logits, int row, int width, double[] largest, double[] sums,
            Tensor before) {
        long at = (long) row * width;
        float here = largest(logits, at, width);
        if (here > largest[row]) {
            double shrink = StrictMath.exp(largest[row] - here);
            sums[row] *= shrink;
            largest[row] = here;
            if (before != null) {
                int dim = (int) before.shape().dim(1);
                scale(before.data(), (long) row * dim, dim, (float) shrink);
            }
        }
    }

    static void scale(MemorySegment x, long at, int count, float factor) {
        FloatVector factors = FloatVector.broadcast(Simd.F, factor);
        int i = 0;
        for (; i <= count - Simd.LANES; i += Simd.LANES) {
            Simd.store(Simd.load(x, at + i).mul(factors), x, at + i);
        }
        for (; i < count; i++) {
            x.set(Tensor.F32, (at + i) * 4, x.get(Tensor.F32, (at + i) * 4) * factor);
        }
    }

    /// `dx = share dx - factor labelRow`.
    private static void finish(MemorySegment dx, long at, int dim, float share, float factor, float[] labelRow) {
        FloatVector shares = FloatVector.broadcast(Simd.F, share);
        FloatVector factors = FloatVector.broadcast(Simd.F, factor);
        int i = 0;
        for (; i <= dim - Simd.LANES; i += Simd.LANES) {
            FloatVector less = FloatVector.fromArray(Simd.F, labelRow, i).mul(factors);
            Simd.store(Simd.load(dx, at + i).mul(shares).sub(less), dx, at + i);
        }
        for (; i < dim; i++) {
            dx.set(Tensor.F32, (at + i) * 4, dx.get(Tensor.F32, (at + i) * 4) * share - factor * labelRow[i]);
        }
    }

    private static void clear(Tensor result, Parallel p) {
        if (result != null) {
            ElementwiseKernel.clear(result, p);
        }
    }

    /// `log(sum(e^logit))` of one token.
    private static double logSumExp(MemorySegment logits, long at, int vocab, float[] lanes) {
        float largest = largest(logits, at, vocab);
        return largest + StrictMath.log(sumOfExponents(logits, at, vocab, largest, lanes));
    }

    static float largest(MemorySegment logits, long at, int width) {
        FloatVector largest = FloatVector.broadcast(Simd.F, Float.NEGATIVE_INFINITY);
        int i = 0;
        for (; i <= width - Simd.LANES; i += Simd.LANES) {
            largest = largest.max(Simd.load(logits, at + i));
        }
        float max = largest.reduceLanes(VectorOperators.MAX);
        for (; i < width; i++) {
            max = Math.max(max, logits.get(Tensor.F32, (at + i) * 4));
        }
        return max;
    }

    /// The sum of `e^(logit - largest)`.
    static double sumOfExponents(MemorySegment logits, long at, int width, float largest, float[] lanes) {
        double sum = 0;
        for (int from = 0; from < width; from += F32_SUM) {
            int end = Math.min(width, from + F32_SUM);
            int whole = end - end % Simd.SUM_LANES;
            for (int lane = 0; lane < Simd.SUM_LANES; lane += Simd.LANES) {
                FloatVector total = FloatVector.zero(Simd.F);
                for (int i = from + lane; i < whole; i += Simd.SUM_LANES) {
                    total = total.add(Simd.exp(Simd.load(logits, at + i).sub(largest)));
                }
                total.intoArray(lanes, lane);
            }
            for (int i = whole; i < end; i++) {
                lanes[i - whole] += Simd.exp(logits.get(Tensor.F32, (at + i) * 4) - largest);
            }
            sum += Simd.sum(lanes, 0);
        }
        return sum;
    }

    /// Logits become `e^(logit - largest)`; returns their sum.
    private static double exponents(MemorySegment logits, long at, int width, float largest, float[] lanes) {
        double sum = 0;
        for (int from = 0; from < width; from += F32_SUM) {
            int end = Math.min(width, from + F32_SUM);
            int whole = end - end % Simd.SUM_LANES;
            for (int lane = 0; lane < Simd.SUM_LANES; lane += Simd.LANES) {
                FloatVector total = FloatVector.zero(Simd.F);
                for (int i = from + lane; i < whole; i += Simd.SUM_LANES) {
                    FloatVector e = Simd.exp(Simd.load(logits, at + i).sub(largest));
                    Simd.store(e, logits, at + i);
                    total = total.add(e);
                }
                total.intoArray(lanes, lane);
            }
            for (int i = whole; i < end; i++) {
                float e = Simd.exp(logits.get(Tensor.F32, (at + i) * 4) - largest);
                logits.set(Tensor.F32, (at + i) * 4, e);
                lanes[i - whole] += e;
            }
            sum += Simd.sum(lanes, 0);
        }
        return sum;
    }

    /// Logits become `factor e^(logit - logSumExp)`.
    private static void logitGradient(MemorySegment logits, long at, int width, float logSumExp, float factor) {
        int i = 0;
        for (; i <= width - Simd.LANES; i += Simd.LANES) {
            Simd.store(Simd.exp(Simd.load(logits, at + i).sub(logSumExp)).mul(factor), logits, at + i);
        }
        for (; i < width; i++) {
            float p = Simd.exp(logits.get(Tensor.F32, (at + i) * 4) - logSumExp);
            logits.set(Tensor.F32, (at + i) * 4, p * factor);
        }
    }
}
