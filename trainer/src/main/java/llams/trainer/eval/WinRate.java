package llams.trainer.eval;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntConsumer;
import llams.engine.plan.Program;
import llams.model.text.LoadedModel;
import llams.trainer.data.Document;

/// Which of two models finds given answers more likely. Both are asked about the same texts; the likelihood of an answer
/// is that of all its tokens, so that models with other vocabularies can be compared too.
///
/// @param answers that were compared
/// @param wins    more likely for the first model
/// @param losses  more likely for the second
/// @param ties    likely alike
public record WinRate(int answers, int wins, int losses, int ties) {
    /// Nats per token in which rounding can differ.
    private static final double TIE = 1e-6;

    /// How likely one model finds the answers.
    ///
    /// @param losses of each document, the sum over its counted tokens, in nats
    /// @param tokens that count, of each document
    public record Likelihoods(double[] losses, int[] tokens) {
        /// Nats per token over all answers.
        public double meanLoss() {
            double sum = 0;
            long counted = 0;
            for (int d = 0; d < losses.length; d++) {
                sum += losses[d];
                counted += tokens[d];
            }
            return sum / counted;
        }
    }

    /// Answers that are to be measured.
    public static final class Answers {
        private final List<Document> documents = new ArrayList<>();
        private final int[] tokens;
        private final DocumentLosses losses;

        /// @param all          documents, each with a token that counts
        /// @param maxPositions the most tokens that the model allows
        /// @throws llams.model.files.DataException if a document is longer than that
        public Answers(List<Document> all, int maxPositions) {
            tokens = new int[all.size()];
            for (int d = 0; d < tokens.length; d++) {
                Document one = all.get(d);
                tokens[d] = one.counted(one.ids().length);
                documents.add(new Document(one.origin(), one.ids(), one.labels(), false));
            }
            losses = new DocumentLosses(documents, maxPositions, "leave it out");
        }

        /// Tokens of all documents.
        public long tokens() {
            return losses.tokens();
        }

        /// Bytes that [#measure] needs, before anything is allocated.
        public Program.Memory memory(LoadedModel model) {
            return losses.memory(model.model);
        }

        /// @param progress hears how many more tokens are done
        public Likelihoods measure(LoadedModel model, IntConsumer progress) {
            return new Likelihoods(losses.sums(model.device, model.model, model.resident, progress), tokens);
        }
    }

    /// @throws IllegalArgumentException if the two measured other numbers of answers
    public static WinRate of(Likelihoods first, Likelihoods second) {
        if (first.losses.length != second.losses.length) {
            throw new IllegalArgumentException("the models measured " + first.losses.length + " and "
                    + second.losses.length + " answers; they must be the same");
        }
        int wins = 0;
        int ties = 0;
        int answers = first.losses.length;
        for (int d = 0; d < answers; d++) {
            double gain = (second.losses[d] - first.losses[d]) / first.tokens[d];
            if (!Double.isFinite(gain)) {
                throw new IllegalStateException(
                        "the loss of answer " + (d + 1) + " is not a number; look for damaged" + " weights");
            }
            wins += gain > TIE ? 1 : 0;
            ties += Math.abs(gain) <= TIE ? 1 : 0;
        }
        return new WinRate(answers, wins, answers - wins - ties, ties);
    }

    /// The share of wins; a tie is half of one.
    public double share() {
        return (wins + 0.5 * ties) / answers;
    }

    /// Its standard error, with the answers as a sample of many.
    public double error() {
        double mean = share();
        double squares = wins * (1 - mean) * (1 - mean) + losses * mean * mean + ties * (0.5 - mean) * (0.5 - mean);
        return Math.sqrt(squares / Math.max(1, answers - 1) / answers);
    }
}
