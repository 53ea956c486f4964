package llams.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import llams.engine.FullPass.Rows;
import llams.engine.device.Devices;
import llams.engine.generate.Generator;
import llams.engine.generate.Sampler;
import llams.engine.weights.LlamaWeights;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/// A real small model, trained by others, gives the logits and the story that it gave them.
class StoriesModelTest {
    private static Path model() {
        return Golden.besideOrSkip("shared/models/stories260k");
    }

    private static int[] ints(JsonNode array) {
        int[] values = new int[array.size()];
        Arrays.setAll(values, i -> array.get(i).asInt());
        return values;
    }

    @Test
    void logitsAndLosses() throws IOException {
        JsonNode golden = Golden.json(model().resolve("golden_logits.json"));
        float[] expected = new float[golden.get("shape").get(0).asInt() * golden.get("shape").get(1).asInt()];
        ByteBuffer.wrap(Files.readAllBytes(model().resolve(golden.get("logits_file").asString())))
                .order(ByteOrder.LITTLE_ENDIAN)
                .asFloatBuffer()
                .get(expected);
        Rows rows = new Rows(new int[][] {ints(golden.get("input_ids"))}, null, null,
                new int[][] {ints(golden.get("target_ids"))});
        try (LlamaWeights weights = LlamaWeights.open(model())) {
            FullPass pass = FullPass.run(Devices.byName("cpu"), weights, rows, false, false);
            double tolerance = 10 * golden.get("max_abs_diff_numpy_f32_vs_f64").asDouble();
            double difference = Golden.maxDifference(expected, pass.outputs.get("logits"));
            assertTrue(difference <= tolerance, "differs by " + difference + ", more than " + tolerance);
            assertEquals(golden.get("mean_nll").asDouble(), pass.outputs.get("loss")[0], tolerance);
            float[] tokenLoss = pass.outputs.get("tokenLoss");
            for (int t = 0; t < tokenLoss.length; t++) {
                assertEquals(golden.get("nll").get(t).asDouble(), tokenLoss[t], tolerance, "token " + t);
            }
        }
    }

    @Test
    void theWholeStoryAndTheFirstLogits() throws IOException {
        JsonNode golden = Golden.json(model().resolve("golden.json"));
        int[] story = ints(golden.get("tokens_all"));
        try (LlamaWeights weights = LlamaWeights.open(model());
                Generator generator = new Generator(Devices.byName("cpu"), weights.model(), weights.resident(),
                        story.length)) {
            float[] logits = generator.append(golden.get("bos").asInt());
            for (int id = 0; id < logits.length; id++) {
                assertEquals(golden.get("first_logits").get(id).asDouble(), logits[id], 1e-4, "first logit of " + id);
            }
            for (int i = 0; i < story.length; i++) {
                int id = new Sampler.Greedy().pick(logits, i);
                assertEquals(story[i], id, "token " + i);
                logits = i + 1 < story.length ? generator.append(id) : logits;
            }
        }
    }
}
