package llams.engine.reference;

import llams.engine.tensor.DropoutMask;
import llams.engine.tensor.Tensor;

/// Every op but attention in the plainest loops, summed in double: the reference that each fast kernel is tested
/// against. Shapes and formulas are those of the op of the same name. Where an element is read many times, it is read from
/// an array: a tensor finds out anew for each what its type is.
public final class ReferenceKernels {
    private ReferenceKernels() {}

    static void fill(Tensor t, float value) {
        for (long i = 0; i < t.elements(); i++) {
            t.setFloat(i, value);
        }
    }

    private static void addTo(Tensor t, long index, double value) {
        t.setFloat(index, (float) (t.getFloat(index) + value));
    }

    /// `c [m, n] = op(a) [m, k] · op(b) [k, n]`, added to `c` if `accumulate`.
    public static void multiply(Tensor a, boolean transposeA, Tensor b, boolean transposeB, Tensor c,
            boolean accumulate) {
        int m = c.dim(0);
        int n = c.dim(1);
        int k = a.dim(transposeA ? 0 : 1);
        float[] left = transposeA ? transposed(a) : a.toFloats();
        float[] right = transposeB ? transposed(b) : b.toFloats();
        for (int i = 0; i < m; i++) {
            double[] sums = new double[n];
            for (int l = 0; l < k; l++) {
                addScaled(sums, left[i * k + l], right, l * n);
            }
            for (int j = 0; j < n; j++) {
                long at = (long) i * n + j;
                c.setFloat(at, (float) (accumulate ? c.getFloat(at) + sums[j] : sums[j]));
            }
        }
    }

    /// Of its own, so that it is compiled once, however often [#multiply] is.
    private static void addScaled(double[] sums, double factor, float[] values, int at) {
        for (int j = 0; j < sums.length; j++) {
            sums[j] += factor * values[at + j];
        }
    }

