package llams.engine.tornado.lowering;

import java.util.List;
import llams.engine.graph.LinearCrossEntropy;
import llams.engine.plan.Program.Place;
import llams.engine.tornado.kernels.Kernel;
import llams.engine.tornado.kernels.Widening;
import llams.engine.tornado.launch.MatrixProduct;
import llams.engine.tornado.launch.Ref;

/// The loss as products with a softmax between them. Logits exist in scratch memory for some tokens at a time.
final class LossLowering {
    private final Lowering lowering;

    LossLowering(Lowering lowering) {
        this.lowering = lowering;
    }

    /// @param dWeight     the head's gradient, or its sum so far
    /// @param accumulate true to add to it
    void crossEntropy(List<Place> in, List<Place> out, Place dWeight, boolean accumulate) {
        Place x = in.get(LinearCrossEntropy.X);
        if (Lowering.elements(in.get(LinearCrossEntropy.SCALE)) > 1) {
            throw new UnsupportedOperationException(
                    "gpu: losses that count each token by itself have no kernel yet; use the device cpu");
        }
        Ref scale = lowering.ref(in.get(LinearCrossEntropy.SCALE));
        Ref weight = lowering.ref(in.get(LinearCrossEntropy.WEIGHT));
        Widening widening = Lowering.widening(in.get(LinearCrossEntropy.WEIGHT));
        Ref dx = lowering.ref(out.get(LinearCrossEntropy.DX));
        int tokens = Lowering.dim(x, 0);
        int dim = Lowering.dim(x, 1);
        int vocab = Lowering.dim(in.get(LinearCrossEntropy.WEIGHT), 0);
        int rows = Math.clamp(lowering.scratchLimit() / vocab, 1, tokens);
        // Products are faster with even sizes.
        rows = rows < tokens && rows > Lowering.EVEN ? rows / Lowering.EVEN * Lowering.EVEN : rows;
        Ref tokenLoss = lowering.ref(out.get(LinearCrossEntropy.TOKEN_LOSS)) == null
                ? lowering.scratch(tokens)
                : lowering.ref(out.get(LinearCrossEntropy.TOKEN_LOSS));
        Ref logits = lowering.scratch((long) rows * vocab);
        for (int from = 0; from < tokens; from += rows) {
            int count = Math.min(rows, tokens - from);
            Ref piece = lowering.ref(x).plus((long) from * dim);
            add(MatrixProduct.of(piece, false, weight, true, logits, count, vocab, dim, false, widening));
            lowering.launch(Kernel.LOSS_OF_ROWS, count, List.of(logits, tokenLoss.plus(from), scale), vocab,
                    lowering.ref(in.get(LinearCrossEntropy.LABELS)).offset() + from);
            if (dx != null) {
                add(MatrixProduct.of(logits, false, weight, false, dx.plus((long) from * dim), count, dim, vocab, false,
                        widening));
            }
            if (lowering.ref(dWeight) != null) {
                add(MatrixProduct.of(logits, true, piece, false, lowering.ref(dWeight), vocab, dim, count,
                        accumulate || from > 0, null));
            }
        }
        lowering.launch(Kernel.SCALED_SUM, 1, List.of(tokenLoss, scale, lowering.ref(out.get(LinearCrossEntropy.LOSS))),
                tokens);
    }

    private void add(MatrixProduct product) {
        lowering.products().add(product);
    }
}
