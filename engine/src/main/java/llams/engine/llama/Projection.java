package llams.engine.llama;

import llams.engine.graph.Graph;
import llams.engine.graph.Value;

/// A linear layer without bias: `[tokens, in]` to `[tokens, out]`. The model does not know whether it carries an
/// adapter.
public sealed interface Projection permits Linear, LoraLinear, DoraLinear, ScaledDifference {
    Value forward(Graph g, Value x);
}
