package llams.engine.llama;

import llams.engine.graph.Graph;
import llams.engine.graph.Leaf;
import llams.engine.graph.Value;
import llams.engine.tensor.DType;

/// A linear layer with a low-rank adapter (arXiv 2106.09685): `y = x Wᵀ + scale (dropout(x) Aᵀ) Bᵀ`.
///
/// @param a       `[rank, in]`
/// @param b       `[out, rank]`
/// @param scale   `alpha / rank`
/// @param dropout rate on the adapter's input; 0 where not training
/// @param stream  number of this layer's dropout in the model, so that no two share a mask
public record LoraLinear(Linear base, Leaf a, Leaf b, float scale, float dropout,
        int stream) implements Projection, Head {
    /// Seeds every dropout: I32 `[2]`, the run's seed and the number of the micro-batch.
    public static final Leaf SEED = Leaf.input("dropout.seed", DType.I32, 2);

    @Override
    public Value forward(Graph g, Value x) {
        Value y = base.forward(g, x);
        Value in = dropout == 0 ? x : g.dropout(x, SEED, dropout, stream);
        // The scale goes where the data is thin: [tokens, rank].
        Value thin = g.scale(g.linear(in, a), scale);
        return g.add(y, g.linear(thin, b));
    }

    /// `W + scale B A`, without dropout.
    @Override
    public Value weight(Graph g) {
        return g.matMul(b, false, g.scale(a, scale), false, base.weight());
    }
}
