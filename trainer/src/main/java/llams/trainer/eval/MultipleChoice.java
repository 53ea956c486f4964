package llams.trainer.eval;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;
import llams.engine.device.Device;
import llams.engine.llama.Llama;
import llams.engine.plan.Program;
import llams.engine.tensor.Tensor;
import llams.model.chat.ModelText;
import llams.model.files.DataException;
import llams.tokenizer.Tokenizer;
import llams.trainer.data.Document;

/// Multiple-choice questions, answered by likelihood: the model's answer is the one it finds most likely after the
/// question, as in EleutherAI's lm-evaluation-harness (`acc`, `acc_norm`). What is scored is the token that begins a
/// text and [ChoiceQuestion#text], encoded as one; only the tokens after those of [ChoiceQuestion#context] count.
public final class MultipleChoice {
    /// Writes a question and one of its answers as ids, of which those of the answer count.
    @FunctionalInterface
    public interface Encoder {
        Document encode(int question, String choice);
    }

    private final List<ChoiceQuestion> questions;
    private final DocumentLosses losses;

    /// What the model answers to a question: the answer with the greatest likelihood, also per character and per byte.
    public record Pick(int likeliest, int byCharacters, int byBytes) {}

    /// @param correct         questions whose right answer has the greatest likelihood
    /// @param correctByLength questions whose right answer has the greatest logarithm of its likelihood per character
    /// @param chance          share of right answers that picking blindly would give
    public record Score(int questions, int correct, int correctByLength, double chance) {
        public double accuracy() {
            return (double) correct / questions;
        }

        public double accuracyByLength() {
            return (double) correctByLength / questions;
        }

        /// The standard error of an accuracy, with the questions as a sample of many.
        public double error(double accuracy) {
            return Math.sqrt(accuracy * (1 - accuracy) / Math.max(1, questions - 1));
        }
    }

    /// @param maxPositions the most tokens that the model allows
    /// @throws DataException if a question with one of its answers is longer than that
    public MultipleChoice(List<ChoiceQuestion> questions, ModelText text, int maxPositions) {
        this(questions, (question, choice) -> document(questions.get(question), choice, text), maxPositions);
    }

    /// Questions that `encoder` writes.
    ///
    /// @throws DataException if a question with one of its answers has more than `maxPositions` tokens
    public MultipleChoice(List<ChoiceQuestion> questions, Encoder encoder, int maxPositions) {
        this.questions = List.copyOf(questions);
        List<Document> documents = new ArrayList<>();
        for (int q = 0; q < questions.size(); q++) {
            for (String choice : questions.get(q).choices()) {
                documents.add(encoder.encode(q, choice));
            }
        }
        losses = new DocumentLosses(documents, maxPositions, "shorten the question, or give fewer examples before it");
    }

    private static Document document(ChoiceQuestion question, String choice, ModelText model) {
        Tokenizer tokenizer = model.tokenizer();
        int[] body = tokenizer.encodeOrdinary(question.text(choice));
        int[] ids = model.frame().around(body, true, false);
        int[] labels = ids.clone();
        Arrays.fill(labels, 0,
                ids.length - body.length
                        + Math.min(tokenizer.encodeOrdinary(question.context()).length, body.length - 1),
                Document.IGNORED);
        return new Document(question.origin(), ids, labels, false);
    }

    /// Tokens of all questions with all their answers.
    public long tokens() {
        return losses.tokens();
    }

    /// Bytes that [#score] needs, before anything is allocated.
    public Program.Memory memory(Llama model) {
        return losses.memory(model);
    }

    /// Scores a model.
    ///
    /// @param progress hears how many more tokens are done
    /// @throws IllegalStateException if a likelihood is not a number
    public Score score(Device device, Llama model, Map<String, Tensor> resident, IntConsumer progress) {
        return score(losses(device, model, resident, progress));
    }

    /// The loss of each answer, the sum over its tokens: `[answers]`, those of the first question first.
    public double[] losses(Device device, Llama model, Map<String, Tensor> resident, IntConsumer progress) {
        return losses.sums(device, model, resident, progress);
    }

    Score score(double[] losses) {
        int correct = 0;
        int correctByLength = 0;
        double chance = 0;
        List<Pick> picks = picks(losses);
        for (int q = 0; q < picks.size(); q++) {
            ChoiceQuestion question = questions.get(q);
            correct += picks.get(q).likeliest == question.answer() ? 1 : 0;
            correctByLength += picks.get(q).byCharacters == question.answer() ? 1 : 0;
            chance += 1.0 / question.choices().size();
        }
        return new Score(questions.size(), correct, correctByLength, chance / questions.size());
    }

    /// The answer to each question; the first of those that are equally likely.
    ///
    /// @param losses of the answers, as [#losses] returns them
    /// @throws IllegalStateException if one is not a number
    public List<Pick> picks(double[] losses) {
        List<Pick> picks = new ArrayList<>();
        int first = 0;
        for (ChoiceQuestion question : questions) {
            int choices = question.choices().size();
            double[] plain = new double[choices];
            double[] byCharacters = new double[choices];
            double[] byBytes = new double[choices];
            for (int c = 0; c < choices; c++) {
                plain[c] = losses[first + c];
                if (!Double.isFinite(plain[c])) {
                    throw new IllegalStateException(question.origin() + ": the loss of answer " + c + " is " + plain[c]
                            + "; look for damaged weights");
                }
                String choice = question.choices().get(c);
                byCharacters[c] = plain[c] / choice.codePointCount(0, choice.length());
                byBytes[c] = plain[c] / choice.getBytes(StandardCharsets.UTF_8).length;
            }
            picks.add(new Pick(least(plain), least(byCharacters), least(byBytes)));
            first += choices;
        }
        return picks;
    }

    private static int least(double[] values) {
        int least = 0;
        for (int i = 1; i < values.length; i++) {
            least = values[i] < values[least] ? i : least;
        }
        return least;
    }
}
