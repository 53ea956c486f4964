package llams.engine.graph;

/// An op that is run for what it does to [Leaf.Kind#STATE] leaves among its inputs, and is never dropped. Ops recorded
/// later see the new contents.
public sealed interface Effect extends Op permits Accumulate, AdamW, CacheAppend, Clear, CompactAdamW {}
