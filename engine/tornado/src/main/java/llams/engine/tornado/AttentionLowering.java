package llams.engine.tornado;

import java.util.List;
import llams.engine.graph.Program.Place;
import llams.engine.tornado.Places.Ref;

/// Attention as batched products with a softmax between them: scores `[blocks, heads, length, rows]` exist whole, in scratch
/// memory. A batch of packed sequences that no document crosses is one block a sequence.
final class AttentionLowering {
    private final Lowering lowering;
    private final List<Place> in;
    private final int headDim;
    private final int heads;
    private final int kvHeads;
    private final int group;
    private final int blocks;
    /// Tokens of a block, and rows of keys.
    private final int length;
    private final int rows;

    AttentionLowering(Lowering lowering, List<Place> in, int headDim, long rowLength) {
        this.lowering = lowering;
        this.in = in;
        this.headDim = headDim;
        int tokens = Lowering.dim(in.get(0), 0);
        int allRows = Lowering.dim(in.get(1), 0);
        heads = Lowering.dim(in.get(0), 1) / headDim;
        kvHeads = Lowering.dim(in.get(1), 1) / headDim;
        group = heads / kvHeads;
        boolean isPacked = rowLength > 0 && tokens == allRows && tokens % rowLength == 0;
        blocks = isPacked ? Math.toIntExact(tokens / rowLength) : 1;
        length = tokens / blocks;
        rows = allRows / blocks;
    }

    private int width() {
        return heads * headDim;
    }

    private int kvWidth() {
        return kvHeads * headDim;
    }

    private Ref scores() {
        return lowering.scratch((long) blocks * heads * length * rows);
    }

    /// `scores = alpha x yᵀ` with `x` shaped as queries and `y` as keys, for every head.
    private void byQueries(Ref x, Ref y, Ref scores, double alpha) {
        lowering.launch(new Product(x, y, scores, length, rows, headDim, width(), 1, 1, kvWidth(), rows, blocks, heads,
                length * width(), headDim, rows * kvWidth(), headDim, group, heads * length * rows, length * rows, alpha, false,
                null));
    }

    /// `out = scores y` with `y` shaped as values and `out` as queries, for every head.
    private void byRows(Ref scores, Ref y, Ref out) {
        lowering.launch(new Product(scores, y, out, length, headDim, rows, rows, 1, kvWidth(), 1, width(), blocks, heads,
                heads * length * rows, length * rows, rows * kvWidth(), headDim, group, length * width(), headDim, 1, false,
                null));
    }

    /// `out = Σ scoresᵀ x` over the heads that share a key, with `x` shaped as queries and `out` as keys.
    private void byTokens(Ref scores, Ref x, Ref out) {
        for (int g = 0; g < group; g++) {
            lowering.launch(new Product(scores.plus((long) g * length * rows), x.plus((long) g * headDim), out, rows, headDim,
                    length, 1, rows, width(), 1, kvWidth(), blocks, kvHeads, heads * length * rows, group * length * rows,
                    length * width(), group * headDim, 1, rows * kvWidth(), headDim, 1, g > 0, null));
        }
    }

    private Ref ref(int input) {
        return lowering.ref(in.get(input));
    }

    void forward(Place out, Place logSumExp) {
        Ref scores = scores();
        byQueries(ref(0), ref(1), scores, 1 / Math.sqrt(headDim));
        lowering.launch(Kernel.SOFTMAX_ROWS, (long) blocks * heads * length, List.of(scores, lowering.ref(logSumExp)), length,
                rows, heads, ref(3).offset(), ref(4).offset());
        byRows(scores, ref(2), lowering.ref(out));
    }

    void backward(List<Place> gradients) {
        Ref scores = scores();
        Ref dScores = scores();
        byQueries(ref(0), ref(1), scores, 1 / Math.sqrt(headDim));
        byQueries(ref(7), ref(2), dScores, 1);
        lowering.launch(Kernel.SOFTMAX_ROWS_GRADIENT, (long) blocks * heads * length,
                List.of(scores, dScores, ref(6), ref(5), ref(7)), length, rows, heads, headDim, ref(3).offset(),
                ref(4).offset(), lowering.constants().index((float) (1 / Math.sqrt(headDim))));
        byTokens(scores, ref(7), lowering.ref(gradients.get(2)));
        byRows(dScores, ref(1), lowering.ref(gradients.get(0)));
        byTokens(dScores, ref(0), lowering.ref(gradients.get(1)));
    }
}
