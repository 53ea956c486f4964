package llams.model.merge;

import java.util.Arrays;

/// `base + lambda (w1 d1 + w2 d2 + ...)` with `d = model - base` (task arithmetic, arXiv 2212.04089), of which
/// [Sparsity] leaves a part.
///
/// With consensus (TIES, arXiv 2306.01708), each element has the sign of the weighted sum, and only the differences of
/// that sign are added.
///
/// @param weights   one per model without the base
/// @param normalize whether the sum is divided by the sum of the weights that are in it, unless that is 0
record TaskVectors(float[] weights, Sparsity[] sparsity, boolean consensus, boolean normalize,
        float lambda) implements Blend {
    @Override
    public void compute(Workspace work, long begin, int count) {
        float[] base = work.inputs[0].values;
        for (int m = 0; m < weights.length; m++) {
            float[] vector = work.inputs[m + 1].values;
            subtract(vector, base, count);
            sparsity[m].apply(vector, begin, count);
            WeightedMean.scale(vector, vector, weights[m], count);
        }
        float[] sum = work.result.values;
        System.arraycopy(work.inputs[1].values, 0, sum, 0, count);
        for (int m = 1; m < weights.length; m++) {
            add(sum, work.inputs[m + 1].values, count);
        }
        if (consensus) {
            addThoseOfTheSign(work, count);
        } else if (normalize) {
            float total = new WeightedMean(weights, true).sum();
            WeightedMean.divide(sum, total == 0 ? 1 : total, count);
        }
        if (lambda != 1) {
            WeightedMean.scale(sum, sum, lambda, count);
        }
        add(sum, base, count);
    }

    /// Replaces each sum by that of the values that have its sign; a sum of 0 counts as positive.
    private void addThoseOfTheSign(Workspace work, int count) {
        float[] sums = work.result.values;
        // A sign as +1 or -1, in the place of the sum.
        for (int i = 0; i < count; i++) {
            sums[i] = sums[i] >= 0 ? 1 : -1;
        }
        Arrays.fill(work.weights, 0, count, 0);
        float[] mixed = work.mixed;
        Arrays.fill(mixed, 0, count, 0);
        for (int m = 0; m < weights.length; m++) {
            addWhereItAgrees(work.inputs[m + 1].values, sums, mixed, work.weights, weights[m], count);
        }
        for (int i = 0; i < count; i++) {
            float by = normalize && work.weights[i] != 0 ? work.weights[i] : 1;
            sums[i] = mixed[i] / by;
        }
    }

    private static void addWhereItAgrees(float[] values, float[] signs, float[] mixed, float[] total, float weight,
            int count) {
        for (int i = 0; i < count; i++) {
            boolean agrees = values[i] * signs[i] > 0;
            mixed[i] += agrees ? values[i] : 0;
            total[i] += agrees ? weight : 0;
        }
    }

    /// `y -= x`
    static void subtract(float[] y, float[] x, int count) {
        for (int i = 0; i < count; i++) {
            y[i] -= x[i];
        }
    }

    /// `y += x`
    private static void add(float[] y, float[] x, int count) {
        for (int i = 0; i < count; i++) {
            y[i] += x[i];
        }
    }
}
