package llams.trainer.run;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import llams.engine.io.AtomicFiles;
import llams.engine.llama.ProjectionName;
import llams.model.files.OutputDirectory;
import llams.model.lora.LoraConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// After a power cut at any moment, whatever the disk made of what was not forced, the newest save that was complete is
/// found, with the log of its steps, and results are whole or not there.
class PowerCutKeepsASaveTest {
    private static final LoraConfig LORA = new LoraConfig(1, 2, 0, EnumSet.of(ProjectionName.Q), false);
    private static final int RANDOM_CUTS = 2;

    @TempDir
    Path directory;

    /// What is on a disk after a cut.
    @FunctionalInterface
    private interface Check {
        /// @param operations that were made before
        void of(SortedMap<String, byte[]> disk, int operations) throws IOException;
    }

    /// Cuts the power after every operation in all ways; what is the same as before is looked at once.
    private static int cutEverywhere(RecordingDisk disk, Check check) throws IOException {
        disk.rewind();
        Set<Integer> seen = new HashSet<>();
        Random random = new Random(1);
        for (int made = 1; made <= disk.size(); made++) {
            disk.replay(made - 1);
            for (RecordingDisk.Cut cut : RecordingDisk.Cut.values()) {
                for (int i = 0; i < (cut == RecordingDisk.Cut.RANDOM ? RANDOM_CUTS : 1); i++) {
                    SortedMap<String, byte[]> paths = disk.after(cut, random);
                    int hash = 0;
                    for (Map.Entry<String, byte[]> path : paths.entrySet()) {
                        hash = 31 * (31 * hash + path.getKey().hashCode()) + Arrays.hashCode(path.getValue());
                    }
                    if (seen.add(hash)) {
                        check.of(paths, made);
                    }
                }
            }
        }
        return seen.size();
    }

    private static void make(SortedMap<String, byte[]> paths, Path root) throws IOException {
        Files.createDirectories(root);
        for (Map.Entry<String, byte[]> path : paths.entrySet()) {
            if (path.getValue() == null) {
                Files.createDirectory(root.resolve(path.getKey()));
            } else {
                Files.write(root.resolve(path.getKey()), path.getValue());
            }
        }
    }

    private static TrainSettings settings(int steps) {
        return SmallRun.settings(LORA, 1e-2, 1, 1).withSteps(steps).withSaves(Interval.steps(1), 1);
    }

    @Test
    void theNewestCompleteSaveIsFoundAndGoesOn() throws IOException {
        Path model = SmallRun.model(directory.resolve("model"));
        Path out = Files.createDirectory(directory.resolve("disk")).resolve("runs/out");
        RecordingDisk disk = new RecordingDisk(directory.resolve("disk"));
        // By number of operations: the step whose save is complete.
        TreeMap<Integer, Integer> complete = new TreeMap<>();
        List<byte[]> results = new ArrayList<>();
        disk.during(() -> {
            for (int steps : new int[] {2, 5}) {
                SmallRun.run(settings(steps), model, out, steps == 5, report -> {
                    // The last step is reported before its save is made.
                    complete.put(disk.size(), report.isLast() ? report.step() : report.step() + 1);
                });
                complete.put(disk.size(), steps);
                results.add(Files.readAllBytes(out.resolve("adapter_model.safetensors")));
            }
        });
        RunSettings asked = SavedState.read(out.resolve("step-000005")).settings();
        int[] resumed = new int[1];
        int states = cutEverywhere(disk, (paths, made) -> {
            Path there = directory.resolve("cut");
            make(paths, there);
            Path cutOut = there.resolve("runs/out");
            Saves saves = new Saves(cutOut, 1, asked, note -> {});
            saves.check(List.of());
            Map.Entry<Integer, Integer> last = complete.floorEntry(made);
            if (last != null) {
                int step = SavedState.read(saves.newest().orElseThrow()).step();
                assertTrue(step >= last.getValue(),
                        "the newest save is of step " + step + ", that of " + last.getValue() + " was complete");
                List<String> notes = new ArrayList<>();
                TrainingLog.open(cutOut.resolve("train.jsonl"), step, notes::add).close();
                assertFalse(notes.toString().contains("the save was made after"), notes.toString());
            }
            if (Files.exists(cutOut.resolve("adapter_config.json"))) {
                byte[] weights = Files.readAllBytes(cutOut.resolve("adapter_model.safetensors"));
                assertTrue(Arrays.equals(weights, results.get(0)) || Arrays.equals(weights, results.get(1)));
            }
            // Going on takes longer than the rest: it is done now and then, by the longer run.
            if (made % 40 == 0 && last != null && last.getValue() > 2) {
                resumed[0]++;
                SmallRun.run(settings(5), model, cutOut, true, report -> {});
                assertArrayEquals(results.get(1), Files.readAllBytes(cutOut.resolve("adapter_model.safetensors")));
            }
            OutputDirectory.delete(there);
        });
        assertTrue(states > 300, "only " + states + " states");
        assertTrue(resumed[0] > 3, "resumed only " + resumed[0]);
    }

    @Test
    void aDirectoryOfResultsIsWholeOrNotThere() throws IOException {
        Path root = Files.createDirectory(directory.resolve("disk"));
        RecordingDisk disk = new RecordingDisk(root);
        byte[] weights = "weights, of some length".getBytes(StandardCharsets.UTF_8);
        disk.during(() -> {
            try (OutputDirectory output = OutputDirectory.create(root.resolve("new/merged"))) {
                AtomicFiles.createDirectories(output.path().resolve("original"));
                AtomicFiles.write(output.path().resolve("original/tokenizer.model"), weights);
                AtomicFiles.write(output.path().resolve("model.safetensors"), weights);
                AtomicFiles.write(output.path().resolve("config.json"), new byte[] {'{', '}'});
                output.commit();
            }
        });
        int[] whole = new int[1];
        cutEverywhere(disk, (paths, made) -> {
            if (paths.containsKey("new/merged")) {
                whole[0]++;
                for (String file : List.of("original/tokenizer.model", "model.safetensors")) {
                    assertArrayEquals(weights, paths.get("new/merged/" + file));
                }
                assertArrayEquals(new byte[] {'{', '}'}, paths.get("new/merged/config.json"));
            }
            if (made == disk.size()) {
                assertTrue(paths.containsKey("new/merged"));
            }
        });
        assertTrue(whole[0] > 0);
    }
}
