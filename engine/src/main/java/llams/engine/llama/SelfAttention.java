package llams.engine.llama;

import llams.engine.graph.Graph;
import llams.engine.graph.Value;

/// Grouped-query self-attention with rotary positions.
///
/// @param q      `dim` to `heads * headDim`
/// @param k      `dim` to `kvHeads * headDim`; `v` the same
/// @param o      `heads * headDim` back to `dim`
/// @param layer  which layer this is, for its part of the cache and the names of its values
public record SelfAttention(Projection q, Projection k, Projection v, Projection o, int headDim, int layer) {
    /// `x` is `[tokens, dim]`, the result `[wanted, dim]`.
    Value forward(Graph g, Value x, Pass pass) {
        String name = "layers." + layer;
        Value queries = g.tap(name + ".q", pass.wanted().at().rotate(g, q.forward(g, pass.wanted().of(g, x)), headDim));
        Value keys = g.tap(name + ".k", pass.tokens().rotate(g, k.forward(g, x), headDim));
        Value values = g.tap(name + ".v", v.forward(g, x));
        Value mixed = g.tap(name + ".attention", pass.attend(g, queries, keys, values, headDim, layer));
        return g.tap(name + ".o", o.forward(g, mixed));
    }
}
