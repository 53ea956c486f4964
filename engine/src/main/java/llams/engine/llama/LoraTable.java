package llams.engine.llama;

import llams.engine.graph.Graph;
import llams.engine.graph.Leaf;
import llams.engine.graph.Value;

/// A table of tokens with a low-rank adapter: the row of a token is `table[id] + scale a[id] bᵀ`.
///
/// @param table `[vocab, dim]`
/// @param a     `[vocab, rank]`, the transpose of what PEFT's files have
/// @param b     `[dim, rank]`
public record LoraTable(Leaf table, Leaf a, Leaf b, float scale) implements TokenTable {
    @Override
    public Value forward(Graph g, Value ids) {
        Value thin = g.scale(g.embedding(a, ids), scale);
        return g.add(g.embedding(table, ids), g.linear(thin, b));
    }
}
