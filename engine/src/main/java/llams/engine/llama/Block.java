package llams.engine.llama;

import llams.engine.graph.Graph;
import llams.engine.graph.Leaf;
import llams.engine.graph.Value;

/// One decoder block: attention and feed-forward, each behind a norm and beside the residual stream.
///
/// @param attentionNorm `[dim]`
/// @param ffnNorm       `[dim]`
public record Block(SelfAttention attention, FeedForward feedForward, Leaf attentionNorm, Leaf ffnNorm, float normEps) {
    /// `x` is `[tokens, dim]`, the result `[wanted, dim]`.
    Value forward(Graph g, Value x, Pass pass) {
        String layer = "layers." + attention.layer();
        Value attentionIn = g.tap(layer + ".attention_norm", g.rmsNorm(x, attentionNorm, normEps));
        Value h = g.add(pass.wanted().of(g, x), attention.forward(g, attentionIn, pass));
        Value ffnIn = g.tap(layer + ".ffn_norm", g.rmsNorm(h, ffnNorm, normEps));
        return g.add(h, feedForward.forward(g, ffnIn));
    }
}
