package llams.trainer.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import llams.engine.device.Devices;
import llams.engine.weights.LlamaWeights;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A run that starts from an adapter begins where that one ended.
class FromAnAdapterTest {
    @TempDir
    Path directory;

    private Path model;
    private Path first;
    private double end;

    @BeforeEach
    void trainAnAdapter() throws IOException {
        model = SmallRun.model(directory.resolve("model"));
        first = directory.resolve("first");
        end = SmallRun.run(SmallRun.settings(SmallRun.LORA, 3e-2, 1, 0), model, first, false, report -> {}).evalLoss();
    }

    private TrainingRun.Report run(TrainSettings settings, Path from, Path out, boolean resume,
            TrainingRun.Listener listener) throws IOException {
        try (LlamaWeights base = LlamaWeights.open(model);
                TrainingRun run = TrainingRun.of(Devices.byName("cpu"), settings, base, from, SmallRun.data(),
                        SmallRun.data(), out)) {
            return run.run(resume, listener);
        }
    }

    @Test
    void withoutALearningRateItIsTheAdapter() throws IOException {
        Path out = directory.resolve("out");
        assertEquals(end, run(SmallRun.settings(SmallRun.LORA.withDropout(0), 0, 1, 0), first, out, false, report -> {})
                .evalLoss());
        Map<String, String> results = SmallRun.results(out);
        assertEquals(SmallRun.results(first).get("adapter_model.safetensors"),
                results.get("adapter_model.safetensors"));
        assertTrue(results.get("adapter_config.json").matches("(?s).*\"lora_dropout\" : 0\\.0,.*"),
                "the dropout is the new run's");
    }

    @Test
    void itLearnsOn() throws IOException {
        Files.writeString(first.resolve("chat_template.jinja"), "{{ messages }}");
        TrainingRun.Report last = run(SmallRun.settings(SmallRun.LORA, 3e-2, 1, 0), first, directory.resolve("out"),
                false, report -> {});
        assertTrue(last.evalLoss() < end, end + " to " + last.evalLoss());
        assertEquals("{{ messages }}", Files.readString(directory.resolve("out/chat_template.jinja")),
                "a template of chats stays");
    }

    @Test
    void resumingWantsTheSameAdapter() throws IOException {
        TrainSettings settings = SmallRun.settings(SmallRun.LORA, 1e-2, 1, 2);
        Path straight = directory.resolve("straight");
        run(settings, first, straight, false, report -> {});
        Path broken = directory.resolve("broken");
        assertThrows(IllegalStateException.class, () -> run(settings, first, broken, false, report -> {
            if (report.step() == 3) {
                throw new IllegalStateException("killed");
            }
        }));
        for (Path other : new Path[] {null, straight}) {
            assertThrows(IOException.class, () -> run(settings, other, broken, true, report -> {}));
        }
        List<Integer> steps = new ArrayList<>();
        run(settings, first, broken, true, report -> steps.add(report.step()));
        assertEquals(List.of(4, 5, 6), steps);
        assertEquals(SmallRun.results(straight), SmallRun.results(broken));
        assertNotEquals(SmallRun.results(first), SmallRun.results(broken));
    }
}
