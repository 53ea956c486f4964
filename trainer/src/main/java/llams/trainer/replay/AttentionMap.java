package llams.trainer.replay;

import llams.engine.llama.LlamaConfig;
import llams.engine.tensor.Tensor;
import llams.trainer.data.PackedSequence;

/// How much each token of a window attends to those before it, for every head of a layer.
final class AttentionMap {
    /// Roots of probabilities as bytes: small ones keep their digits.
    private static final int MOST = 255;

    private AttentionMap() {}

    /// The code of a probability; `(code / 255)²` is the probability, within 0.004.
    static byte code(double probability) {
        return (byte) Math.round(MOST * Math.sqrt(Math.min(1, probability)));
    }

    /// The probabilities `exp(q[t] · k[s] / sqrt(headDim) - logSumExp[t])`: head after head, in each token after token,
    /// for each those that it sees within the window, in their order.
    ///
    /// @param q         rotated, `[tokens, heads * headDim]`
    /// @param k         rotated, `[tokens, kvHeads * headDim]`
    /// @param logSumExp `[tokens, heads]`
    static byte[] of(LlamaConfig config, Tensor q, Tensor k, Tensor logSumExp, PackedSequence sequence, Window window) {
        int headDim = config.headDim();
        int group = config.heads() / config.kvHeads();
        float[] queries = window.rows(q);
        float[] keys = window.rows(k);
        double scale = 1 / Math.sqrt(headDim);
        byte[] codes = new byte[config.heads() * window.pairs(sequence)];
        int at = 0;
        for (int head = 0; head < config.heads(); head++) {
            for (int t = 0; t < window.tokens(); t++) {
                float all = logSumExp.getFloat((long) (window.from() + t) * config.heads() + head);
                for (int s = window.first(sequence, t); s <= t; s++) {
                    double dot = dot(queries, (t * config.heads() + head) * headDim, keys,
                            (s * config.kvHeads() + head / group) * headDim, headDim);
                    codes[at++] = code(Math.exp(dot * scale - all));
                }
            }
        }
        return codes;
    }

    /// Four sums do not wait for each other.
    private static double dot(float[] a, int from, float[] b, int other, int count) {
        float sum0 = 0;
        float sum1 = 0;
        float sum2 = 0;
        float sum3 = 0;
        int i = 0;
        for (; i <= count - 4; i += 4) {
            sum0 += a[from + i] * b[other + i];
            sum1 += a[from + i + 1] * b[other + i + 1];
            sum2 += a[from + i + 2] * b[other + i + 2];
            sum3 += a[from + i + 3] * b[other + i + 3];
        }
        for (; i < count; i++) {
            sum0 += a[from + i] * b[other + i];
        }
        return (double) sum0 + sum1 + sum2 + sum3;
    }
}
