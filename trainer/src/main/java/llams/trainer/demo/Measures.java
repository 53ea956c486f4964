package llams.trainer.demo;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import llams.engine.device.Device;
import llams.engine.generate.Generator;
import llams.engine.generate.Sampler;
import llams.engine.llama.LlamaWeights;
import llams.tokenizer.ChatFormat;
import llams.tokenizer.Message;
import llams.tokenizer.Tokenizer;
import llams.trainer.Batch;
import llams.trainer.Evaluator;
import llams.trainer.data.PackedDataset;

/// What one model knows: its losses on held-out data, and its answers.
final class Measures {
    private static final int ANSWER_TOKENS = 64;

    private Measures() {
    }

    static DemoReport.Model of(Device device, String name, Path directory, Map<String, PackedDataset> heldOut,
            Map<String, List<DemoData.Question>> questions, int tokens) throws IOException {
        try (LlamaWeights weights = LlamaWeights.open(directory)) {
            Map<String, Double> losses = losses(device, weights, heldOut, tokens);
            Map<String, DemoReport.Score> right = new LinkedHashMap<>();
            Map<String, String> answers = new LinkedHashMap<>();
            Tokenizer tokenizer = Tokenizer.load(directory);
            Set<Integer> stops = new HashSet<>(weights.config.stopIds(directory));
            try (Generator generator = new Generator(device, weights.model(), weights.resident(), weights.config.maxPositions())) {
                Asker asker = new Asker(generator, tokenizer, new ChatFormat(tokenizer), stops);
                questions.forEach((topic, list) -> right.put(topic,
                        new DemoReport.Score((int) list.stream().filter(asker::isRight).count(), list.size())));
                for (String question : DemoReport.QUESTIONS) {
                    answers.put(question, asker.answer(question));
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

    private record Asker(Generator generator, Tokenizer tokenizer, ChatFormat chat, Set<Integer> stops) {
        /// Whether the most probable answer is, letter by letter, the right one; it ends at the first token that is not.
        boolean isRight(DemoData.Question question) {
            int[] right = tokenizer.encodeOrdinary(question.answer());
            int[] at = {0};
            Generator.Continuation answer = generate(question.question(), right.length + 1,
                    id -> at[0] < right.length && id == right[at[0]++]);
            return answer.end() == Generator.End.STOP_ID && Arrays.equals(answer.ids(), right);
        }

        String answer(String question) {
            return tokenizer.decode(generate(question, ANSWER_TOKENS, id -> true).ids());
        }

        private Generator.Continuation generate(String question, int maxTokens, Generator.Listener listener) {
            generator.reset();
            int[] prompt = chat.encode(List.of(new Message("user", question)), true);
            return generator.generate(prompt, maxTokens, Sampler.of(0, 0, 1, 0, 0), stops, listener);
        }
    }
}
