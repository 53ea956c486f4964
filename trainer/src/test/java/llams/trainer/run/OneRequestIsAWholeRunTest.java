package llams.trainer.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import llams.model.files.SettingException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A program starts a run in a few lines: what it does not say has its default.
class OneRequestIsAWholeRunTest {
    @TempDir
    Path directory;

    private Path model;
    private Path data;
    private Path out;

    @BeforeEach
    void writeModelAndData() throws IOException {
        model = SmallRun.model(directory.resolve("model"));
        data = Files.writeString(directory.resolve("ids.jsonl"), "{\"ids\": [1, 5, 6, 7, 8, 9, 2]}\n".repeat(20));
        out = directory.resolve("out");
    }

    @Test
    void anAdapter() throws IOException {
        List<Path> saved = new ArrayList<>();
        TrainRequest request = TrainRequest.standard(model, data, out)
                .withSettings(TrainSettings.standard().withTokens(16).withSaves(Interval.steps(2), 2))
                .withSteps(5);
        TrainingRun.Report last = TrainingRun.start(request, new TrainingRun.Listener() {
            @Override
            public void step(TrainingRun.Report report) {}

            @Override
            public void saved(Path save) {
                saved.add(save);
            }
        });
        assertTrue(last.isLast());
        assertEquals(List.of(Saves.directory(out, 2), Saves.directory(out, 4)), saved);
        assertTrue(Files.exists(out.resolve("adapter_model.safetensors")));
        assertEquals(7, TrainingRun.start(request.withSteps(7).withResume(true), report -> {}).steps());
    }

    @Test
    void aWholeModel() throws IOException {
        TrainRequest request = TrainRequest.standard(model, data, out).withSettings(TrainSettings.full());
        try (TrainingRun run = TrainingRun.open(request, report -> {})) {
            TrainingRun.Plan plan = run.plan();
            assertEquals(plan.parameters(), plan.trained());
            assertEquals(SmallRun.CONFIG.maxPositions(), plan.settings().tokens(), "the model's context is shorter");
            assertEquals(plan.steps() / 10, plan.settings().warmup(), "a tenth of the run");
            assertFalse(plan.conversations());
            run.run(false, report -> {});
        }
        assertTrue(Files.exists(out.resolve("model.safetensors")));
    }

    @Test
    void aNewModel() throws IOException {
        TrainRequest request = TrainRequest.newModel(model.resolve("config.json"), null, data, out).withSteps(2);
        assertEquals(2, TrainingRun.start(request, report -> {}).steps());
        assertTrue(Files.exists(out.resolve("model.safetensors")));
    }

    @Test
    void whatIsOutOfRangeIsRefusedWithSettingValueAndLimit() {
        TrainRequest request = TrainRequest.standard(model, data, out)
                .withSettings(TrainSettings.standard().withTokens(65));
        SettingException e = assertThrows(SettingException.class, () -> TrainingRun.start(request, report -> {}));
        assertEquals(List.of("tokens", "65", "at most 64 (max_position_embeddings)"),
                List.of(e.setting, e.value, e.limit));
        e = assertThrows(SettingException.class, () -> TrainSettings.standard().withBatch(0, 1));
        assertEquals("`batch` must be at least 1, not 0", e.getMessage());
    }
}
