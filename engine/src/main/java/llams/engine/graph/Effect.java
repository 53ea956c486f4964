package llams.engine.graph;

/// An op that is run for what it does to [Leaf.Kind#STATE] leaves among its inputs; it has no results, and is never dropped
/// or moved. Ops recorded later see the new contents.
public sealed interface Effect extends Op permits Accumulate, AccumulateMatMul, AdamW, CacheAppend, Clear {
}
