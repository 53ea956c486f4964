package llams.engine.llama;

import llams.engine.graph.CacheAppend;
import llams.engine.graph.Graph;
import llams.engine.graph.Value;

/// Grouped-query self-attention with rotary positions.
///
/// @param q      `dim` to `heads * headDim`
/// @param k      `dim` to `kvHeads * headDim`; `v` the same
/// @param o      `heads * headDim` back to `dim`
/// @param layer  which layer this is, for its part of the cache and the names of its values
public record Attention(Projection q, Projection k, Projection v, Projection o, int headDim, int layer) {
    /// `x` is `[tokens, dim]`, the result `[wanted, dim]`.
    Value forward(Graph g, Value x, Sequence at, KvCache cacheOrNull, Rows wanted) {
        Sequence from = wanted.at();
        String name = "layers." + layer;
        Value queries = g.tap(name + ".q",
                g.rope(q.forward(g, wanted.of(g, x)), from.rope(), from.position(), headDim));
        Value keys = g.tap(name + ".k", g.rope(k.forward(g, x), at.rope(), at.position(), headDim));
        Value values = g.tap(name + ".v", v.forward(g, x));
        if (cacheOrNull != null) {
            g.record(new CacheAppend(), cacheOrNull.keys(layer), keys, at.last());
            g.record(new CacheAppend(), cacheOrNull.values(layer), values, at.last());
            keys = cacheOrNull.keys(layer);
            values = cacheOrNull.values(layer);
        }
        Value mixed = g.tap(name + ".attention",
                g.attention(queries, keys, values, from.first(), from.last(), headDim, from.rowLength()));
        return g.tap(name + ".o", o.forward(g, mixed));
    }
}