    private static float[] transposed(Tensor a) {
        int rows = a.dim(0);
        int columns = a.dim(1);
        float[] values = a.toFloats();
        float[] turned = new float[values.length];
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < columns; c++) {
                turned[c * rows + r] = values[r * columns + c];
            }
        }
        return turned;
    }

    private static double inverseRms(Tensor x, int t, float eps) {
        int dim = x.dim(1);
        double squares = 0;
        for (int d = 0; d < dim; d++) {
            double value = x.getFloat((long) t * dim + d);
            squares += value * value;
        }
        return 1 / Math.sqrt(squares / dim + eps);
    }

    public static void rmsNorm(Tensor x, Tensor weight, float eps, Tensor y) {
        int dim = x.dim(1);
        for (int t = 0; t < x.dim(0); t++) {
            double inverse = inverseRms(x, t, eps);
            for (int d = 0; d < dim; d++) {
                long at = (long) t * dim + d;
                y.setFloat(at, (float) (x.getFloat(at) * inverse * weight.getFloat(d)));
            }
        }
    }

    public static void rmsNormGradient(Tensor x, Tensor weight, float eps, Tensor dy, Tensor dx) {
        int dim = x.dim(1);
        for (int t = 0; t < x.dim(0); t++) {
            double inverse = inverseRms(x, t, eps);
            double dot = 0;
            for (int d = 0; d < dim; d++) {
                long at = (long) t * dim + d;
                dot += (double) x.getFloat(at) * weight.getFloat(d) * dy.getFloat(at);
            }
            for (int d = 0; d < dim; d++) {
                long at = (long) t * dim + d;
                double straight = (double) weight.getFloat(d) * dy.getFloat(at);
                dx.setFloat(at, (float) (inverse * (straight - x.getFloat(at) * dot * inverse * inverse / dim)));
            }
        }
    }

    public static void rmsNormWeightGradient(Tensor x, float eps, Tensor dy, Tensor dWeight, boolean accumulate) {
        int dim = x.dim(1);
        double[] sum = new double[dim];
        for (int t = 0; t < x.dim(0); t++) {
            double inverse = inverseRms(x, t, eps);
            for (int d = 0; d < dim; d++) {
                long at = (long) t * dim + d;
                sum[d] += dy.getFloat(at) * x.getFloat(at) * inverse;
            }
        }
        for (int d = 0; d < dim; d++) {
            dWeight.setFloat(d, (float) (accumulate ? sum[d] + dWeight.getFloat(d) : sum[d]));
        }
    }

    public static void rope(Tensor x, Tensor table, Tensor position, int headDim, boolean inverse, Tensor y) {
        int width = x.dim(1);
        int half = headDim / 2;
        for (int t = 0; t < x.dim(0); t++) {
            long row = (long) position.getInt(t) * headDim;
            for (int head = 0; head < width; head += headDim) {
                for (int i = 0; i < half; i++) {
                    long low = (long) t * width + head + i;
                    double cos = table.getFloat(row + i);
                    double sin = inverse ? -table.getFloat(row + half + i) : table.getFloat(row + half + i);
                    double a = x.getFloat(low);
                    double b = x.getFloat(low + half);
                    y.setFloat(low, (float) (a * cos - b * sin));
                    y.setFloat(low + half, (float) (b * cos + a * sin));
                }
            }
        }
    }

    public static void swiGlu(Tensor gate, Tensor up, Tensor y) {
        for (long i = 0; i < y.elements(); i++) {
            double g = gate.getFloat(i);
            y.setFloat(i, (float) (g / (1 + Math.exp(-g)) * up.getFloat(i)));
        }
    }

    public static void swiGluGradient(Tensor gate, Tensor up, Tensor dy, Tensor dGate, Tensor dUp) {
        for (long i = 0; i < dy.elements(); i++) {
            double g = gate.getFloat(i);
            double u = up.getFloat(i);
            double d = dy.getFloat(i);
            double sigmoid = 1 / (1 + Math.exp(-g));
            dUp.setFloat(i, (float) (d * g * sigmoid));
            dGate.setFloat(i, (float) (d * u * sigmoid * (1 + g * (1 - sigmoid))));
        }
    }

    static double[] logits(float[] x, float[] weight, int dim, int t) {
        double[] logits = new double[weight.length / dim];
        for (int word = 0; word < logits.length; word++) {
            for (int d = 0; d < dim; d++) {
                logits[word] += (double) x[t * dim + d] * weight[word * dim + d];
            }
        }
        return logits;
    }

    public static void crossEntropy(Tensor x, Tensor weight, Tensor labels, Tensor scale, Tensor loss, Tensor tokenLoss,
            Tensor dx, Tensor dWeight, boolean accumulate) {
        boolean isOfEach = scale.elements() > 1;
        if (tokenLoss != null) {
            fill(tokenLoss, 0);
        }
        head(x, weight, labels, loss, dx, dWeight, accumulate, (t, logits) -> {
            double factor = scale.getFloat(isOfEach ? t : 0);
            double logSumExp = logSumExp(logits);
            double lost = logSumExp - logits[labels.getInt(t)];
            for (int id = 0; id < logits.length; id++) {
                double p = Math.exp(logits[id] - logSumExp);
                logits[id] = (id == labels.getInt(t) ? p - 1 : p) * factor;
            }
            if (tokenLoss != null) {
                tokenLoss.setFloat(t, (float) lost);
            }
            return lost * factor;
        });
    }

    /// What a token adds to the loss, from its logits, which become their gradients.
    interface TokenLoss {
        double of(int token, double[] logits);
    }

    /// The sum of a loss over all tokens with a label, and its gradients.
    static void head(Tensor x, Tensor weight, Tensor labels, Tensor loss, Tensor dx, Tensor dWeight, boolean accumulate,
            TokenLoss each) {
        int dim = x.dim(1);
        double total = 0;
        float[] rows = x.toFloats();
        float[] words = weight.toFloats();
        double[] dw = new double[dWeight == null ? 0 : words.length];
        for (int t = 0; t < x.dim(0); t++) {
            double[] dRow = new double[dim];
            if (labels.getInt(t) >= 0) {
                double[] logits = logits(rows, words, dim, t);
                total += each.of(t, logits);
                for (int id = 0; id < logits.length; id++) {
                    for (int d = 0; d < dim; d++) {
                        dRow[d] += logits[id] * words[id * dim + d];
                        if (dWeight != null) {
                            dw[id * dim + d] += logits[id] * rows[t * dim + d];
                        }
                    }
                }
            }
            for (int d = 0; dx != null && d < dim; d++) {
                dx.setFloat((long) t * dim + d, (float) dRow[d]);
            }
        }
        loss.setFloat(0, (float) total);
        for (int i = 0; i < dw.length; i++) {
            dWeight.setFloat(i, (float) (accumulate ? dWeight.getFloat(i) + dw[i] : dw[i]));
        }
    }

    static double logSumExp(double[] logits) {
        double max = Double.NEGATIVE_INFINITY;
        for (double logit : logits) {
            max = Math.max(max, logit);
        }
        double sum = 0;
        for (double logit : logits) {
            sum += Math.exp(logit - max);
        }
        return max + Math.log(sum);
    }

    public static void embedding(Tensor table, Tensor ids, Tensor y) {
        int dim = table.dim(1);
        for (int t = 0; t < y.dim(0); t++) {
            for (int d = 0; d < dim; d++) {
                y.setFloat((long) t * dim + d, table.getFloat((long) ids.getInt(t) * dim + d));
            }
        }
    }

    public static void embeddingGradient(Tensor ids, Tensor dy, Tensor dTable, boolean accumulate) {
        int dim = dy.dim(1);
        if (!accumulate) {
            fill(dTable, 0);
        }
        for (int t = 0; t < dy.dim(0); t++) {
            for (int d = 0; d < dim; d++) {
                addTo(dTable, (long) ids.getInt(t) * dim + d, dy.getFloat((long) t * dim + d));
            }
        }
    }

    public static void add(Tensor a, Tensor b, float scale, Tensor y) {
        for (long i = 0; i < y.elements(); i++) {
            y.setFloat(i, Math.fma(scale, b.getFloat(i), a.getFloat(i)));
        }
    }

    public static void scale(Tensor x, float factor, Tensor y) {
        for (long i = 0; i < y.elements(); i++) {
            y.setFloat(i, x.getFloat(i) * factor);
        }
    }

    public static void rowNorm(Tensor x, Tensor y) {
        int dim = x.dim(1);
        for (int r = 0; r < x.dim(0); r++) {
            double squares = 0;
            for (int d = 0; d < dim; d++) {
                double value = x.getFloat((long) r * dim + d);
                squares += value * value;
            }
            y.setFloat(r, (float) Math.sqrt(squares));
        }
    }

    public static void scaleColumns(Tensor x, Tensor magnitude, Tensor norm, Tensor y) {
        int out = x.dim(1);
        for (long i = 0; i < y.elements(); i++) {
            long o = i % out;
            y.setFloat(i, (float) ((double) x.getFloat(i) * magnitude.getFloat(o) / norm.getFloat(o)));
        }
    }

    public static void magnitudeGradient(Tensor x, Tensor dy, Tensor norm, Tensor dMagnitude, boolean accumulate) {
        int out = x.dim(1);
        for (int o = 0; o < out; o++) {
            double sum = 0;
            for (long i = o; i < x.elements(); i += out) {
                sum += (double) x.getFloat(i) * dy.getFloat(i);
            }
            sum /= norm.getFloat(o);
            dMagnitude.setFloat(o, (float) (accumulate ? dMagnitude.getFloat(o) + sum : sum));
        }
    }

    public static void dropout(Tensor x, Tensor seed, int stream, float rate, Tensor y) {
        float keptScale = 1 / (1 - rate);
        for (long i = 0; i < y.elements(); i++) {
            boolean isKept = DropoutMask.isKept(seed.getInt(0), seed.getInt(1), stream, i, rate);
            y.setFloat(i, isKept ? x.getFloat(i) * keptScale : 0);
        }
    }

    public static void noise(Tensor x, Tensor bound, Tensor seed, int stream, Tensor y) {
        int dim = x.dim(1);
        for (long i = 0; i < y.elements(); i++) {
            float u = DropoutMask.uniform(seed.getInt(0), seed.getInt(1), stream, i);
            y.setFloat(i, x.getFloat(i) + bound.getFloat(i / dim) * u);
        }
    }

    public static void cacheAppend(Tensor cache, Tensor x, Tensor slot) {
        int width = x.dim(1);
        for (int t = 0; t < x.dim(0); t++) {
            for (int d = 0; d < width; d++) {
                cache.setFloat((long) slot.getInt(t) * width + d, x.getFloat((long) t * width + d));
            }
        }
    }

    public static void squaredNorm(Tensor x, Tensor out) {
        double sum = 0;
        for (long i = 0; i < x.elements(); i++) {
            double value = x.getFloat(i);
            sum += value * value;
        }
        out.setFloat(0, (float) sum);
    }

    public static void adamW(Tensor param, Tensor m, Tensor v, Tensor grad, Tensor squaredNorm, Tensor schedule,
            double beta1, double beta2, double eps, double weightDecay, double clip) {
        double norm = Math.sqrt(squaredNorm.getFloat(0));
        if (!Double.isFinite(norm)) {
            return;
        }
        double gradScale = clip > 0 && norm > clip ? clip / (norm + 1e-6) : 1;
        double rate = schedule.getFloat(0);
        for (long i = 0; i < param.elements(); i++) {
            double g = grad.getFloat(i) * gradScale;
            double mean = beta1 * m.getFloat(i) + (1 - beta1) * g;
            double square = beta2 * v.getFloat(i) + (1 - beta2) * g * g;
            m.setFloat(i, (float) mean);
            v.setFloat(i, (float) square);
            double step = mean / schedule.getFloat(1) / (Math.sqrt(square / schedule.getFloat(2)) + eps);
            param.setFloat(i, (float) (param.getFloat(i) * (1 - rate * weightDecay) - rate * step));
        }
    }
}
