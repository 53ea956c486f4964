package llams.engine.preference;

/// How a model learns from pairs of a chosen and a rejected answer: a loss of how likely it finds each answer, and in
/// most methods of how likely the model that it began as found it, the reference.
public sealed interface Preference permits Dpo, Orpo, SimPo, Kto {
    /// Whether the reference's probabilities are asked for.
    boolean hasReference();

    /// Whether [Answers] end with each prompt and the answer to another.
    default boolean hasMismatched() {
        return false;
    }

    /// The loss of a micro-batch.
    ///
    /// @param gradient filled with the derivative for the log-probability of each answer, `[answers]`
    double loss(Answers answers, double[] gradient);

    /// What the method counts an answer as worth.
    double reward(Answers answers, int answer);

    /// `log(1 + e^x)`, the negative log of a sigmoid of `-x`.
    static double softplus(double x) {
        return Math.max(x, 0) + StrictMath.log1p(StrictMath.exp(-Math.abs(x)));
    }

    static double sigmoid(double x) {
        double e = StrictMath.exp(-Math.abs(x));
        return x >= 0 ? 1 / (1 + e) : e / (1 + e);
    }
}
