package llams.engine.tornado;

import java.util.List;
import llams.engine.graph.Program.Place;
import llams.engine.tornado.Places.Ref;

/// Attention as batched products with a softmax between them: scores `[blocks, heads, length, rows]` exist whole, in scratch
/// memory. A batch of packed sequences that no document crosses is one block a sequence.
final class AttentionLowering {
    /// Fewer tokens than this are not worth rounding all the keys and values that they look at.
    private static final int MANY_TOKENS = 16;

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
    /// Products are of BF16.
    private final boolean isRounded;

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
        isRounded = lowering.products().isRounded() && tokens >= MANY_TOKENS;
    }

    private int width() {
        return heads * headDim;
    }

    private int kvWidth() {
        return kvHeads * headDim;
    }

    private long allScores() {
        return (long) blocks * heads * length * rows;
    }

    private Ref scores() {
        return lowering.scratch(allScores());
    }

    /// Where a kernel leaves what products read then: in the place of the scores or, rounded, beside them.
    private Ref after(Ref scores) {
        return isRounded ? lowering.halves(allScores()) : scores;
    }

    /// `scores = alpha x yᵀ` with `x` shaped as queries and `y` as keys, for every head.
    private void byQueries(Ref x, Ref y, Ref scores, double alpha) {
        if (length == 1 && blocks == 1) {
            // The one token's heads that share a key are the rows of a product.
            add(new Product(x, y, scores, group, rows, headDim, headDim, 1, 1, kvWidth(), rows, 1, kvHeads, 0, group * headDim,
                    0, headDim, 1, 0, group * rows, alpha, false, null));
            return;
        }
        add(new Product(x, y, scores, length, rows, headDim, width(), 1, 1, kvWidth(), rows, blocks, heads,
                length * width(), headDim, rows * kvWidth(), headDim, group, heads * length * rows, length * rows, alpha, false,
                null));
    }

    /// `out = scores y` with `y` shaped as values and `out` as queries, for every head.
    private void byRows(Ref scores, Ref y, Ref out) {
        if (length == 1 && blocks == 1) {
            add(new Product(scores, y, out, group, headDim, rows, rows, 1, kvWidth(), 1, headDim, 1, kvHeads, 0, group * rows, 0,
                    headDim, 1, 0, group * headDim, 1, false, null));
            return;
        }
        add(new Product(scores, y, out, length, headDim, rows, rows, 1, kvWidth(), 1, width(), blocks, heads,
                heads * length * rows, length * rows, rows * kvWidth(), headDim, group, length * width(), headDim, 1, false,
                null));
    }

    /// `out = Σ scoresᵀ x` over the heads that share a key, with `x` shaped as queries and `out` as keys.
    private void byTokens(Ref scores, Ref x, Ref out) {
        for (int g = 0; g < group; g++) {
            add(new Product(scores.plus((long) g * length * rows), x.plus((long) g * headDim), out, rows, headDim,
                    length, 1, rows, width(), 1, kvWidth(), blocks, kvHeads, heads * length * rows, group * length * rows,
                    length * width(), group * headDim, 1, rows * kvWidth(), headDim, 1, g > 0, null));
        }
    }

    private void add(Product product) {
        lowering.products().add(product);
    }

    private Ref ref(int input) {
        return lowering.ref(in.get(input));
    }

    /// An input as products read it.
    private Ref factor(int input) {
        Ref ref = ref(input);
        return isRounded ? lowering.products().rounded(ref, Math.toIntExact(in.get(input).type().shape().elements())) : ref;
    }

    void forward(Place out, Place logSumExp) {
        Ref scores = scores();
        byQueries(factor(0), factor(1), scores, 1 / Math.sqrt(headDim));
        Ref probabilities = after(scores);
        List<Ref> operands = List.of(scores, lowering.ref(logSumExp), probabilities);
        lowering.launch(isRounded ? Kernel.SOFTMAX_ROWS_ROUNDED : Kernel.SOFTMAX_ROWS, (long) blocks * heads * length,
                isRounded ? operands : operands.subList(0, 2), length, rows, heads, ref(3).offset(), ref(4).offset());
        byRows(probabilities, factor(2), lowering.ref(out));
    }

    void backward(List<Place> gradients) {
        Ref scores = scores();
        Ref dScores = scores();
        Ref keys = factor(1);
        Ref queries = factor(0);
        Ref dOut = factor(7);
        byQueries(queries, keys, scores, 1 / Math.sqrt(headDim));
        byQueries(dOut, factor(2), dScores, 1);
        Ref probabilities = after(scores);
        Ref dAfter = after(dScores);
        List<Ref> operands = List.of(scores, dScores, ref(6), ref(5), ref(7), probabilities, dAfter);
        lowering.launch(isRounded ? Kernel.SOFTMAX_ROWS_GRADIENT_ROUNDED : Kernel.SOFTMAX_ROWS_GRADIENT,
                (long) blocks * heads * length, isRounded ? operands : operands.subList(0, 5), length, rows, heads, headDim,
                ref(3).offset(), ref(4).offset(), lowering.constants().index((float) (1 / Math.sqrt(headDim))));
        byTokens(probabilities, dOut, lowering.ref(gradients.get(2)));
        byRows(dAfter, keys, lowering.ref(gradients.get(0)));
        byTokens(dAfter, queries, lowering.ref(gradients.get(1)));
    }
}
