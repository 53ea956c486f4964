package llams.engine.preference;

/// Direct preference optimisation (arXiv 2305.18290): with `reward = beta (logp - reference logp)`, the loss of a pair is
/// `-log sigmoid(reward chosen - reward rejected)`.
///
/// @param beta how much it costs to move away from the reference
public record Dpo(double beta) implements Preference {
    public static final double BETA = 0.1;

    @Override
    public boolean hasReference() {
        return true;
    }

    @Override
    public double loss(Answers answers, double[] gradient) {
        double sum = 0;
        for (int chosen = 0; chosen < gradient.length; chosen += 2) {
            double margin = reward(answers, chosen) - reward(answers, chosen + 1);
            sum += Preference.softplus(-margin);
            gradient[chosen] = -answers.perPair() * beta * Preference.sigmoid(-margin);
            gradient[chosen + 1] = -gradient[chosen];
        }
        return sum * answers.perPair();
    }

    @Override
    public double reward(Answers answers, int answer) {
        return beta * answers.ratio(answer);
    }
}
