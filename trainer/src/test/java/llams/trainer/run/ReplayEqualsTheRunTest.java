package llams.trainer.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import llams.engine.llama.Llama;
import llams.engine.plan.Program;
import llams.engine.tensor.Tensor;
import llams.model.lora.LoraConfig;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Any step of a run comes out again as it stands in the log, from whatever save is there, and leaves the run as it was.
/// `-Dllams.replays=100` replays as many.
class ReplayEqualsTheRunTest {
    private static final int REPLAYS = Integer.getInteger("llams.replays", 4);
    private static final int STEPS = Math.max(SmallRun.STEPS, REPLAYS);

    @TempDir
    Path directory;

    private Path model;

    @BeforeEach
    void model() throws IOException {
        model = SmallRun.model(directory.resolve("model"));
    }

    static Stream<LoraConfig> methods() {
        return Stream.of(SmallRun.LORA, null);
    }

    private static final class Counter implements Replay.Watcher {
        private int instructions;
        private List<Replay.Batch> batches;

        @Override
        public void begins(List<Replay.Batch> all, Llama llama, Map<String, Tensor> resident) {
            batches = all;
        }

        @Override
        public void after(List<Program.Instruction> together, Memory memory, long nanos) {
            instructions += together.size();
        }
    }

    private Replay.Made replay(TrainSettings settings, Path out, int step, Counter counter) throws IOException {
        Replay.Made[] made = new Replay.Made[1];
        SmallRun.run(settings, model, SmallRun.data(), out, run -> {
            made[0] = run.replay(step, counter, _ -> {});
            return null;
        });
        return made[0];
    }

    private static Map<Path, String> contents(Path out) throws IOException {
        Map<Path, String> contents = new HashMap<>();
        try (Stream<Path> files = Files.walk(out)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                contents.put(file, Files.getLastModifiedTime(file) + " " + Arrays.hashCode(Files.readAllBytes(file)));
            }
        }
        return contents;
    }

    @ParameterizedTest
    @MethodSource("methods")
    void bitForBit(LoraConfig lora) throws IOException {
        Path out = directory.resolve("run");
        TrainSettings settings = SmallRun.settings(lora, 1e-2, 1, 3).withSteps(STEPS);
        SmallRun.notes(settings, model, out, false);
        Map<Path, String> before = contents(out);
        Random random = new Random(7);
        for (int i = 0; i < REPLAYS; i++) {
            // The first, the last, and some between.
            int step = i == 0 ? 1 : i == 1 ? STEPS : 1 + random.nextInt(STEPS);
            Counter counter = new Counter();
            Replay.Made made = replay(settings, out, step, counter);
            // That they are equal is checked there; here, that there is something to check.
            assertEquals(made.logged().loss(), made.result().loss());
            assertEquals(step - 1, made.logged().step());
            assertTrue(counter.instructions > 100, "no instructions were seen");
            // The last step of an epoch takes what is left.
            assertTrue(counter.batches.size() == 1 || counter.batches.size() == 2);
            counter.batches.forEach(batch -> {
                int documents = (int) Arrays.stream(batch.batch().sequence().documentStart()).distinct().count();
                assertEquals(documents, batch.origins().size());
            });
        }
        assertEquals(before, contents(out));
    }

    /// What is left of the saves decides where a replay begins, not what comes out.
    @Test
    void fromTheNearestSaveThatIsGood() throws IOException {
        Path out = directory.resolve("run");
        TrainSettings settings = SmallRun.settings(SmallRun.LORA, 1e-2, 1, 2);
        SmallRun.notes(settings, model, out, false);
        Replay.Made near = replay(settings, out, 7, new Counter());
        assertEquals(Saves.directory(out, 6), near.save());
        assertEquals(0, near.before());
        Files.write(Saves.directory(out, 6).resolve(SavedState.TENSORS), new byte[3]);
        Replay.Made further = replay(settings, out, 7, new Counter());
        assertEquals(near.result(), further.result());
        assertTrue(further.save() == null || !further.save().equals(near.save()));
        for (Path save : Saves.all(out)) {
            Saves.remove(save);
        }
        Replay.Made start = replay(settings, out, 7, new Counter());
        assertNull(start.save());
        assertEquals(6, start.before());
        assertEquals(near.result(), start.result());
    }

    @Test
    void aStepThatComesOutOtherwiseIsRefused() throws IOException {
        Path out = directory.resolve("run");
        TrainSettings settings = SmallRun.settings(SmallRun.LORA, 1e-2, 1, 0);
        SmallRun.notes(settings, model, out, false);
        assertRefused(settings, out, 8, "has no step 8; its last one is 7");
        Path log = out.resolve("train.jsonl");
        List<String> lines = Files.readAllLines(log);
        String loss = lines.get(2).replaceAll(".*\"loss\":([0-9.]+),.*", "$1");
        String other = Double.toString(Math.nextUp(Double.parseDouble(loss)));
        lines.set(2, lines.get(2).replace(loss, other));
        Files.write(log, lines);
        assertRefused(settings, out, 5,
                "step 3 does not come out as in its log: loss " + loss + " instead of " + other);
        Files.writeString(out.resolve("run.json"), "{\"version\": \"0.0.1\"}");
        assertRefused(settings, out, 3, "the run was made by version 0.0.1 of this program");
        assertRefused(settings.withSeed(2), out, 1, "step 1 does not come out as in its log");
        Files.delete(log);
        assertRefused(settings, out, 1, "has no train.jsonl, so it is no training run");
    }

    private void assertRefused(TrainSettings settings, Path out, int step, String why) {
        IOException refused = assertThrows(IOException.class, () -> replay(settings, out, step, new Counter()));
        assertTrue(refused.getMessage().contains(why), refused.getMessage());
    }
}
