package llams.engine.tornado.lowering;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import llams.engine.graph.Attention;
import llams.engine.plan.Program.Instruction;
import llams.engine.plan.Program.Place;
import llams.engine.tornado.kernels.DecodeAttentionKernels;
import llams.engine.tornado.kernels.Kernel;
import llams.engine.tornado.launch.MatrixProduct;
import llams.engine.tornado.launch.Ref;

/// Attention as batched products with a softmax between them. Scores `[blocks, heads, count, keys]` exist in scratch
/// memory for a chunk of each block's tokens at a time; the backward pass recomputes them. A batch of packed sequences
/// that no document crosses has one block per sequence, and a chunk has no scores for keys after its last token.
/// Otherwise the forward pass has none for keys that no token of the run sees, see [VisibleRows]. Few tokens, as in
/// decoding, go through [DecodeAttentionKernels], which read only the rows in use.
final class AttentionLowering {
    /// With fewer tokens, rounding all the keys and values they see does not pay.
    private static final int MANY_TOKENS = 16;
    /// The most tokens of a chunk where shorter chunks have fewer keys.
    private static final int SKIPPING = 512;

    private final Lowering lowering;
    private final List<Place> in;
    private final int headDim;
    private final int heads;
    private final int kvHeads;
    private final int group;
    private final int blocks;
    /// Tokens of a block, and its rows of keys.
    private final int length;
    private final int rows;
    /// No token sees a key after itself.
    private final boolean isCausal;
    /// Products take BF16.
    private final boolean isRounded;

