package llams.engine.preference;

/// The answers of a micro-batch: chosen, rejected, chosen, rejected, ...; then, for [Preference#hasMismatched], as many
/// mismatched ones.
///
/// @param logp      log-probability of each answer, summed over its tokens, `[answers]`
/// @param reference the same by the reference; null where there is none
/// @param tokens    of each answer
/// @param perPair   one over the pairs of the whole accumulated batch
/// @param perToken  one over the tokens of its chosen answers
public record Answers(double[] logp, double[] reference, int[] tokens, double perPair, double perToken) {
    /// Log-probability of one answer per token.
    double mean(int answer) {
        return logp[answer] / tokens[answer];
    }

    /// By how much the model finds an answer more likely than the reference does, as the log of the ratio.
    double ratio(int answer) {
        return logp[answer] - reference[answer];
    }
}
