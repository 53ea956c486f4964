package llams.trainer.merge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import llams.engine.Golden;
import llams.engine.device.Device;
import llams.engine.device.Devices;
import llams.engine.llama.ScaledDifference;
import llams.engine.plan.Program;
import llams.engine.safetensors.Checkpoint;
import llams.engine.safetensors.SafetensorsWriter;
import llams.engine.tensor.Tensor;
import llams.engine.weights.LlamaWeights;
import llams.model.files.ByteProgress;
import llams.model.merge.ChatVector;
import llams.trainer.data.Document;
import llams.trainer.data.PackedDataset;
import llams.trainer.run.Evaluator;
import llams.trainer.run.MicroBatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What is learned is what a merge with the learned strengths gives, and better than any single strength.
class LearnedChatVectorTest {
    private static final int TOKENS = 24;

    @TempDir
    Path temporary;

    private final Device device = Devices.byName("cpu");

    private static Path base() {
        return Golden.models().findFirst().orElseThrow().dir("f32");
    }

    private Path changed(Path from, String name, long seed) throws IOException {
        Path out = Files.createDirectory(temporary.resolve(name));
        Files.copy(from.resolve("config.json"), out.resolve("config.json"));
        Random random = new Random(seed);
        try (Arena arena = Arena.ofConfined(); Checkpoint model = Checkpoint.open(from)) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            for (String tensor : model.names()) {
                Tensor old = model.tensor(tensor);
                Tensor moved = Tensor.allocate(arena, old.dtype(), old.shape());
                for (long i = 0; i < moved.elements(); i++) {
                    moved.setFloat(i, (float) (old.getFloat(i) + 0.02 * random.nextGaussian()));
                }
                tensors.put(tensor, moved);
            }
            SafetensorsWriter.writeFile(out.resolve("model.safetensors"), tensors, Map.of());
        }
        return out;
    }

    private static PackedDataset data(int vocab, int sequences, long seed) {
        Random random = new Random(seed);
        List<Document> documents = new ArrayList<>();
        for (int s = 0; s < sequences; s++) {
            int[] ids = random.ints(TOKENS, 0, vocab).toArray();
            documents.add(new Document("document " + s, ids, ids.clone(), false));
        }
        return new PackedDataset(documents, TOKENS, false);
    }

    @Test
    void gatesAndStrengths() {
        for (double strength : new double[] {0, 0.1, 0.5, 1, 1.7, 5}) {
            assertEquals(strength, ScaledDifference.strength(ScaledDifference.gate(strength)), 1e-10);
        }
    }

    /// Those of the shape alone are those of the open models.
    @Test
    void memoryIsKnownBeforeTheModelsAreThere() throws IOException {
        try (LearnedChatVector vector = new LearnedChatVector(device, base(), base(), base());
                LlamaWeights weights = LlamaWeights.open(base())) {
            Program.Memory open = vector.memory(TOKENS);
            Program.Memory forecast = LearnedChatVector
                    .memory(weights.config.withMetadata(weights.config.metadata().withDtype("float32")), TOKENS);
            assertEquals(open.state() + open.temporaries() + vector.allocatedBytes(),
                    forecast.state() + forecast.temporaries(), 0.01 * forecast.total());
        }
    }

    @Test
    void betterThanAnySingleStrengthAndTheSameWhenMerged() throws IOException {
        Path instruct = changed(base(), "instruct", 1);
        Path tuned = changed(base(), "tuned", 2);
        Path out = temporary.resolve("out");
        double learned;
        PackedDataset data;
        try (LearnedChatVector vector = new LearnedChatVector(device, base(), instruct, tuned)) {
            data = data(90, 8, 3);
            double single = Double.POSITIVE_INFINITY;
            for (int point = 1; point <= 10; point++) {
                vector.set(0.15 * point);
                single = Math.min(single, vector.loss(data).meanLoss());
            }
            vector.set(1);
            List<Double> losses = new ArrayList<>();
            vector.learn(data, new LearnedChatVector.Settings(20, 0.1, 8, 5), losses::add);
            learned = vector.loss(data).meanLoss();
            assertTrue(learned < single - 1e-3, learned + ", the best single strength " + single + ": " + losses);
            assertTrue(vector.strengths().values().stream().distinct().count() > 10, vector.strengths().toString());
            ChatVector.merge(base(), instruct, tuned, out,
                    new ChatVector.Options(vector.scale(), ChatVector.Vocabulary.STRICT, Map.of()),
                    ByteProgress.SILENT);
        }
        try (LlamaWeights merged = LlamaWeights.open(out);
                Evaluator evaluator = Evaluator.open(device, merged.model(), merged.resident(), TOKENS)) {
            assertEquals(learned, evaluator.loss(() -> MicroBatch.each(data).iterator()).meanLoss(), 1e-5);
        }
    }
}
