package llams.engine.llama;

import llams.engine.graph.Graph;
import llams.engine.graph.Value;

/// The head of a model whose head is its table of tokens, with the table's adapter: `y = x tableᵀ + scale (x b) aᵀ`.
public record TiedLora(LoraTable tokens) implements Head {
    @Override
    public Value forward(Graph g, Value x) {
        Value thin = g.scale(g.matMul(x, false, tokens.b(), false), tokens.scale());
        return g.add(g.linear(x, tokens.table()), g.linear(thin, tokens.a()));
    }

    @Override
    public Value weight(Graph g) {
        return g.matMul(tokens.a(), false, g.scale(tokens.b(), tokens.scale()), true, tokens.table());
    }
}
