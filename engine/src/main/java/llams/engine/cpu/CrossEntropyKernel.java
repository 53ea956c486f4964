package llams.engine.cpu;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.stream.IntStream;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import llams.engine.graph.LinearCrossEntropy;
import llams.engine.tensor.DType;
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

    private static final int COUNTED = 0;
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
        int tokens = x.dim(0);
        int dim = x.dim(1);
        int vocab = weight.dim(0);
        check(labels, tokens, vocab);
        clear(tokenLoss, p);
        clear(dx, p);
        if (!accumulate) {
            clear(dWeight, p);
        }
        int[] counted = p.buffers().ints(COUNTED, tokens);
        int count = counted(labels, tokens, counted);
        int most = work[LinearCrossEntropy.LOGITS].dim(0);
        int sliceWidth = work[LinearCrossEntropy.LOGITS].dim(1);
        int[] ends = ends(counted, count, dWeight == null ? 0 : rowLength);
        double total = 0;
        int rows;
        for (int begin = 0; begin < count; begin += rows) {
            int from = begin;
            int[] sums = block(ends, from, most);
            rows = sums[sums.length - 1];
            Tensor block = view(work[LinearCrossEntropy.ROWS], rows, dim);
            Tensor dBlock = dx == null ? null : view(work[LinearCrossEntropy.DROWS], rows, dim);
            p.run(rows, (row, _) -> copyRow(x, counted[from + row], block, row, dim));
            total += sliceWidth == vocab
                    ? whole(block, weight, labels, counted, from, scale, tokenLoss, dBlock, dWeight, sums,
                            work[LinearCrossEntropy.LOGITS], p)
                    : slices(block, weight, labels, counted, from, scale, tokenLoss, dBlock,
                            work[LinearCrossEntropy.LOGITS], sliceWidth, p);
            if (dx != null) {
                p.run(rows, (row, _) -> copyRow(dBlock, row, dx, counted[from + row], dim));
            }
        }
        loss.setFloat(0, (float) (isOfEach(scale) ? total : total * scale.getFloat(0)));
    }

    private static boolean isOfEach(Tensor scale) {
        return scale.elements() > 1;
    }

    private static float factor(Tensor scale, int token) {
        return scale.getFloat(isOfEach(scale) ? token : 0);
    }

    /// The first rows of `work`'s memory as `[rows, columns]`.
    private static Tensor view(Tensor work, int rows, int columns) {
        Shape shape = Shape.of(rows, columns);
        return new Tensor(DType.F32, shape, work.data().asSlice(0, Tensor.byteSize(DType.F32, shape)));
    }

    /// A block of tokens with all their logits; returns the sum of their losses.
    private static double whole(Tensor block, Tensor weight, Tensor labels, int[] counted, int from, Tensor scale,
            Tensor tokenLoss, Tensor dBlock, Tensor dWeight, int[] sums, Tensor work, Parallel p) {
        int rows = (int) block.shape().dim(0);
        int vocab = (int) weight.shape().dim(0);
        Tensor logits = view(work, rows, vocab);
        logits(block, weight, logits, p);
        double[] lost = p.buffers().doubles(SUM, rows);
        boolean isDifferentiated = dBlock != null || dWeight != null;
        p.run(rows, (row, buffers) -> lost[row] = row(logits, row, vocab, labels.getInt(counted[from + row]),
                factor(scale, counted[from + row]), isDifferentiated, buffers.floats(LANES, Simd.SUM_LANES)));
        if (dBlock != null) {
            Gemm.multiply(logits, false, weight, false, dBlock, false, p);
        }
        if (dWeight != null) {
            Gemm.tiles(logits, true, block, false, dWeight, true, sums, p).run();
        }
        return sum(lost, rows, counted, from, scale, tokenLoss);
    }

    /// In tiles, however few tokens are counted: what a token's logits are must not depend on how many others there are.
    private static void logits(Tensor block, Tensor weight, Tensor logits, Parallel p) {
        Gemm.tiles(block, false, weight, true, logits, false, new int[] {block.dim(1)}, p).run();
    }

    /// The sum of losses, by their scales where each has its own.
    private static double sum(double[] lost, int rows, int[] counted, int from, Tensor scale, Tensor tokenLoss) {
        double total = 0;
        for (int row = 0; row < rows; row++) {
            total += isOfEach(scale) ? lost[row] * factor(scale, counted[from + row]) : lost[row];
            if (tokenLoss != null) {
                tokenLoss.setFloat(counted[from + row], (float) lost[row]);
            }
        }
        return total;
    }

    /// The same with a slice of the vocabulary at a time.
    private static double slices(Tensor block, Tensor weight, Tensor labels, int[] counted, int from, Tensor scale,
            Tensor tokenLoss, Tensor dBlock, Tensor work, int sliceWidth, Parallel p) {
        int rows = (int) block.shape().dim(0);
        int dim = (int) block.shape().dim(1);
        int vocab = (int) weight.shape().dim(0);
        double[] largest = p.buffers().doubles(LARGEST, rows);
        double[] sums = p.buffers().doubles(SUM, rows);
        double[] ofLabel = p.buffers().doubles(OF_LABEL, rows);
        Arrays.fill(largest, 0, rows, Double.NEGATIVE_INFINITY);
        Arrays.fill(sums, 0, rows, 0);
        for (int id = 0; id < vocab; id += sliceWidth) {
            int first = id;
            int width = Math.min(sliceWidth, vocab - id);
            Tensor slice = slice(weight, id, width, dim);
            Tensor logits = view(work, rows, width);
            logits(block, slice, logits, p);
            p.run(rows, (row, buffers) -> {
                float[] lanes = buffers.floats(LANES, Simd.SUM_LANES);
                int label = labels.getInt(counted[from + row]) - first;
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
                Widen.row(weight, (long) labels.getInt(counted[from + row]) * dim, dim, labelRow, 0);
                float factor = factor(scale, counted[from + row]);
                finish(dBlock.data(), (long) row * dim, dim, (float) (factor / sums[row]), factor, labelRow);
            }
            sums[row] = largest[row] + StrictMath.log(sums[row]) - ofLabel[row];
        });
        return sum(sums, rows, counted, from, scale, tokenLoss);
    }

    /// Counts where each sequence of `rowLength` tokens ends among the counted ones; sequences without any have no end.
    private static int[] ends(int[] counted, int count, long rowLength) {
        return IntStream.rangeClosed(1, count)
                .filter(i -> i == count || rowLength > 0 && counted[i] / rowLength > counted[i - 1] / rowLength)
                .toArray();
    }

    /// Where the sums of the block from `from` on end, counted from there. It has whole sequences, as many as fit, or an
    /// even part of one that does not: so the sums of a sequence are those that it has alone.
    private static int[] block(int[] ends, int from, int most) {
        int first = 0;
        while (ends[first] <= from) {
            first++;
        }
        int begin = first == 0 ? 0 : ends[first - 1];
        int length = ends[first] - begin;
        if (length > most) {
            int part = Math.ceilDiv(length, Math.ceilDiv(length, most));
            return new int[] {Math.min(part, ends[first] - from)};
        }
        return Arrays.stream(ends).filter(end -> end > from && end <= from + most).map(end -> end - from).toArray();
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

    private static void scale(MemorySegment x, long at, int count, float factor) {
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

    private static void check(Tensor labels, int tokens, int vocab) {
        for (int t = 0; t < tokens; t++) {
            if (labels.getInt(t) >= 0) {
                Guard.index("crossEntropy", "labels", labels, t, vocab);
            }
        }
    }

    private static void clear(Tensor result, Parallel p) {
        if (result != null) {
            ElementwiseKernel.clear(result, p);
        }
    }

    /// The loss of one token. If differentiated, its logits become `factor (softmax(logits) - onehot(label))`.
    private static double row(Tensor logits, int row, int vocab, int label, float factor, boolean isDifferentiated,
            float[] lanes) {
        long at = (long) row * vocab;
        float largest = largest(logits.data(), at, vocab);
        double logSumExp = largest + StrictMath.log(sumOfExponents(logits.data(), at, vocab, largest, lanes));
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

    private static void copyRow(Tensor source, int row, Tensor target, int targetRow, int dim) {
        long bytes = dim * 4L;
        MemorySegment.copy(source.data(), row * bytes, target.data(), targetRow * bytes, bytes);
    }

    private static float largest(MemorySegment logits, long at, int width) {
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
    private static double sumOfExponents(MemorySegment logits, long at, int width, float largest, float[] lanes) {
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
