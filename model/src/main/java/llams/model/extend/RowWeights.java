package llams.model.extend;

/// How the row of a new token is made of the rows of the tokens that stood for it: their weighted mean. Each piece
/// counts `tilt` times as much as the one before.
///
/// @param embedding the tilt in the embedding, and in a head that is the embedding
/// @param head      the tilt in a head of its own
public record RowWeights(double embedding, double head) {
    /// The plain mean.
    public static final RowWeights MEAN = new RowWeights(1, 1);

    /// The weights of `count` pieces, whose sum is 1.
    static double[] of(double tilt, int count) {
        double[] weights = new double[count];
        double sum = 0;
        double weight = 1;
        for (int i = 0; i < count; i++, weight *= tilt) {
            weights[i] = weight;
            sum += weight;
        }
        for (int i = 0; i < count; i++) {
            weights[i] /= sum;
        }
        return weights;
    }
}
