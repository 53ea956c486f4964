package llams.engine.reference;

import llams.engine.tensor.Tensor;

/// [llams.engine.graph.Attention] and its gradient in the plainest loops, one score at a time, summed in double.
public final class ReferenceAttention {
    private ReferenceAttention() {}

    public static void forward(Tensor q, Tensor k, Tensor v, Tensor first, Tensor last, int headDim, Tensor out,
            Tensor logSumExp) {
        int heads = q.dim(1) / headDim;
        int kvHeads = k.dim(1) / headDim;
        for (int t = 0; t < q.dim(0); t++) {
            for (int head = 0; head < heads; head++) {
                int kvHead = head / (heads / kvHeads);
                double max = Double.NEGATIVE_INFINITY;
                for (int row = first.getInt(t); row <= last.getInt(t); row++) {
                    max = Math.max(max, score(q, k, t, head, row, kvHead, headDim));
                }
                double sum = 0;
                double[] mean = new double[headDim];
                for (int row = first.getInt(t); row <= last.getInt(t); row++) {
                    double p = Math.exp(score(q, k, t, head, row, kvHead, headDim) - max);
                    sum += p;
                    for (int d = 0; d < headDim; d++) {
                        mean[d] += p * v.getFloat((long) row * v.dim(1) + (long) kvHead * headDim + d);
                    }
                }
                for (int d = 0; d < headDim; d++) {
                    out.setFloat((long) t * q.dim(1) + (long) head * headDim + d,
                            sum == 0 ? 0 : (float) (mean[d] / sum));
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
        ReferenceKernels.fill(dq, 0);
        ReferenceKernels.fill(dk, 0);
        ReferenceKernels.fill(dv, 0);
        for (int kvHead = 0; kvHead < kvHeads; kvHead++) {
            double[][] dKey = new double[k.dim(0)][headDim];
            double[][] dValue = new double[k.dim(0)][headDim];
            for (int head = kvHead * group; head < (kvHead + 1) * group; head++) {
                for (int t = 0; t < q.dim(0); t++) {
                    long at = (long) t * q.dim(1) + (long) head * headDim;
                    double delta = 0;
                    for (int d = 0; d < headDim; d++) {
                        delta += (double) dOut.getFloat(at + d) * out.getFloat(at + d);
                    }
                    double[] dQuery = new double[headDim];
                    for (int row = first.getInt(t); row <= last.getInt(t); row++) {
                        long other = (long) row * k.dim(1) + (long) kvHead * headDim;
                        double p = Math.exp(score(q, k, t, head, row, kvHead, headDim)
                                - logSumExp.getFloat((long) t * heads + head));
                        double dP = 0;
                        for (int d = 0; d < headDim; d++) {
                            dP += (double) dOut.getFloat(at + d) * v.getFloat(other + d);
                            dValue[row][d] += p * dOut.getFloat(at + d);
                        }
                        double dScore = p * (dP - delta) * scale;
                        for (int d = 0; d < headDim; d++) {
                            dQuery[d] += dScore * k.getFloat(other + d);
                            dKey[row][d] += dScore * q.getFloat(at + d);
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

    private static double score(Tensor q, Tensor k, int t, int head, int row, int kvHead, int headDim) {
        long at = (long) t * q.dim(1) + (long) head * headDim;
        long other = (long) row * k.dim(1) + (long) kvHead * headDim;
        double dot = 0;
        for (int d = 0; d < headDim; d++) {
            dot += (double) q.getFloat(at + d) * k.getFloat(other + d);
        }
        return dot / Math.sqrt(headDim);
    }
}
