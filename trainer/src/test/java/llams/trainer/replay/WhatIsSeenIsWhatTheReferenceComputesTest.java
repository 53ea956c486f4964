package llams.trainer.replay;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import llams.engine.device.Devices;
import llams.engine.llama.LlamaConfig;
import llams.engine.weights.LlamaWeights;
import llams.model.create.NewModel;
import llams.model.files.ByteProgress;
import llams.model.lora.LoraConfig;
import llams.trainer.data.Document;
import llams.trainer.data.PackedDataset;
import llams.trainer.run.Interval;
import llams.trainer.run.TrainSettings;
import llams.trainer.run.TrainingRun;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The same step of the same run, computed by the processor's kernels and by the plainest loops, looks the same.
class WhatIsSeenIsWhatTheReferenceComputesTest {
    private static final int WINDOW = 20;
    /// Of numbers of one size; measured: 1.5e-5.
    private static final double TOLERANCE = 1e-4;

    @TempDir
    Path directory;

    static Stream<LoraConfig> methods() {
        return Stream.of(LoraConfig.standard().withRank(4), null);
    }

    private Replayed replay(Path model, LoraConfig lora, String device, boolean recompute) throws IOException {
        Random random = new Random(3);
        List<Document> documents = new ArrayList<>();
        for (int d = 0; d < 9; d++) {
            int[] ids = random.ints(5 + random.nextInt(9), 3, 40).toArray();
            documents.add(new Document("document " + d, ids, ids));
        }
        TrainSettings settings = (lora == null ? TrainSettings.full() : TrainSettings.standard().withLora(lora))
                .withTokens(32)
                .withBatch(1, 2)
                .withSteps(2)
                .withLearningRate(1e-2)
                .withRecompute(recompute)
                .withSaves(Interval.steps(1), 2);
        Path out = directory.resolve(device + recompute);
        try (LlamaWeights base = LlamaWeights.open(model);
                TrainingRun run = TrainingRun.of(Devices.byName(device), settings, base,
                        new PackedDataset(documents, 32, true), null, out)) {
            run.run(false, _ -> {});
            return StepReplay.of(run, "run", 2, WINDOW, _ -> {});
        }
    }

    @ParameterizedTest
    @MethodSource("methods")
    void everyNumber(LoraConfig lora) throws IOException {
        LlamaConfig config = LlamaConfig.standard(32, 48, 2, 4, 2, 96).withMaxPositions(64);
        Path model = directory.resolve("model");
        NewModel.write(config, 5, null, model, ByteProgress.SILENT);
        Replayed expected = replay(model, lora, "scalar", false);
        for (boolean recompute : new boolean[] {false, true}) {
            compare(expected, replay(model, lora, "cpu", recompute), lora != null);
        }
        sumsToOne(expected);
    }

    private static void compare(Replayed expected, Replayed actual, boolean isLora) {
        for (int place = 0; place <= actual.config().layers(); place++) {
            near("residual " + place, expected.pass().residual[place], actual.pass().residual[place]);
            if (isLora && place == 0) {
                // Nothing below the lowest adapter is trained.
                assertNull(actual.pass().gradientNorms[place]);
            } else {
                assertNotNull(actual.pass().gradientNorms[place], "gradient " + place);
                near("gradient " + place, expected.pass().gradientNorms[place], actual.pass().gradientNorms[place]);
            }
        }
        for (int layer = 0; layer < actual.config().layers(); layer++) {
            byte[] one = expected.pass().attention[layer];
            byte[] other = actual.pass().attention[layer];
            assertEquals(one.length, other.length);
            for (int i = 0; i < one.length; i++) {
                assertEquals(Byte.toUnsignedInt(one[i]), Byte.toUnsignedInt(other[i]), 1, "attention " + i);
            }
        }
        near("lens", expected.lens().loss(), actual.lens().loss());
        for (int row = 0; row < expected.lens().ids().length; row++) {
            near("lens " + row, expected.lens().logp()[row], actual.lens().logp()[row]);
        }
        // After the last layer, the lens says what the model says.
        double loss = 0;
        for (int d = 0; d < actual.documents().size(); d++) {
            near("document " + d, (float) expected.documents().get(d).loss(), (float) actual.documents().get(d).loss());
            loss += actual.documents().get(d).loss();
        }
        int counted = actual.documents().stream().mapToInt(Replayed.Document::counted).sum();
        near("loss", (float) Double.parseDouble(actual.summary().get("loss")), (float) (loss / counted));
        assertEquals(expected.update().changes.keySet(), actual.update().changes.keySet());
        actual.update().changes.forEach((name, change) -> {
            UpdateRecorder.Change then = expected.update().changes.get(name);
            near("gradient of " + name, (float) then.gradient(), (float) change.gradient());
            near("weight " + name, (float) then.weight(), (float) change.weight());
            near("change of " + name, (float) then.change(), (float) change.change());
        });
        expected.pass().sizes
                .forEach((name, size) -> near(name, (float) size.rms(), (float) actual.pass().sizes.get(name).rms()));
    }

    private static void near(String what, float expected, float actual) {
        near(what, new float[] {expected}, new float[] {actual});
    }

    private static void near(String what, float[] expected, float[] actual) {
        float most = 1e-6f;
        for (float value : expected) {
            most = Math.max(most, Math.abs(value));
        }
        assertArrayEquals(expected, actual, (float) TOLERANCE * most, what);
    }

    /// Attention is divided among what a token sees, in its own document.
    private static void sumsToOne(Replayed seen) {
        int heads = seen.config().heads();
        int pairs = seen.window().pairs(seen.sequence());
        int at = 0;
        byte[] codes = seen.pass().attention[1];
        assertEquals(heads * pairs, codes.length);
        for (int head = 0; head < heads; head++) {
            for (int t = 0; t < WINDOW; t++) {
                double sum = 0;
                for (int s = seen.window().first(seen.sequence(), t); s <= t; s++) {
                    sum += Math.pow(Byte.toUnsignedInt(codes[at++]) / 255.0, 2);
                }
                assertTrue(Math.abs(sum - 1) < 0.02, "head " + head + ", token " + t + ": " + sum);
            }
        }
    }
}
