package llams.engine.llama;

import llams.engine.graph.Graph;
import llams.engine.graph.Leaf;
import llams.engine.graph.Value;
import llams.engine.tensor.DType;

/// A linear layer of a model with a chat vector (arXiv 2310.04799) of a strength of its own, which can be trained:
/// `y = x Tᵀ + s (x Iᵀ - x Bᵀ)`, where T, I and B are the weights of a tuned, an instruct and a base model.
///
/// The strength is `s = silu(gate)`. So SwiGLU multiplies by it, once a product with ones has spread it over
/// `[tokens, out]`; the ones of the tokens are the rows of a table of ones.
///
/// @param gate        `[1, 1]`
/// @param onesOfVocab ones, `[vocab, 1]`
/// @param onesOfOut   ones, `[out, 1]`
public record ScaledDifference(Linear tuned, Linear instruct, Linear base, Leaf gate, Leaf onesOfVocab,
        Leaf onesOfOut) implements Projection {
    /// The gate of strength 1.
    public static final double NEUTRAL = gate(1);

    /// Ones, F32 `[count, 1]`.
    public static Leaf ones(long count) {
        return Leaf.weight("ones." + count, DType.F32, count, 1);
    }

    /// The strength that a gate gives.
    public static double strength(double gate) {
        return gate / (1 + Math.exp(-gate));
    }

    /// The gate of a strength from 0 on, by bisection: the strength grows with the gate there.
    public static double gate(double strength) {
        double low = 0;
        double high = strength + 1;
        while (high - low > 1e-12 * high) {
            double middle = (low + high) / 2;
            if (strength(middle) < strength) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return high;
    }

    @Override
    public Value forward(Graph g, Value x) {
        Value difference = g.add(instruct.forward(g, x), g.scale(base.forward(g, x), -1));
        Value ones = g.embedding(onesOfVocab, Sequence.ids(Math.toIntExact(x.dim(0))));
        Value gates = g.linear(ones, g.linear(onesOfOut, gate));
        return g.add(tuned.forward(g, x), g.swiGlu(gates, difference));
    }
}
