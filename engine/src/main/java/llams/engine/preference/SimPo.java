package llams.engine.preference;

/// Preference optimisation without a reference (arXiv 2405.14734): with `reward = beta logp / tokens`, the loss of a pair
/// is `-log sigmoid(reward chosen - reward rejected - gamma)`.
///
/// @param gamma the margin that a pair should have
public record SimPo(double beta, double gamma) implements Preference {
    public static final double BETA = 2;
    public static final double GAMMA = 0.5;

    @Override
    public boolean hasReference() {
        return false;
    }

    @Override
    public double loss(Answers answers, double[] gradient) {
        double sum = 0;
        for (int chosen = 0; chosen < gradient.length; chosen += 2) {
            int rejected = chosen + 1;
            double margin = reward(answers, chosen) - reward(answers, rejected) - gamma;
            sum += Preference.softplus(-margin);
            double slope = answers.perPair() * beta * Preference.sigmoid(-margin);
            gradient[chosen] = -slope / answers.tokens()[chosen];
            gradient[rejected] = slope / answers.tokens()[rejected];
        }
        return sum * answers.perPair();
    }

    @Override
    public double reward(Answers answers, int answer) {
        return beta * answers.mean(answer);
    }
}
