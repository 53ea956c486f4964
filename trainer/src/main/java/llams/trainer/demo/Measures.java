package llams.trainer.demo;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import llams.engine.device.Device;
import llams.engine.generate.Generator;
import llams.engine.generate.Sampler;
import llams.engine.weights.ConfigJson;
import llams.engine.weights.LlamaWeights;
import llams.tokenizer.ChatFormat;
import llams.tokenizer.Message;
import llams.tokenizer.Tokenizer;
import llams.trainer.data.PackedDataset;
import llams.trainer.run.Batch;
import llams.trainer.run.Evaluator;

/// What one model knows: its losses on held-out data, and its answers.
final class Measures {
    private static final int ANSWER_TOKENS = 40;

    private Measures() {}

    /// @param tokens of the longest sequence in `heldOut`
    static DemoReport.Model of(Device device, String name, Path directory, Map<String, PackedDataset> heldOut,
            DemoData data, int tokens) throws IOException {
        try (LlamaWeights weights = LlamaWeights.open(directory)) {
            Map<String, Double> losses = losses(device, weights, heldOut, tokens);
            Map<String, DemoReport.Score> right = new LinkedHashMap<>();
            Map<String, String> answers = new LinkedHashMap<>();
            Tokenizer tokenizer = Tokenizer.load(directory);
            Set<Integer> stops = new HashSet<>(ConfigJson.stopIds(weights.config, directory));
            try (Generator generator = new Generator(device, weights.model(), weights.resident(),
                    weights.config.maxPositions())) {
                Asker asker = new Asker(generator, tokenizer, new ChatFormat(tokenizer), stops);
                right.put("questions", score(data.questions, asker::answers));
                right.put("other language", score(data.requests, asker::answers));
                right.put("village facts", score(data.facts, asker::completes));
                for (String question : DemoReport.QUESTIONS) {
                    answers.put(question, asker.answer(question));
                }
                for (String beginning : DemoReport.BEGINNINGS) {
                    answers.put(beginning + " ...", asker.completion(beginning));
                }
            }
            return new DemoReport.Model(name, losses, right, answers);
        }
    }

    private static Map<String, Double> losses(Device device, LlamaWeights weights, Map<String, PackedDataset> heldOut,
            int tokens) throws IOException {
        Map<String, Double> losses = new LinkedHashMap<>();
        try (Evaluator evaluator = Evaluator.open(device, weights.model(), weights.resident(), tokens)) {
            for (Map.Entry<String, PackedDataset> set : heldOut.entrySet()) {
                PackedDataset data = set.getValue();
                Batch all = Batch.of(IntStream.range(0, data.size()).mapToObj(data::sequence).toList());
                losses.put(set.getKey(), evaluator.loss(List.of(all)).meanLoss());
            }
        }
        return losses;
    }

    private static DemoReport.Score score(List<DemoData.Task> tasks, Predicate<DemoData.Task> isRight) {
        return new DemoReport.Score((int) tasks.stream().filter(isRight).count(), tasks.size());
    }

    private record Asker(Generator generator, Tokenizer tokenizer, ChatFormat chat, Set<Integer> stops) {
        /// Whether the most probable answer is, letter by letter, the right one.
        boolean answers(DemoData.Task question) {
            int[] right = tokenizer.encodeOrdinary(question.right());
            Generator.Continuation answer = follow(asked(question.prompt()), right, right.length + 1);
            return answer.end() == Generator.End.STOP_ID && Arrays.equals(answer.ids(), right);
        }

        /// Whether the most probable way to go on starts, letter by letter, with the right one.
        boolean completes(DemoData.Task sentence) {
            int[] right = tokenizer.encodeOrdinary(sentence.right());
            return Arrays.equals(follow(begun(sentence.prompt()), right, right.length).ids(), right);
        }

        /// Goes on, but not past a token that is not the next of `right`.
        private Generator.Continuation follow(int[] prompt, int[] right, int maxTokens) {
            int[] at = {0};
            return generate(prompt, maxTokens, id -> at[0] < right.length && id == right[at[0]++]);
        }

        String answer(String question) {
            return tokenizer.decode(generate(asked(question), ANSWER_TOKENS, id -> true).ids());
        }

        String completion(String beginning) {
            return tokenizer.decode(generate(begun(beginning), ANSWER_TOKENS, id -> true).ids());
        }

        private int[] asked(String question) {
            return chat.encode(List.of(new Message("user", question)), true);
        }

        private int[] begun(String text) {
            int begin = tokenizer.special("<|begin_of_text|>").orElseThrow();
            return IntStream.concat(IntStream.of(begin), IntStream.of(tokenizer.encodeOrdinary(text))).toArray();
        }

        private Generator.Continuation generate(int[] prompt, int maxTokens, Generator.Listener listener) {
            generator.reset();
            return generator.generate(prompt, maxTokens, Sampler.of(0, 0, 1, 0, 0), stops, listener);
        }
    }
}
