package llams.trainer.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import llams.engine.device.Devices;
import llams.engine.llama.LlamaConfig;
import llams.engine.weights.LlamaWeights;
import llams.model.create.NewModel;
import llams.model.files.ByteProgress;
import llams.model.files.DataException;
import llams.model.files.SettingException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A model learns from a teacher of the same vocabulary: asked in every step, or once with what it says kept in a file.
class LearningFromATeacherTest {
    private static final Distilled ASKED = new Distilled(1, 1, 16, null);
    private static final TrainSettings SETTINGS = SmallRun.settings(SmallRun.LORA, 1e-2, 1, 0)
            .withSteps(20)
            .withObjective(ASKED);

    @TempDir
    Path directory;

    @BeforeEach
    void models() throws IOException {
        SmallRun.model(directory.resolve("model"));
        SmallRun.teacher(directory.resolve("teacher"));
    }

    private TrainingRun open(LlamaWeights base, Path teacher, Path stored, String out) throws IOException {
        return TrainingRun
                .of(Devices.byName("cpu"), SETTINGS, base, SmallRun.data(), SmallRun.data(), directory.resolve(out))
                .taughtBy(Teaching.open(new TrainRequest.TeacherSource(teacher, stored), ASKED, base.config, null,
                        SETTINGS.tokens()));
    }

    private TrainingRun.Report run(Path teacher, Path stored, String out) throws IOException {
        try (LlamaWeights base = LlamaWeights.open(directory.resolve("model"));
                TrainingRun run = open(base, teacher, stored, out)) {
            return run.run(false, report -> {});
        }
    }

    @Test
    void theDivergenceFalls() throws IOException {
        TrainingRun.Report last = run(directory.resolve("teacher"), null, "out");
        String first = Files.readAllLines(directory.resolve("out/train.jsonl")).getFirst();
        double before = Double.parseDouble(first.replaceAll(".*\"teacherDivergence\":([^,}]*).*", "$1"));
        Map<String, Double> after = last.measures();
        assertTrue(after.get("teacherDivergence") < 0.9 * before, before + " " + last);
        assertEquals(last.loss(), after.get("teacherDivergence"));
        assertEquals(last.evalLoss(), after.get("evalTeacherDivergence"));
    }

    @Test
    void theForecastHasTheTeacher() throws IOException {
        try (LlamaWeights base = LlamaWeights.open(directory.resolve("model"));
                LlamaWeights teacher = LlamaWeights.open(directory.resolve("teacher"));
                TrainingRun live = open(base, directory.resolve("teacher"), null, "live")) {
            run(directory.resolve("teacher"), directory.resolve("said"), "first");
            try (TrainingRun stored = open(base, null, directory.resolve("said"), "second")) {
                long weights = teacher.resident().values().stream().mapToLong(tensor -> tensor.data().byteSize()).sum();
                long angles = 4L * SETTINGS.tokens() * teacher.config.headDim();
                assertEquals(weights + angles, live.plan().memory().weights() - stored.plan().memory().weights());
                assertEquals(live.plan().parameters(), stored.plan().parameters());
            }
        }
    }

    @Test
    void whatItSaidNeedsNoTeacherAndIsChecked() throws IOException {
        Path said = directory.resolve("said");
        String missing = assertThrows(IOException.class, () -> run(null, said, "none")).getMessage();
        assertTrue(missing.contains("is missing: what a teacher says"), missing);
        TrainingRun.Report first = run(directory.resolve("teacher"), said, "first");
        assertEquals(first.loss(), run(null, said, "second").loss());
        String other = assertThrows(IOException.class, () -> run(directory.resolve("model"), said, "other"))
                .getMessage();
        assertTrue(other.contains("is of another teacher"), other);
        try (Stream<Path> files = Files.list(said)) {
            Path file = files.findFirst().orElseThrow();
            byte[] bytes = Files.readAllBytes(file);
            bytes[40] ^= 1;
            Files.write(file, bytes);
        }
        String damaged = assertThrows(DataException.class, () -> run(null, said, "third")).getMessage();
        assertTrue(damaged.contains("is damaged at sequence 0; remove it"), damaged);
    }

    @Test
    void whoIsToldToStopAsksNoFurther() throws IOException {
        Path said = directory.resolve("said");
        try (LlamaWeights base = LlamaWeights.open(directory.resolve("model"));
                TrainingRun run = open(base, directory.resolve("teacher"), said, "out")) {
            assertNull(run.run(false, new TrainingRun.Listener() {
                @Override
                public void step(TrainingRun.Report report) {
                    throw new AssertionError("a step was made");
                }

                @Override
                public void note(String note) {
                    run.stop();
                }
            }));
            assertFalse(run.isComplete());
        }
        try (Stream<Path> files = Files.list(said)) {
            assertEquals(0, files.count());
        }
        assertTrue(run(directory.resolve("teacher"), said, "out").isLast());
    }

    @Test
    void whatCannotTeachIsRefused() throws IOException {
        Path other = directory.resolve("other");
        LlamaConfig config = LlamaConfig.standard(32, 48, 2, 4, 2, 97)
                .withRope(10_000, null)
                .withMaxPositions(64)
                .withMetadata(SmallRun.CONFIG.metadata());
        NewModel.write(config, 5, null, other, ByteProgress.SILENT);
        String vocabulary = assertThrows(IOException.class, () -> run(other, null, "out")).getMessage();
        assertTrue(vocabulary.endsWith("it has 97 ids, the model 96 (vocab_size)"), vocabulary);
        String top = assertThrows(SettingException.class,
                () -> SETTINGS.withObjective(new Distilled(1, 1, 97, null)).forModel(SmallRun.CONFIG)).getMessage();
        assertEquals("`teacherTop` must be at most 96 (vocab_size), not 97", top);
        for (Runnable wrong : List.<Runnable>of(() -> new Distilled(0, 1, 1, null),
                () -> new Distilled(1.1, 1, 1, null), () -> new Distilled(1, 0, 1, null),
                () -> new Distilled(1, 1, 0, null))) {
            assertThrows(SettingException.class, wrong::run);
        }
    }
}
