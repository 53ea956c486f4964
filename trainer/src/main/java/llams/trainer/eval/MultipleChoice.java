package llams.trainer.eval;

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
import llams.trainer.data.PackedDataset;
import llams.trainer.data.PackedSequence;
import llams.trainer.run.Evaluator;
import llams.trainer.run.MicroBatch;

/// Multiple-choice questions, answered by likelihood: the model's answer is the one it finds most likely after the
/// question, as in EleutherAI's lm-evaluation-harness (`acc`, `acc_norm`). What is scored is the token that begins a
/// text and [ChoiceQuestion#text], encoded as one; only the tokens after those of [ChoiceQuestion#context] count.
public final class MultipleChoice {
    /// Tokens of a packed sequence, unless a question needs more or the model allows less.
    private static final int TOKENS = 2048;

    private final List<ChoiceQuestion> questions;
    private final PackedDataset data;
    private final int length;

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
        this.questions = List.copyOf(questions);
        List<Document> documents = new ArrayList<>();
        int longest = 0;
        for (ChoiceQuestion question : questions) {
            for (String choice : question.choices()) {
                Document document = document(question, choice, text);
                documents.add(document);
                longest = Math.max(longest, document.ids().length);
                if (longest > maxPositions) {
                    throw new DataException(question.origin() + ": question and answer have " + longest
                            + " tokens, and the model allows " + maxPositions + " (max_position_embeddings)");
                }
            }
        }
        length = Math.max(longest, Math.min(TOKENS, maxPositions));
        data = new PackedDataset(documents, length, true);
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
        return data.statistics().packedTokens();
    }

    /// Bytes that [#score] needs, before anything is allocated.
    public Program.Memory memory(Llama model) {
        return Evaluator.memory(model, length);
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
        double[] losses = new double[data.statistics().documents()];
        int document = -1;
        try (Evaluator evaluator = Evaluator.open(device, model, resident, length)) {
            for (int s = 0; s < data.size(); s++) {
                PackedSequence sequence = data.sequence(s);
                float[] tokenLosses = evaluator.tokenLosses(MicroBatch.of(List.of(sequence)));
                for (int t = 0; t < tokenLosses.length; t++) {
                    document += sequence.position()[t] == 0 ? 1 : 0;
                    losses[document] += tokenLosses[t];
                }
                progress.accept(tokenLosses.length);
            }
        }
        return losses;
    }

    Score score(double[] losses) {
        int correct = 0;
        int correctByLength = 0;
        double chance = 0;
        int first = 0;
        for (ChoiceQuestion question : questions) {
            int best = 0;
            int bestByLength = 0;
            double[] byLength = new double[question.choices().size()];
            for (int c = 0; c < byLength.length; c++) {
                double loss = losses[first + c];
                if (!Double.isFinite(loss)) {
                    throw new IllegalStateException(question.origin() + ": the loss of answer " + c + " is " + loss
                            + "; look for damaged weights");
                }
                String choice = question.choices().get(c);
                byLength[c] = loss / choice.codePointCount(0, choice.length());
                best = loss < losses[first + best] ? c : best;
                bestByLength = byLength[c] < byLength[bestByLength] ? c : bestByLength;
            }
            correct += best == question.answer() ? 1 : 0;
            correctByLength += bestByLength == question.answer() ? 1 : 0;
            chance += 1.0 / byLength.length;
            first += byLength.length;
        }
        return new Score(questions.size(), correct, correctByLength, chance / questions.size());
    }
}
