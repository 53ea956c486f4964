package llams.engine.llama;

import java.lang.foreign.Arena;
import java.util.LinkedHashMap;
import java.util.Map;
import llams.engine.graph.CacheAppend;
import llams.engine.graph.Graph;
import llams.engine.graph.Leaf;
import llams.engine.tensor.DType;
import llams.engine.tensor.Tensor;

/// Keys and values of the tokens seen so far, so that a new token costs one pass over itself alone. Row r holds the
/// token at position r of a sequence that has the cache to itself; of several, each has rows of its own. Each layer has
/// `[capacity, kvHeads * headDim]` of both.
public record KvCache(LlamaConfig config, int capacity) {
    Leaf keys(int layer) {
        return leaf("cache." + layer + ".k");
    }

    Leaf values(int layer) {
        return leaf("cache." + layer + ".v");
    }

    private Leaf leaf(String name) {
        return Leaf.state(name, DType.F32, capacity, (long) config.kvHeads() * config.headDim());
    }

    /// Records that the rows `from` are copied to the rows `to` in every layer, both I32 `[rows]`.
    public void copy(Graph g, Leaf from, Leaf to) {
        for (int layer = 0; layer < config.layers(); layer++) {
            for (Leaf leaf : new Leaf[] {keys(layer), values(layer)}) {
                g.record(new CacheAppend(), leaf, g.embedding(leaf, from), to);
            }
        }
    }

    /// Bytes of all layers.
    public long bytes() {
        return 2L * config.layers() * keys(0).type().bytes();
    }

    /// Empty memory for all layers, by leaf name.
    public Map<String, Tensor> allocate(Arena arena) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (int layer = 0; layer < config.layers(); layer++) {
            for (Leaf leaf : new Leaf[] {keys(layer), values(layer)}) {
                tensors.put(leaf.name(), Tensor.allocate(arena, leaf.dtype(), leaf.shape()));
            }
        }
        return tensors;
    }
}
