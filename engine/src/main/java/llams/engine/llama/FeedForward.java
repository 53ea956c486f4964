package llams.engine.llama;

import llams.engine.graph.Graph;
import llams.engine.graph.Value;

/// The gated feed-forward block: `down(silu(gate(x)) * up(x))`; `gate` and `up` go from `dim` to `hiddenDim`, `down`
/// back.
///
/// @param layer which layer this is, for the names of its values
public record FeedForward(Projection gate, Projection up, Projection down, int layer) {
    /// `x` and the result are `[tokens, dim]`.
    Value forward(Graph g, Value x) {
        Value gates = g.tap("layers." + layer + ".gate", gate.forward(g, x));
        Value ups = g.tap("layers." + layer + ".up", up.forward(g, x));
        return g.tap("layers." + layer + ".down", down.forward(g, g.swiGlu(gates, ups)));
    }
}
