package llams.engine.reference;

import llams.engine.tensor.Tensor;

/// [llams.engine.graph.Attention] and its gradient in the plainest loops, one score at a time, summed in double.
public final class ReferenceAttention {
    private ReferenceAttention() {}

    public static void forward(Tensor q, Tensor k, Tensor v, Tensor first, Tensor last, int headDim, Tensor out,
            Tensor logSumExp) {
        int heads = q.dim(1) / headDim;
        int kvHeads = k.dim(1) / headDim;
        float[] queries = q.toFloats();
        float[] keys = k.toFloats();
        float[] values = v.toFloats();
        for (int t = 0; t < q.dim(0); t++) {
            for (int head = 0; head < heads; head++) {
                int at = t * q.dim(1) + head * headDim;
                int kvAt = head / (heads / kvHeads) * headDim;
                double max = Double.NEGATIVE_INFINITY;
                for (int row = first.getInt(t); row <= last.getInt(t); row++) {
                    max = Math.max(max, score(queries, at, keys, row * k.dim(1) + kvAt, headDim));
                }
                double sum = 0;
                double[] mean = new double[headDim];
                for (int row = first.getInt(t); row <= last.getInt(t); row++) {
                    double p = Math.exp(score(queries, at, keys, row * k.dim(1) + kvAt, headDim) - max);
                    sum += p;
                    for (int d = 0; d < headDim; d++) {
                        mean[d] += p * values[row * v.dim(1) + kvAt + d];
                    }
                }
                for (int d = 0; d < headDim; d++) {
                    out.setFloat(at + d, sum == 0 ? 0 : (float) (mean[d] / sum));
                }
                logSumExp.setFloat((long) t * heads + head, (float) (max + Math.log(sum)));
            }
        }
    }

    public static void gradient(Tensor q, Tensor k, Tensor v, Tensor first, Tensor last, int headDim, Tensor out,
            Tensor logSumExp, Tensor dOut, Tensor dq, Tensor dk, Tensor dv) {
        int heads = q.dim(1) / headDim;
        int kvHeads = k.dim(1) / headDim;
        int group = heads / kvHeads;
        double scale = 1 / Math.sqrt(headDim);
        float[] queries = q.toFloats();
        float[] keys = k.toFloats();
        float[] values = v.toFloats();
        float[] dOuts = dOut.toFloats();
        ReferenceKernels.fill(dq, 0);
        ReferenceKernels.fill(dk, 0);
        ReferenceKernels.fill(dv, 0);
        for (int kvHead = 0; kvHead < kvHeads; kvHead++) {
            double[][] dKey = new double[k.dim(0)][headDim];
            double[][] dValue = new double[k.dim(0)][headDim];
            for (int head = kvHead * group; head < (kvHead + 1) * group; head++) {
                for (int t = 0; t < q.dim(0); t++) {
                    int at = t * q.dim(1) + head * headDim;
                    double delta = 0;
                    for (int d = 0; d < headDim; d++) {
                        delta += (double) dOuts[at + d] * out.getFloat(at + d);
                    }
                    double[] dQuery = new double[headDim];
                    for (int row = first.getInt(t); row <= last.getInt(t); row++) {
                        int other = row * k.dim(1) + kvHead * headDim;
                        double p = Math.exp(
                                score(queries, at, keys, other, headDim) - logSumExp.getFloat((long) t * heads + head));
                        double dP = 0;
                        for (int d = 0; d < headDim; d++) {
                            dP += (double) dOuts[at + d] * values[other + d];
                            dValue[row][d] += p * dOuts[at + d];
                        }
                        double dScore = p * (dP - delta) * scale;
                        for (int d = 0; d < headDim; d++) {
                            dQuery[d] += dScore * keys[other + d];
                            dKey[row][d] += dScore * queries[at + d];
                        }
                    }
                    for (int d = 0; d < headDim; d++) {
                        dq.setFloat(at + d, (float) dQuery[d]);
                    }
                }
            }
            for (int row = 0; row < k.dim(0); row++) {
                for (int d = 0; d < headDim; d++) {
                    long at = (long) row * k.dim(1) + (long) kvHead * headDim + d;
                    dk.setFloat(at, (float) dKey[row][d]);
                    dv.setFloat(at, (float) dValue[row][d]);
                }
            }
        }
    }

    private static double score(float[] queries, int at, float[] keys, int other, int headDim) {
        double dot = 0;
        for (int d = 0; d < headDim; d++) {
            dot += (double) queries[at + d] * keys[other + d];
        }
        return dot / Math.sqrt(headDim);
    }
}
