package llams.engine.preference;

/// Odds-ratio preference optimisation (arXiv 2403.07691): the usual loss over all tokens of the chosen answers, and
/// `lambda` times `-log sigmoid(log odds chosen - log odds rejected)` of each pair, where the odds are those of
/// `p = e^(logp / tokens)`: `p / (1 - p)`.
public record Orpo(double lambda) implements Preference {
    public static final double LAMBDA = 0.1;

    @Override
    public boolean hasReference() {
        return false;
    }

    @Override
    public double loss(Answers answers, double[] gradient) {
        double sum = 0;
        double chosenLogp = 0;
        for (int chosen = 0; chosen < gradient.length; chosen += 2) {
            int rejected = chosen + 1;
            double logOdds = logOdds(answers.mean(chosen), answers.mean(rejected));
            sum += Preference.softplus(-logOdds);
            chosenLogp += answers.logp()[chosen];
            double slope = answers.perPair() * lambda * Preference.sigmoid(-logOdds);
            gradient[chosen] = -slope * slopeOfLogOdds(answers.mean(chosen)) / answers.tokens()[chosen]
                    - answers.perToken();
            gradient[rejected] = slope * slopeOfLogOdds(answers.mean(rejected)) / answers.tokens()[rejected];
        }
        return lambda * sum * answers.perPair() - chosenLogp * answers.perToken();
    }

    @Override
    public double reward(Answers answers, int answer) {
        return lambda * answers.mean(answer);
    }

    /// Log of the odds of one answer over those of another, from their log-probabilities per token.
    static double logOdds(double chosen, double rejected) {
        return chosen - rejected - (logOfRest(chosen) - logOfRest(rejected));
    }

    /// `log(1 - e^logp)`, exact for probabilities near 1 and near 0.
    private static double logOfRest(double logp) {
        double log = Math.min(logp, -Double.MIN_NORMAL);
        return log > -0.7 ? StrictMath.log(-StrictMath.expm1(log)) : StrictMath.log1p(-StrictMath.exp(log));
    }

    /// `d(logp - log(1 - e^logp)) / dlogp`.
    private static double slopeOfLogOdds(double logp) {
        return 1 + 1 / StrictMath.expm1(-Math.min(logp, -Double.MIN_NORMAL));
    }
}
