package llams.engine.llama;

import llams.engine.graph.Graph;
import llams.engine.graph.Leaf;
import llams.engine.graph.RowNorm;
import llams.engine.graph.ScaleColumns;
import llams.engine.graph.Value;

/// A linear layer with a weight-decomposed adapter (DoRA, arXiv 2402.09353): with `V = W + scale B A`, each row of which
/// has a length of its own, `y = x Vᵀ magnitude / ‖V‖`.
///
/// @param magnitude  `[out]`
/// @param normOrNull `‖V‖`, `[out]`, of an adapter that does not change; null to compute it in every pass
public record DoraLinear(LoraLinear lora, Leaf magnitude, Leaf normOrNull) implements Projection {
    @Override
    public Value forward(Graph g, Value x) {
        Value norm = normOrNull == null ? g.record(new RowNorm(), lora.weight(g)) : normOrNull;
        return g.record(new ScaleColumns(), lora.forward(g, x), magnitude, norm);
    }
}
