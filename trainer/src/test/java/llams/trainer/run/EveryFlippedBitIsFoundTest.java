package llams.trainer.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import llams.model.files.ModelFiles;
import llams.model.files.SettingException;
import llams.model.files.Sha256;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

class EveryFlippedBitIsFoundTest {
    /// `-Dllams.flips=1000` tries more.
    private static final int FLIPS = Integer.getInteger("llams.flips", 30);

    @TempDir
    static Path directory;

    private static Path model;
    private static Path data;
    private static Path out;

    @BeforeAll
    static void train() throws IOException {
        model = SmallRun.model(directory.resolve("model"));
        Random random = new Random(1);
        StringBuilder rows = new StringBuilder();
        for (int row = 0; row < 30; row++) {
            rows.append("{\"ids\": ").append(random.ints(12, 3, 40).boxed().toList()).append("}\n");
        }
        data = Files.writeString(directory.resolve("ids.jsonl"), rows);
        out = directory.resolve("out");
        TrainingRun.start(request(out, false), _ -> {});
    }

    private static TrainRequest request(Path to, boolean resume) {
        return TrainRequest.standard(model, data, to)
                .withSettings(TrainSettings.standard()
                        .withLora(SmallRun.LORA)
                        .withTokens(16)
                        .withBatch(2, 2)
                        .withSaves(Interval.steps(3), 9))
                .withSteps(8)
                .withResume(resume);
    }

    private Verification.Report verify(int first, int last) throws IOException {
        return Verification.of(out, EveryFlippedBitIsFoundTest::request, first, last, _ -> {});
    }

    private List<Path> files() throws IOException {
        List<Path> files = new ArrayList<>(List.of(data));
        try (Stream<Path> written = Files.walk(out); Stream<Path> base = Files.list(model)) {
            written.filter(Files::isRegularFile).forEach(files::add);
            base.filter(file -> file.toString().endsWith(".safetensors")).forEach(files::add);
        }
        // The page, the card and the lock say nothing that is verified.
        files.removeIf(
                file -> List.of("report.html", "run.lock", ModelFiles.CARD).contains(file.getFileName().toString())
                        || file.getFileName().toString().startsWith("."));
        return files;
    }

    @Test
    void inSavesLogDataResultAndBase() throws IOException {
        assertEquals(List.of(), verify(0, 0).problems());
        List<Path> files = files();
        assertTrue(files.size() <= FLIPS, files::toString);
        Random random = new Random(7);
        List<String> missed = new ArrayList<>();
        for (int flip = 0; flip < FLIPS; flip++) {
            // Every file as often as any other, and the small ones so quite everywhere.
            Path file = files.get(flip % files.size());
            long bit = random.nextLong(8 * Files.size(file));
            flip(file, bit);
            if (verify(0, 0).problems().isEmpty()) {
                missed.add(file + " bit " + bit);
            }
            flip(file, bit);
        }
        assertEquals(List.of(), missed);
        assertEquals(List.of(), verify(0, 0).problems());
    }

    private static void flip(Path file, long bit) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            ByteBuffer one = ByteBuffer.allocate(1);
            channel.read(one, bit / 8);
            one.put(0, (byte) (one.get(0) ^ 1 << bit % 8)).rewind();
            channel.write(one, bit / 8);
        }
    }

    private List<String> hashes() throws IOException {
        List<String> hashes = new ArrayList<>();
        for (Path file : files()) {
            hashes.add(file + " " + Sha256.ofFile(file));
        }
        return hashes;
    }

    @Test
    void anyStepsAreMadeAgain() throws IOException {
        List<String> before = hashes();
        for (int[] window : new int[][] {{1, 8}, {1, 1}, {4, 4}, {2, 5}, {7, 8}}) {
            Verification.Report report = verify(window[0], window[1]);
            assertEquals(List.of(), report.problems());
            assertEquals("steps " + window[0] + " to " + window[1] + ", made again", report.whole().getLast());
        }
        assertEquals(before, hashes());
        try (Stream<Path> left = Files.list(directory)) {
            assertEquals(List.of(), left.filter(file -> file.getFileName().toString().contains(".tmp-")).toList());
        }
        for (int[] window : new int[][] {{5, 4}, {8, 9}}) {
            assertThrows(SettingException.class, () -> verify(window[0], window[1]));
        }
    }

    /// What hashes cannot find: a run that was not made as it says, with sums that agree.
    @Test
    void aForgedStepIsFoundByMakingItAgain() throws IOException {
        Path log = out.resolve(RunDirectory.LOG);
        byte[] before = Files.readAllBytes(log);
        List<String> rows = new ArrayList<>(Files.readAllLines(log));
        String receipt = StepReceipt.NONE;
        JsonMapper json = JsonMapper.shared();
        for (int i = 0; i < rows.size(); i++) {
            ObjectNode row = (ObjectNode) json.readTree(rows.get(i));
            row.remove(StepReceipt.ROW);
            if (i == 6) {
                row.put("loss", Math.nextUp(row.path("loss").asDouble()));
            }
            receipt = StepReceipt.after(receipt, row);
            row.put(StepReceipt.CHAIN, receipt);
            row.put(StepReceipt.ROW, StepReceipt.ofText(json.writeValueAsString(row)));
            rows.set(i, json.writeValueAsString(row));
        }
        Files.writeString(log, String.join("\n", rows) + "\n");
        try {
            isFound();
        } finally {
            Files.write(log, before);
        }
    }

    private void isFound() throws IOException {
        assertTrue(verify(0, 0).problems().getFirst().startsWith(Saves.directory(out, 8) + ": its receipt is "));
        assertEquals(List.of(), verify(1, 5).problems().stream().filter(line -> line.startsWith("step")).toList());
        List<String> found = verify(7, 7).problems();
        assertFalse(found.isEmpty());
        assertTrue(found.getLast().startsWith("step 7 made again: loss "), found.toString());
    }

    /// The receipts of a run that was stopped and resumed are those of one that was not.
    @Test
    void receiptsDependOnNothingButTheSteps() throws IOException {
        Path resumed = directory.resolve("resumed");
        try (TrainingRun run = TrainingRun.open(request(resumed, false), _ -> {})) {
            run.run(false, report -> {
                if (report.step() == 3) {
                    run.stop();
                }
            });
        }
        TrainingRun.start(request(resumed, true), _ -> {});
        assertEquals(SavedState.read(Saves.directory(out, 8)).receipt(),
                SavedState.read(Saves.directory(resumed, 8)).receipt());
    }
}
