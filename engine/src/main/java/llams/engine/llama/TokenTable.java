package llams.engine.llama;

import llams.engine.graph.Graph;
import llams.engine.graph.Leaf;
import llams.engine.graph.Value;

/// The vectors of tokens: `ids` I32 `[tokens]` to `[tokens, dim]`.
public sealed interface TokenTable permits TokenTable.Plain, LoraTable, NoisyTable {
    Value forward(Graph g, Value ids);

    /// Rows of a weight.
    ///
    /// @param weight `[vocab, dim]`
    record Plain(Leaf weight) implements TokenTable {
        @Override
        public Value forward(Graph g, Value ids) {
            return g.embedding(weight, ids);
        }
    }
}
