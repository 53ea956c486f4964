package llams.engine.reference;

import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.IntStream;
import llams.engine.graph.LinearDistillation;
import llams.engine.graph.TopTokens;
import llams.engine.tensor.Tensor;

/// Learning from a teacher's probabilities, in the plainest loops.
final class ReferenceDistillation {
    private ReferenceDistillation() {}

    static void top(TopTokens op, Tensor[] in, Tensor ids, Tensor logp) {
        ids.data().fill((byte) 0);
        ReferenceKernels.fill(logp, 0);
        float[] rows = in[TopTokens.X].toFloats();
        float[] words = in[TopTokens.WEIGHT].toFloats();
        int dim = in[TopTokens.X].dim(1);
        for (int t = 0; t < ids.dim(0); t++) {
            if (in[TopTokens.LABELS].getInt(t) >= 0) {
                double[] logits = scaled(ReferenceKernels.logits(rows, words, dim, t), op.temperature());
                double logSumExp = ReferenceKernels.logSumExp(logits);
                int[] best = IntStream.range(0, logits.length)
                        .boxed()
                        .sorted(Comparator.comparingDouble(id -> -logits[id]))
                        .mapToInt(Integer::intValue)
                        .toArray();
                for (int i = 0; i < op.count(); i++) {
                    ids.setInt((long) t * op.count() + i, best[i]);
                    logp.setFloat((long) t * op.count() + i, (float) (logits[best[i]] - logSumExp));
                }
            }
        }
    }

    private static double[] scaled(double[] logits, double temperature) {
        return Arrays.stream(logits).map(logit -> logit / temperature).toArray();
    }

    static void run(LinearDistillation op, Tensor[] in, Tensor[] out, Tensor dWeight, boolean accumulate) {
        Tensor crossEntropy = out[LinearDistillation.CROSS_ENTROPY];
        Tensor divergence = out[LinearDistillation.DIVERGENCE];
        for (Tensor result : new Tensor[] {crossEntropy, divergence}) {
            if (result != null) {
                ReferenceKernels.fill(result, 0);
            }
        }
        double factor = in[LinearDistillation.SCALE].getFloat(0);
        ReferenceKernels.head(in[LinearDistillation.X], in[LinearDistillation.WEIGHT], in[LinearDistillation.LABELS],
                out[LinearDistillation.LOSS], out[LinearDistillation.DX], dWeight, accumulate, (t, logits) -> {
                    int label = in[LinearDistillation.LABELS].getInt(t);
                    double logSumExp = ReferenceKernels.logSumExp(logits);
                    double hard = logSumExp - logits[label];
                    double[] own = probabilities(logits, op.temperature());
                    double[] target = target(own, in[LinearDistillation.IDS], in[LinearDistillation.LOGP], t);
                    double soft = 0;
                    for (int id = 0; id < logits.length; id++) {
                        soft += target[id] == 0 ? 0 : target[id] * Math.log(target[id] / own[id]);
                        double p = Math.exp(logits[id] - logSumExp) - (id == label ? 1 : 0);
                        logits[id] = factor
                                * ((1 - op.ratio()) * p + op.ratio() * op.temperature() * (own[id] - target[id]));
                    }
                    set(crossEntropy, t, hard);
                    set(divergence, t, soft);
                    return factor * ((1 - op.ratio()) * hard + op.ratio() * op.temperature() * op.temperature() * soft);
                });
    }

    private static void set(Tensor result, int token, double value) {
        if (result != null) {
            result.setFloat(token, (float) value);
        }
    }

    private static double[] probabilities(double[] logits, double temperature) {
        double[] scaled = scaled(logits, temperature);
        double logSumExp = ReferenceKernels.logSumExp(scaled);
        return Arrays.stream(scaled).map(logit -> Math.exp(logit - logSumExp)).toArray();
    }

    /// The teacher's probabilities, its rest divided as the model divides its own. Then the divergence over all ids is
    /// that over the teacher's ids and one for the rest.
    private static double[] target(double[] own, Tensor ids, Tensor logp, int token) {
        double[] target = own.clone();
        int count = ids.dim(1);
        double rest = 1;
        double ownRest = 1;
        for (int i = 0; i < count; i++) {
            int id = ids.getInt((long) token * count + i);
            target[id] = Math.exp(logp.getFloat((long) token * count + i));
            rest -= target[id];
            ownRest -= own[id];
        }
        boolean[] isNamed = new boolean[own.length];
        for (int i = 0; i < count; i++) {
            isNamed[ids.getInt((long) token * count + i)] = true;
        }
        for (int id = 0; id < own.length; id++) {
            target[id] = isNamed[id] ? target[id] : own[id] * Math.max(0, rest) / ownRest;
        }
        return target;
    }
}