    AttentionLowering(Lowering lowering, List<Place> in, int headDim, long rowLength) {
        this.lowering = lowering;
        this.in = in;
        this.headDim = headDim;
        int tokens = Lowering.dim(in.get(Attention.Q), 0);
        int allRows = Lowering.dim(in.get(Attention.K), 0);
        heads = Lowering.dim(in.get(Attention.Q), 1) / headDim;
        kvHeads = Lowering.dim(in.get(Attention.K), 1) / headDim;
        group = heads / kvHeads;
        isCausal = rowLength > 0 && tokens == allRows && tokens % rowLength == 0;
        blocks = isCausal ? Math.toIntExact(tokens / rowLength) : 1;
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

    /// Some tokens of each block, and how many keys they see.
    private record Chunk(int from, int count, int keys) {}

    /// The last chunk first: it sees all keys.
    ///
    /// @param seen rows of keys
    private List<Chunk> chunks(int matrices, int seen) {
        long fitting = lowering.scratchLimit() / Math.max(1, (long) matrices * blocks * heads * seen);
        int count = Math.clamp(fitting, 1, isCausal ? SKIPPING : Integer.MAX_VALUE);
        count = count < length && count > Lowering.EVEN ? count / Lowering.EVEN * Lowering.EVEN : count;
        List<Chunk> chunks = new ArrayList<>();
        for (int from = 0; from < length; from += count) {
            int to = Math.min(from + count, length);
            chunks.add(new Chunk(from, to - from, isCausal ? to : seen));
        }
        return chunks.reversed();
    }

    /// The number of scores of the largest chunk; the last is often a short one. Where runs differ in the keys they
    /// see, the most that any run could need.
    private int scores(List<Chunk> chunks, int matrices) {
        if (!isCausal) {
            long all = Math.min(lowering.scratchLimit() / matrices, (long) heads * length * rows);
            return Math.toIntExact(Math.max((long) heads * rows, all));
        }
        long most = chunks.stream().mapToLong(chunk -> (long) chunk.count * chunk.keys).max().orElse(0);
        return Math.toIntExact(blocks * heads * most);
    }

    /// Where a kernel leaves its result for the products: over the scores or, if rounded, beside them.
    private Ref after(Ref scores, int count) {
        return isRounded ? lowering.halves(count) : scores;
    }

    /// `scores = alpha x yᵀ` with `x` shaped as queries and `y` as keys, for every head.
    private void byQueries(Ref x, Ref y, Ref scores, Chunk chunk, double alpha) {
        int matrix = chunk.count * chunk.keys;
        add(new MatrixProduct(x.plus((long) chunk.from * width()), y, scores, chunk.count, chunk.keys, headDim, width(),
                1, 1, kvWidth(), chunk.keys, blocks, heads, length * width(), headDim, rows * kvWidth(), headDim, group,
                heads * matrix, matrix, alpha, false, null));
    }

    /// `out = scores y` with `y` shaped as values and `out` as queries, for every head.
    private void byRows(Ref scores, Ref y, Ref out, Chunk chunk) {
        int matrix = chunk.count * chunk.keys;
        add(new MatrixProduct(scores, y, out.plus((long) chunk.from * width()), chunk.count, headDim, chunk.keys,
                chunk.keys, 1, kvWidth(), 1, width(), blocks, heads, heads * matrix, matrix, rows * kvWidth(), headDim,
                group, length * width(), headDim, 1, false, null));
    }

    /// `out += Σ scoresᵀ x` over the heads that share a key, with `x` shaped as queries and `out` as keys.
    private void byTokens(Ref scores, Ref x, Ref out, Chunk chunk) {
        int matrix = chunk.count * chunk.keys;
        boolean isFirst = chunk.from + chunk.count == length;
        for (int g = 0; g < group; g++) {
            add(new MatrixProduct(scores.plus((long) g * matrix),
                    x.plus((long) chunk.from * width() + (long) g * headDim), out, chunk.keys, headDim, chunk.count, 1,
                    chunk.keys, width(), 1, kvWidth(), blocks, kvHeads, heads * matrix, group * matrix,
                    length * width(), group * headDim, 1, rows * kvWidth(), headDim, 1, g > 0 || !isFirst, null));
        }
    }

    private void add(MatrixProduct product) {
        lowering.products().add(product);
    }

    private Ref ref(int input) {
        return lowering.ref(in.get(input));
    }

    /// The first rows of an input, as products read them.
    private Ref factor(int input, int count) {
        int width = Lowering.dim(in.get(input), 1);
        return isRounded ? lowering.products().rounded(ref(input), Math.multiplyExact(count, width)) : ref(input);
    }

    /// Adds the kernel between the products of a chunk. Parameters: the operands' offsets, the chunk, `more`.
    private void launch(Kernel kernel, Chunk chunk, List<Ref> operands, int... more) {
        int[] parameters = Arrays.copyOf(new int[] {chunk.count, chunk.from, length, chunk.keys, rows, heads,
                ref(Attention.FIRST).offset(), ref(Attention.LAST).offset()}, 8 + more.length);
        System.arraycopy(more, 0, parameters, 8, more.length);
        lowering.launch(kernel, (long) blocks * heads * chunk.count, operands, parameters);
    }

    /// True if [DecodeAttentionKernels] can take them.
    private boolean isFew() {
        return blocks == 1 && length > 0 && length < MANY_TOKENS && headDim <= DecodeAttentionKernels.WIDTH
                && headDim % DecodeAttentionKernels.MULTIPLE == 0;
    }

    private void few(Place out, Ref logSumExp, List<Instruction> next) {
        int splits = Math.clamp((rows + DecodeAttentionKernels.TILE - 1) / DecodeAttentionKernels.TILE, 1,
                DecodeAttentionKernels.SPLITS);
        int sets = (group + DecodeAttentionKernels.HEADS - 1) / DecodeAttentionKernels.HEADS;
        Ref found = lowering.scratch(
                (long) length * heads * DecodeAttentionKernels.SPLITS * (headDim + DecodeAttentionKernels.MORE));
        int scale = lowering.constants().index((float) (1 / Math.sqrt(headDim)));
        lowering.launch(Kernel.ATTEND_TO_SOME, splits, kvHeads * sets, length,
                List.of(ref(Attention.Q), ref(Attention.K), ref(Attention.V), found), heads, group, headDim, kvWidth(),
                scale, ref(Attention.FIRST).offset(), ref(Attention.LAST).offset());
        if (lowering.products().isLeftNext(out, next)) {
            Ref rounded = lowering.products().leftBeside(lowering.ref(out), length * width());
            lowering.launch(Kernel.JOIN_FOUND_ROUNDED, heads, length, 1,
                    List.of(found, lowering.ref(out), logSumExp, rounded), heads, headDim,
                    ref(Attention.FIRST).offset(), ref(Attention.LAST).offset());
        } else {
            lowering.launch(Kernel.JOIN_FOUND, heads, length, 1, List.of(found, lowering.ref(out), logSumExp), heads,
                    headDim, ref(Attention.FIRST).offset(), ref(Attention.LAST).offset());
        }
    }

    /// @param next the instructions that follow
    void forward(Place out, Place logSumExp, List<Instruction> next) {
        if (isFew()) {
            few(out, lowering.ref(logSumExp), next);
            return;
        }
        int seen = isCausal ? rows : Math.min(rows, lowering.visibleRows(in.get(Attention.LAST)));
        List<Chunk> chunks = chunks(1, seen);
        if (chunks.isEmpty()) {
            return;
        }
        Ref queries = factor(Attention.Q, blocks * length);
        Ref keys = factor(Attention.K, blocks * seen);
        Ref values = factor(Attention.V, blocks * seen);
        int count = scores(chunks, 1);
        Ref scores = lowering.scratch(count);
        Ref probabilities = after(scores, count);
        Ref lse = lowering.ref(logSumExp);
        for (Chunk chunk : chunks) {
            byQueries(queries, keys, scores, chunk, 1 / Math.sqrt(headDim));
            if (isRounded) {
                launch(Kernel.SOFTMAX_ROWS_ROUNDED, chunk, List.of(scores, lse, probabilities));
            } else {
                launch(Kernel.SOFTMAX_ROWS, chunk, List.of(scores, lse));
            }
            byRows(probabilities, values, lowering.ref(out), chunk);
        }
    }

    void backward(List<Place> gradients) {
        List<Chunk> chunks = chunks(2, rows);
        if (chunks.isEmpty()) {
            return;
        }
        Ref queries = factor(Attention.Q, blocks * length);
        Ref keys = factor(Attention.K, blocks * rows);
        Ref values = factor(Attention.V, blocks * rows);
        Ref dOut = factor(Attention.Gradient.DOUT, blocks * length);
        int count = scores(chunks, 2);
        Ref scores = lowering.scratch(count);
        Ref dScores = lowering.scratch(count);
        Ref probabilities = after(scores, count);
        Ref dAfter = after(dScores, count);
        int scale = lowering.constants().index((float) (1 / Math.sqrt(headDim)));
        for (Chunk chunk : chunks) {
            byQueries(queries, keys, scores, chunk, 1 / Math.sqrt(headDim));
            byQueries(dOut, values, dScores, chunk, 1);
            if (isRounded) {
                launch(Kernel.SOFTMAX_ROWS_GRADIENT_ROUNDED, chunk,
                        List.of(scores, dScores, ref(Attention.Gradient.LOG_SUM_EXP), ref(Attention.Gradient.OUT),
                                ref(Attention.Gradient.DOUT), probabilities, dAfter),
                        headDim, scale);
            } else {
                launch(Kernel.SOFTMAX_ROWS_GRADIENT, chunk, List.of(scores, dScores,
                        ref(Attention.Gradient.LOG_SUM_EXP), ref(Attention.Gradient.OUT), ref(Attention.Gradient.DOUT)),
                        headDim, scale);
            }
            byTokens(probabilities, dOut, lowering.ref(gradients.get(Attention.Gradient.DV)), chunk);
            byRows(dAfter, keys, lowering.ref(gradients.get(Attention.Gradient.DQ)), chunk);
            byTokens(dAfter, queries, lowering.ref(gradients.get(Attention.Gradient.DK)), chunk);
        }
    }
}
