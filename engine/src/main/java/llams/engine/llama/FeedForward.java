package llams.engine.llama;

import llams.engine.graph.Graph;
import llams.engine.graph.Value;

/// The gated feed-forward block: `down(silu(gate(x)) * up(x))`; `gate` and `up` go from `dim` to `hiddenDim`, `down`
/// back.
public record FeedForward(Projection gate, Projection up, Projection down) {
    /// `x` and the result are `[tokens, dim]`.
    Value forward(Graph g, Value x) {
        return down.forward(g, g.swiGlu(gate.forward(g, x), up.forward(g, x)));
    }
}
