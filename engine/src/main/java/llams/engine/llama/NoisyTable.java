package llams.engine.llama;

import llams.engine.graph.Graph;
import llams.engine.graph.Leaf;
import llams.engine.graph.Noise;
import llams.engine.graph.Value;
import llams.engine.tensor.DType;

/// A table whose rows come with noise while a model is trained (NEFTune, arXiv 2310.05914).
///
/// @param alpha strength of the noise
public record NoisyTable(TokenTable table, double alpha) implements TokenTable {
    /// Apart from those of the adapters' dropouts.
    private static final int STREAM = -1;

    /// The largest noise of each token, F32 `[tokens]`: `alpha / sqrt(dim * tokens of its document)`.
    public static Leaf bound(long tokens) {
        return Leaf.input("noise.bound", DType.F32, tokens);
    }

    /// The largest noise of a token.
    ///
    /// @param tokens of its document
    public float bound(int dim, int tokens) {
        return (float) (alpha / Math.sqrt((double) dim * tokens));
    }

    @Override
    public Value forward(Graph g, Value ids) {
        Value x = table.forward(g, ids);
        return g.record(new Noise(STREAM), x, bound(x.dim(0)), LoraLinear.SEED);
    }
}
