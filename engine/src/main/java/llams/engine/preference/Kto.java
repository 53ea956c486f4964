package llams.engine.preference;

/// Kahneman-Tversky optimisation (arXiv 2402.01306): with `ratio = logp - reference logp`, an answer costs
/// `1 - sigmoid(beta (ratio - KL))` if it was chosen and `1 - sigmoid(beta (KL - ratio))` if it was rejected. KL, how far
/// the model is from the reference, is the mean ratio of the mismatched answers, at least 0, and a constant to the
/// gradient.
public record Kto(double beta) implements Preference {
    public static final double BETA = 0.1;

    @Override
    public boolean hasReference() {
        return true;
    }

    @Override
    public boolean hasMismatched() {
        return true;
    }

    @Override
    public double loss(Answers answers, double[] gradient) {
        int real = gradient.length / 2;
        double kl = 0;
        for (int mismatched = real; mismatched < gradient.length; mismatched++) {
            kl += answers.ratio(mismatched) / real;
        }
        kl = Math.max(0, kl);
        double perAnswer = answers.perPair() / 2;
        double sum = 0;
        for (int answer = 0; answer < real; answer++) {
            double side = answer % 2 == 0 ? 1 : -1;
            double cost = Preference.sigmoid(-side * beta * (answers.ratio(answer) - kl));
            sum += cost;
            gradient[answer] = -perAnswer * side * beta * cost * (1 - cost);
        }
        return sum * perAnswer;
    }

    @Override
    public double reward(Answers answers, int answer) {
        return beta * answers.ratio(answer);
    }
}
