package llams.engine.cpu;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.stream.IntStream;
import llams.engine.graph.LinearCrossEntropy;
import llams.engine.tensor.DType;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;

/// The tokens that a loss counts, a block of them at a time: logits `x · weight^T` exist only for a block, never for
/// all. Tokens with a negative label cost nothing.
final class HeadBlocks {
    private static final int COUNTED = 0;
    private static final int LOST = 3;

    private HeadBlocks() {}

    /// Some counted tokens.
    ///
    /// @param rows    of `x`, `[count, dim]`
    /// @param dRows   for their gradient, `[count, dim]`; or null
    /// @param counted all counted tokens; those of the block begin at `from`
    /// @param sums    counts at which the rows end that are summed apart in the gradient of the weight
    record Block(int count, Tensor rows, Tensor dRows, int[] counted, int from, int[] sums) {
        int token(int row) {
            return counted[from + row];
        }

        /// Makes all logits of every row, has `each` find the losses and `gradient` turn the logits into their gradients,
        /// and these into those of rows and weight, where there are any. Loss and gradient of a row are tasks of their
        /// own: both in one are more than the compiler inlines, and vectors then go to the heap.
        ///
        /// @param dWeight  `[vocab, dim]`, added to; or null
        /// @param gradient called where rows or weight have gradients
        /// @return what `each` gave, by row
        double[] losses(Tensor weight, Tensor dWeight, Tensor[] work, Parallel p, RowLoss each, RowGradient gradient) {
            Tensor logits = view(work[LinearCrossEntropy.LOGITS], count, weight.dim(0));
            logits(rows, weight, logits, p);
            double[] lost = p.buffers().doubles(LOST, count);
            p.run(count, (row, buffers) -> lost[row] = each.of(logits, row, token(row), buffers));
            if (dRows != null || dWeight != null) {
                p.run(count, (row, buffers) -> gradient.of(logits, row, token(row), buffers));
            }
            if (dRows != null) {
                Gemm.multiply(logits, false, weight, false, dRows, false, p);
            }
            if (dWeight != null) {
                Gemm.tiles(logits, true, rows, false, dWeight, true, sums, p).run();
            }
            return lost;
        }
    }

    /// The loss of a token from its row of `logits` `[rows, vocab]`.
    interface RowLoss {
        double of(Tensor logits, int row, int token, ThreadBuffers buffers);
    }

    /// The row of `logits` `[rows, vocab]` becomes the gradient of a token's loss.
    interface RowGradient {
        void of(Tensor logits, int row, int token, ThreadBuffers buffers);
    }

    /// The loss of a block.
    interface BlockLoss {
        double of(Block block);
    }

    /// The sum of the losses of all blocks.
    ///
    /// @param dx        gets the gradients of the blocks' rows; or null
    /// @param rowLength tokens of one sequence whose gradients are summed apart; 0 if unknown
    /// @param work      as [LinearCrossEntropy#workspace] has it
    static double sum(Tensor x, Tensor labels, int vocab, Tensor dx, long rowLength, Tensor[] work, Parallel p,
            BlockLoss loss) {
        int tokens = x.dim(0);
        int dim = x.dim(1);
        int[] counted = p.buffers().ints(COUNTED, tokens);
        int count = counted(labels, tokens, vocab, counted);
        int most = work[LinearCrossEntropy.LOGITS].dim(0);
        int[] ends = ends(counted, count, rowLength);
        double total = 0;
        int rows;
        for (int begin = 0; begin < count; begin += rows) {
            int from = begin;
            int[] sums = sums(ends, from, most);
            rows = sums[sums.length - 1];
            Tensor gathered = view(work[LinearCrossEntropy.ROWS], rows, dim);
            Tensor gradients = dx == null ? null : view(work[LinearCrossEntropy.DROWS], rows, dim);
            p.run(rows, (row, _) -> copyRow(x, counted[from + row], gathered, row, dim));
            total += loss.of(new Block(rows, gathered, gradients, counted, from, sums));
            if (dx != null) {
                p.run(rows, (row, _) -> copyRow(gradients, row, dx, counted[from + row], dim));
            }
        }
        return total;
    }

    /// The first rows of `work`'s memory as `[rows, columns]`.
    static Tensor view(Tensor work, int rows, int columns) {
        Shape shape = Shape.of(rows, columns);
        return new Tensor(DType.F32, shape, work.data().asSlice(0, Tensor.byteSize(DType.F32, shape)));
    }

    /// In tiles, however few tokens are counted: what a token's logits are must not depend on how many others there are.
    static void logits(Tensor rows, Tensor weight, Tensor logits, Parallel p) {
        Gemm.tiles(rows, false, weight, true, logits, false, new int[] {rows.dim(1)}, p).run();
    }

    private static int counted(Tensor labels, int tokens, int vocab, int[] counted) {
        int count = 0;
        for (int t = 0; t < tokens; t++) {
            if (labels.getInt(t) >= 0) {
                Guard.index("crossEntropy", "labels", labels, t, vocab);
                counted[count++] = t;
            }
        }
        return count;
    }

    /// Counts where each sequence of `rowLength` tokens ends among the counted ones; sequences without any have no end.
    private static int[] ends(int[] counted, int count, long rowLength) {
        return IntStream.rangeClosed(1, count)
                .filter(i -> i == count || rowLength > 0 && counted[i] / rowLength > counted[i - 1] / rowLength)
                .toArray();
    }

    /// Where the sums of the block from `from` on end, counted from there. It has whole sequences, as many as fit, or an
    /// even part of one that does not: so the sums of a sequence are those that it has alone.
    private static int[] sums(int[] ends, int from, int most) {
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

    private static void copyRow(Tensor source, int row, Tensor target, int targetRow, int dim) {
        long bytes = dim * 4L;
        MemorySegment.copy(source.data(), row * bytes, target.data(), targetRow * bytes, bytes);
    }
}
