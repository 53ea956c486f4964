package llams.engine.llama;

import llams.engine.graph.Graph;
import llams.engine.graph.Leaf;
import llams.engine.graph.Value;

/// One decoder block: attention and feed-forward, each behind a norm and beside the residual stream.
///
/// @param attentionNorm `[dim]`
/// @param ffnNorm       `[dim]`
public record Block(Attention attention, FeedForward feedForward, Leaf attentionNorm, Leaf ffnNorm, float normEps) {
    /// `x` and the result are `[tokens, dim]`.
    Value forward(Graph g, Value x, Sequence at, KvCache cacheOrNull) {
        Value h = g.add(x, attention.forward(g, g.rmsNorm(x, attentionNorm, normEps), at, cacheOrNull));
        return g.add(h, feedForward.forward(g, g.rmsNorm(h, ffnNorm, normEps)));
    }
}
