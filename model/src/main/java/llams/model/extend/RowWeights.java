package llams.model.extend;

/// How the row of a new token is made of the rows of the tokens that stood for it: their weighted mean. Each piece
/// counts `tilt` times as much as the one before.
///
/// @param embedding the tilt in the embedding
/// @param head      the tilt in the head
/// @param tied      the tilt in an embedding that is the head as well
public record RowWeights(double embedding, double head, double tied) {
    /// The plain mean.
    public static final RowWeights MEAN = new RowWeights(1, 1, 1);

    /// What gives the lowest loss before any training. The model went on from the last piece, so the embedding leans
    /// to that; it foretold the first piece, so the head leans to this. Where both are one, these pull against each
    /// other.
    public static final RowWeights STANDARD = new RowWeights(4, 0.5, 1);

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
