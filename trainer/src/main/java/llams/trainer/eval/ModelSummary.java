package llams.trainer.eval;

import java.io.IOException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import llams.engine.generate.Generator;
import llams.model.chat.ChatMessage;
import llams.model.text.GenerateOptions;
import llams.model.text.Generated;
import llams.model.text.LoadedModel;
import llams.model.text.Sampling;
import llams.model.text.TextGenerator;
import llams.model.text.TextListener;
import llams.trainer.data.PackedDataset;
import llams.trainer.run.Evaluator;
import llams.trainer.run.MicroBatch;

/// What a model knows: its losses on held-out data, how much it gets exactly right, and its answers.
///
/// @param losses  in nats per token, by the names of the data
/// @param exact   by the names of the tasks
/// @param answers to questions, and continuations of beginnings, by what was given
public record ModelSummary(Map<String, Double> losses, Map<String, Score> exact, Map<String, String> answers) {
    /// How much was right, letter by letter.
    public record Score(int right, int asked) {}

    /// What is measured.
    ///
    /// @param tokens       of the longest sequence in `losses`
    /// @param asked        questions
    /// @param begun        texts to continue
    /// @param answerTokens the most of an answer
    public record Measures(Map<String, PackedDataset> losses, int tokens, Map<String, List<ExactTask>> exact,
            List<String> asked, List<String> begun, int answerTokens) {}

    /// Measures a model. Answers are the most probable ones.
    public static ModelSummary of(TextGenerator generator, Measures measures) throws IOException {
        Asker asker = new Asker(generator);
        Map<String, Score> exact = new LinkedHashMap<>();
        measures.exact.forEach((name, tasks) -> exact.put(name,
                new Score((int) tasks.stream().filter(asker::isRight).count(), tasks.size())));
        Map<String, String> answers = new LinkedHashMap<>();
        for (String question : measures.asked) {
            answers.put(question, asker.generate(asker.asked(question), measures.answerTokens, _ -> true).text());
        }
        for (String beginning : measures.begun) {
            answers.put(beginning + " ...",
                    asker.generate(generator.ids(beginning), measures.answerTokens, _ -> true).text());
        }
        return new ModelSummary(losses(generator.model, measures), exact, answers);
    }

    private static Map<String, Double> losses(LoadedModel model, Measures measures) throws IOException {
        Map<String, Double> losses = new LinkedHashMap<>();
        try (Evaluator evaluator = Evaluator.open(model.device, model.model, model.resident, measures.tokens)) {
            measures.losses.forEach(
                    (name, data) -> losses.put(name, evaluator.loss(MicroBatch.each(data)::iterator).meanLoss()));
        }
        return losses;
    }

    private record Asker(TextGenerator generator) {
        boolean isRight(ExactTask task) {
            int[] right = generator.model.text.tokenizer().encodeOrdinary(task.right());
            int[] prompt = task.asks() ? asked(task.prompt()) : generator.ids(task.prompt());
            Generator.Continuation answer = follow(prompt, task.right(), right.length + (task.asks() ? 1 : 0));
            return Arrays.equals(answer.ids(), right) && (!task.asks() || answer.end() == Generator.End.STOP_ID);
        }

        /// Continues a prompt as long as what comes is the beginning of `right`.
        private Generator.Continuation follow(int[] prompt, String right, int maxTokens) {
            StringBuilder said = new StringBuilder();
            return generate(prompt, maxTokens, piece -> right.startsWith(said.append(piece).toString())).tokens();
        }

        int[] asked(String question) {
            return generator.model.text.chat().prompt(List.of(new ChatMessage("user", question)), List.of());
        }

        Generated generate(int[] prompt, int maxTokens, TextListener listener) {
            return generator.generate(prompt, new GenerateOptions(maxTokens, List.of(), Sampling.greedy()), listener);
        }
    }
}
