package llams.trainer.demo;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import llams.engine.device.Device;
import llams.engine.generate.Generator;
import llams.model.chat.ChatMessage;
import llams.model.chat.ModelText;
import llams.model.text.GenerateOptions;
import llams.model.text.Generated;
import llams.model.text.LoadedModel;
import llams.model.text.OpenOptions;
import llams.model.text.Sampling;
import llams.model.text.TextGenerator;
import llams.model.text.TextListener;
import llams.trainer.data.PackedDataset;
import llams.trainer.run.Evaluator;
import llams.trainer.run.MicroBatch;

/// What one model knows: its losses on held-out data, and its answers.
final class Measures {
    private static final int ANSWER_TOKENS = 40;

    private Measures() {}

    /// @param tokens of the longest sequence in `heldOut`
    static DemoReport.Model of(Device device, String name, Path directory, Map<String, PackedDataset> heldOut,
            DemoData data, int tokens) throws IOException {
        try (TextGenerator generator = TextGenerator.open(directory, OpenOptions.standard().withDevice(device))) {
            Map<String, Double> losses = losses(generator.model, heldOut, tokens);
            Map<String, DemoReport.Score> right = new LinkedHashMap<>();
            Map<String, String> answers = new LinkedHashMap<>();
            Asker asker = new Asker(generator, generator.model.text);
            right.put("questions", score(data.questions, asker::answers));
            right.put("other language", score(data.requests, asker::answers));
            right.put("village facts", score(data.facts, asker::completes));
            for (String question : DemoReport.QUESTIONS) {
                answers.put(question, asker.generate(asker.asked(question), ANSWER_TOKENS, _ -> true).text());
            }
            for (String beginning : DemoReport.BEGINNINGS) {
                answers.put(beginning + " ...",
                        asker.generate(generator.ids(beginning), ANSWER_TOKENS, _ -> true).text());
            }
            return new DemoReport.Model(name, losses, right, answers);
        }
    }

    private static Map<String, Double> losses(LoadedModel model, Map<String, PackedDataset> heldOut, int tokens)
            throws IOException {
        Map<String, Double> losses = new LinkedHashMap<>();
        try (Evaluator evaluator = Evaluator.open(model.device, model.model, model.resident, tokens)) {
            for (Map.Entry<String, PackedDataset> set : heldOut.entrySet()) {
                PackedDataset data = set.getValue();
                MicroBatch all = MicroBatch.of(IntStream.range(0, data.size()).mapToObj(data::sequence).toList());
                losses.put(set.getKey(), evaluator.loss(List.of(all)).meanLoss());
            }
        }
        return losses;
    }

    private static DemoReport.Score score(List<DemoData.Task> tasks, Predicate<DemoData.Task> isRight) {
        return new DemoReport.Score((int) tasks.stream().filter(isRight).count(), tasks.size());
    }

    private record Asker(TextGenerator generator, ModelText text) {
        /// Whether the most probable answer is, letter by letter, the right one.
        boolean answers(DemoData.Task question) {
            int[] right = text.tokenizer().encodeOrdinary(question.right());
            Generator.Continuation answer = follow(asked(question.prompt()), question.right(), right.length + 1);
            return answer.end() == Generator.End.STOP_ID && Arrays.equals(answer.ids(), right);
        }

        /// Whether the most probable continuation starts, letter by letter, with the right one.
        boolean completes(DemoData.Task sentence) {
            int[] right = text.tokenizer().encodeOrdinary(sentence.right());
            return Arrays.equals(follow(generator.ids(sentence.prompt()), sentence.right(), right.length).ids(), right);
        }

        /// Continues a prompt as long as what comes is the beginning of `right`.
        private Generator.Continuation follow(int[] prompt, String right, int maxTokens) {
            StringBuilder said = new StringBuilder();
            return generate(prompt, maxTokens, piece -> right.startsWith(said.append(piece).toString())).tokens();
        }

        int[] asked(String question) {
            return text.chat().prompt(List.of(new ChatMessage("user", question)), List.of());
        }

        Generated generate(int[] prompt, int maxTokens, TextListener listener) {
            return generator.generate(prompt, new GenerateOptions(maxTokens, List.of(), Sampling.greedy()), listener);
        }
    }
}
