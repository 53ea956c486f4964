package llams.trainer.eval;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import llams.engine.Golden;
import llams.engine.device.Device;
import llams.engine.weights.LlamaWeights;
import llams.model.chat.ModelText;
import llams.tokenizer.Tokenizer;
import llams.trainer.data.Document;
import llams.trainer.data.JsonLine;
import llams.trainer.data.SlidingWindows;
import llams.trainer.run.Evaluator;
import llams.trainer.run.MicroBatch;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/// Likelihoods of answers and losses through sliding windows, against float64 references, on every usable device but
/// the reference, which gives what they give op by op and takes its time. The
/// files are those of the project, or those of another directory of the same form given by `-Dllams.golden2=DIR` (a
/// relative path counts from the project's root).
class GoldenEvaluationTest {
    private static final Path FILES = Golden.ROOT
            .resolve(System.getProperty("llams.golden2", "trainer/src/test/resources/golden2"))
            .normalize();
    private static final Path REFERENCE = FILES.resolve("embeddings-eval");
    private static final Path MODEL = Golden.path("tiny-llama3");

    static Stream<Device> devices() {
        return Golden.devices().filter(device -> !device.name().equals("scalar"));
    }

    private static JsonNode part() {
        return Golden.partOrSkip(Golden.json(FILES.resolve("manifest.json")).path("parts"), "embeddings-eval");
    }

    private static Tokenizer tokenizer() throws IOException {
        return Tokenizer.load(FILES.resolve("gguf/tokenizer"));
    }

    @ParameterizedTest
    @MethodSource("devices")
    void answersAreAsLikelyAsInTheReference(Device device) throws IOException {
        double tolerance = part().path("tolerance").get("loglikelihood_abs").asDouble();
        Path file = REFERENCE.resolve("choice.jsonl");
        List<ChoiceQuestion> questions = ChoiceQuestion.read(file, key -> {});
        try (LlamaWeights weights = LlamaWeights.open(MODEL)) {
            MultipleChoice choice = new MultipleChoice(questions, ModelText.of(tokenizer()),
                    weights.config.maxPositions());
            double[] losses = choice.losses(device, weights.model(), weights.resident(), tokens -> {});
            int answer = 0;
            for (String line : Files.readAllLines(file)) {
                for (JsonNode likelihood : JsonLine.parse(line, "reference").get("loglikelihood")) {
                    assertEquals(likelihood.asDouble(), -losses[answer], tolerance, "answer " + answer++);
                }
            }
            assertEquals(losses.length, answer);
            MultipleChoice.Score score = choice.score(losses);
            assertEquals(part().path("values").get("acc").asDouble(), score.accuracy(), 1e-12);
            assertEquals(part().path("values").get("acc_norm").asDouble(), score.accuracyByLength(), 1e-12);
        }
    }

    @ParameterizedTest
    @MethodSource("devices")
    void slidingWindowsLoseWhatTheReferenceLoses(Device device) throws IOException {
        double tolerance = part().path("tolerance").get("nll_per_token_abs").asDouble();
        Tokenizer tokenizer = tokenizer();
        int compared = 0;
        try (LlamaWeights weights = LlamaWeights.open(MODEL);
                Evaluator evaluator = Evaluator.open(device, weights.model(), weights.resident(),
                        weights.config.maxPositions())) {
            for (JsonNode document : Golden.json(REFERENCE.resolve("perplexity.json")).get("documents")) {
                int[] ids = ids(document);
                int[] body = tokenizer.encodeOrdinary(document.get("text").asString());
                assertArrayEquals(body, Arrays.copyOfRange(ids, 1, ids.length));
                for (JsonNode expected : document.get("sliding")) {
                    int window = expected.get("window").asInt();
                    SlidingWindows windows = new SlidingWindows(List.of(new Document("reference", ids, ids)), window,
                            expected.get("stride").asInt());
                    Evaluator.Loss loss = evaluator.loss(() -> MicroBatch.each(windows).iterator());
                    assertEquals(expected.get("counted").asLong(), loss.countedTokens(), expected::toString);
                    assertEquals(expected.get("nll").asDouble() / loss.countedTokens(), loss.meanLoss(), tolerance,
                            expected::toString);
                    assertEquals(expected.get("bits_per_byte").asDouble(),
                            loss.bitsPerByte(document.get("bytes").asLong()), 2 * tolerance, expected::toString);
                    compared++;
                }
            }
        }
        assertTrue(compared > 0);
    }

    private static int[] ids(JsonNode document) {
        JsonNode list = document.get("ids");
        int[] ids = new int[list.size()];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = list.get(i).asInt();
        }
        return ids;
    }
}
