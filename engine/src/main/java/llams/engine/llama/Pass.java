package llams.engine.llama;

import llams.engine.graph.CacheAppend;
import llams.engine.graph.Graph;
import llams.engine.graph.Value;

/// How the tokens of a run pass through a block: where they stand, which of them the block's result is asked for, and
/// the keys and values of earlier tokens. This is all that training, prefill and decoding differ in.
///
/// @param tokens      all tokens of the run: each has keys and values
/// @param wanted      those that have queries and a result
/// @param cacheOrNull null in training, where the run's own tokens are all there is to see
record Pass(Sequence tokens, Wanted wanted, KvCache cacheOrNull) {
    /// Puts keys and values after those in the cache, and lets the queries look at what they may see: `[wanted, heads
    /// * headDim]`.
    Value attend(Graph g, Value queries, Value keys, Value values, int headDim, int layer) {
        Sequence from = wanted.at();
        if (cacheOrNull == null) {
            return g.attention(queries, keys, values, from.first(), from.last(), headDim, from.rowLength());
        }
        g.record(new CacheAppend(), cacheOrNull.keys(layer), keys, tokens.last());
        g.record(new CacheAppend(), cacheOrNull.values(layer), values, tokens.last());
        return g.attention(queries, cacheOrNull.keys(layer), cacheOrNull.values(layer), from.first(), from.last(),
                headDim, from.rowLength());
    }
}
