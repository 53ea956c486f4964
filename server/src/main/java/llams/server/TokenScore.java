package llams.server;

/// A token of a text with its logarithm of probability, and the most probable in its place.
///
/// @param top ids in descending order of probability
record TokenScore(int id, double logProbability, int[] top, double[] topLogProbabilities) {
    /// @param logits `[vocab]`
    /// @param most   how many of the most probable are wanted
    static TokenScore of(float[] logits, int id, int most) {
        double logSum = logSum(logits);
        int[] top = new int[most];
        int count = 0;
        for (int candidate = 0; candidate < logits.length; candidate++) {
            if (count == most && (most == 0 || logits[candidate] <= logits[top[most - 1]])) {
                continue;
            }
            int at = count == most ? most - 1 : count++;
            while (at > 0 && logits[candidate] > logits[top[at - 1]]) {
                top[at] = top[at - 1];
                at--;
            }
            top[at] = candidate;
        }
        double[] scores = new double[most];
        for (int i = 0; i < most; i++) {
            scores[i] = logits[top[i]] - logSum;
        }
        return new TokenScore(id, logits[id] - logSum, top, scores);
    }

    private static double logSum(float[] logits) {
        float best = Float.NEGATIVE_INFINITY;
        for (float logit : logits) {
            best = Math.max(best, logit);
        }
        double sum = 0;
        for (float logit : logits) {
            sum += Math.exp(logit - best);
        }
        return best + Math.log(sum);
    }
}
