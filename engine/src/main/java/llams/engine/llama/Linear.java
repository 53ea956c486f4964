package llams.engine.llama;

import llams.engine.graph.Graph;
import llams.engine.graph.Leaf;
import llams.engine.graph.Value;

/// `y = x Wᵀ`, `weight` is `[out, in]`.
public record Linear(Leaf weight) implements Projection, Head {
    @Override
    public Value forward(Graph g, Value x) {
        return g.linear(x, weight);
    }

    @Override
    public Value weight(Graph g) {
        return weight;
    }
}
