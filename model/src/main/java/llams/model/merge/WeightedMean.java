package llams.model.merge;

/// `(w1 t1 + w2 t2 + ...) / (w1 + w2 + ...)`, or the sum alone.
///
/// @param weights   one per model
/// @param normalize whether to divide by their sum
record WeightedMean(float[] weights, boolean normalize) implements Blend {
    @Override
    public void compute(Workspace work, long begin, int count) {
        float[] result = work.result.values;
        scale(result, work.inputs[0].values, weights[0], count);
        for (int m = 1; m < weights.length; m++) {
            addScaled(result, work.inputs[m].values, weights[m], count);
        }
        if (normalize) {
            divide(result, sum(), count);
        }
    }

    /// The sum of the weights.
    float sum() {
        float sum = weights[0];
        for (int m = 1; m < weights.length; m++) {
            sum += weights[m];
        }
        return sum;
    }

    /// `y = factor x`
    static void scale(float[] y, float[] x, float factor, int count) {
        for (int i = 0; i < count; i++) {
            y[i] = factor * x[i];
        }
    }

    /// `y += factor x`
    static void addScaled(float[] y, float[] x, float factor, int count) {
        for (int i = 0; i < count; i++) {
            y[i] += factor * x[i];
        }
    }

    static void divide(float[] y, float by, int count) {
        for (int i = 0; i < count; i++) {
            y[i] /= by;
        }
    }
}
