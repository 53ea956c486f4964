package llams.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import llams.engine.device.Devices;
import llams.engine.generate.Taps;
import llams.engine.llama.LlamaConfig;
import llams.engine.safetensors.Checkpoint;
import llams.engine.weights.LlamaWeights;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Each tapped value follows from those before it, computed here by the paper's formulas.
class TapsFitTogetherTest {
    private static final int[] IDS = {1, 17, 5, 40, 3};

    @TempDir
    Path directory;

    @Test
    void everyLayer() throws IOException {
        Path file = directory.resolve("taps.safetensors");
        try (LlamaWeights weights = LlamaWeights.open(Golden.path("tiny-llama31"))) {
            List<String> names = Taps.write(Devices.byName("cpu"), weights.model(), weights.resident(), IDS, file);
            LlamaConfig config = weights.config;
            assertEquals(3 + 11 * config.layers(), names.size(), names.toString());
            try (Checkpoint taps = Checkpoint.open(file)) {
                for (int layer = 0; layer < config.layers(); layer++) {
                    layer(config, weights, taps, layer);
                }
            }
        }
    }

    private static void layer(LlamaConfig config, LlamaWeights weights, Checkpoint taps, int layer) throws IOException {
        String name = "layers." + layer + ".";
        float[] in = taps.tensor(layer == 0 ? "embedding" : "layers." + (layer - 1) + ".out").toFloats();
        float[] attended = sum(in, taps.tensor(name + "o").toFloats());
        assertClose(normed(in, weights, layer, "input_layernorm", config), taps, name + "attention_norm");
        assertClose(attention(config, taps, name), taps, name + "attention");
        assertClose(normed(attended, weights, layer, "post_attention_layernorm", config), taps, name + "ffn_norm");
        float[] gate = taps.tensor(name + "gate").toFloats();
        float[] up = taps.tensor(name + "up").toFloats();
        float[] gated = new float[gate.length];
        for (int i = 0; i < gate.length; i++) {
            gated[i] = (float) (gate[i] / (1 + Math.exp(-gate[i])) * up[i]);
        }
        float[] down = weights.checkpoint.tensor("model.layers." + layer + ".mlp.down_proj.weight").toFloats();
        assertClose(product(gated, down, config.hiddenDim()), taps, name + "down");
        assertClose(sum(attended, taps.tensor(name + "down").toFloats()), taps, name + "out");
    }

    private static void assertClose(float[] expected, Checkpoint taps, String name) throws IOException {
        assertArrayEquals(expected, taps.tensor(name).toFloats(), 2e-6f, name);
    }

    private static float[] sum(float[] a, float[] b) {
        float[] sum = new float[a.length];
        for (int i = 0; i < a.length; i++) {
            sum[i] = a[i] + b[i];
        }
        return sum;
    }

    /// `x` `[tokens, in]` times `weight` `[out, in]`.
    private static float[] product(float[] x, float[] weight, int in) {
        int out = weight.length / in;
        float[] y = new float[x.length / in * out];
        for (int i = 0; i < y.length; i++) {
            double dot = 0;
            for (int j = 0; j < in; j++) {
                dot += (double) x[i / out * in + j] * weight[i % out * in + j];
            }
            y[i] = (float) dot;
        }
        return y;
    }

    private static float[] normed(float[] x, LlamaWeights weights, int layer, String norm, LlamaConfig config)
            throws IOException {
        float[] weight = weights.checkpoint.tensor("model.layers." + layer + "." + norm + ".weight").toFloats();
        float[] y = new float[x.length];
        for (int row = 0; row < x.length; row += config.dim()) {
            double squares = 0;
            for (int i = 0; i < config.dim(); i++) {
                squares += (double) x[row + i] * x[row + i];
            }
            double scale = 1 / Math.sqrt(squares / config.dim() + config.normEps());
            for (int i = 0; i < config.dim(); i++) {
                y[row + i] = (float) (x[row + i] * scale * weight[i]);
            }
        }
        return y;
    }

    /// `softmax(q k^T / sqrt(headDim)) v`, each token seeing itself and those before.
    private static float[] attention(LlamaConfig config, Checkpoint taps, String name) throws IOException {
        float[] q = taps.tensor(name + "q").toFloats();
        float[] k = taps.tensor(name + "k").toFloats();
        float[] v = taps.tensor(name + "v").toFloats();
        int size = config.headDim();
        float[] mixed = new float[q.length];
        for (int t = 0; t < IDS.length; t++) {
            for (int head = 0; head < config.heads(); head++) {
                int at = (t * config.heads() + head) * size;
                int kvHead = head / (config.heads() / config.kvHeads());
                double[] sums = new double[size];
                double total = 0;
                for (int s = 0; s <= t; s++) {
                    int seen = (s * config.kvHeads() + kvHead) * size;
                    double score = 0;
                    for (int i = 0; i < size; i++) {
                        score += (double) q[at + i] * k[seen + i];
                    }
                    double weight = Math.exp(score / Math.sqrt(size));
                    total += weight;
                    for (int i = 0; i < size; i++) {
                        sums[i] += weight * v[seen + i];
                    }
                }
                for (int i = 0; i < size; i++) {
                    mixed[at + i] = (float) (sums[i] / total);
                }
            }
        }
        return mixed;
    }
}
