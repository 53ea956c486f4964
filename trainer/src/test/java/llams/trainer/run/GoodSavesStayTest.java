package llams.trainer.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import llams.engine.io.AtomicFiles;
import llams.model.PassingDisk;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A save is removed only for a newer one from which training went on, and nothing that goes wrong with saves costs
/// one.
class GoodSavesStayTest {
    @TempDir
    Path directory;
    private Path model;
    private Path out;

    @BeforeEach
    void model() throws IOException {
        model = SmallRun.model(directory.resolve("model"));
        out = directory.resolve("out");
    }

    private List<String> saves() {
        return saves(out);
    }

    private List<Path> temporaries() throws IOException {
        try (Stream<Path> children = Files.list(out)) {
            return children.filter(AtomicFiles::isTemporary).toList();
        }
    }

    @Test
    void untilTheNextLossIsFinite() throws IOException {
        List<List<String>> during = new ArrayList<>();
        SmallRun.run(SmallRun.constant(5, 1, 1), model, out, false, report -> during.add(saves(out)));
        assertEquals(List.of(List.of("step-000001"), List.of("step-000001", "step-000002"),
                List.of("step-000002", "step-000003"), List.of("step-000003", "step-000004"), List.of("step-000004")),
                during);
        assertEquals(List.of("step-000004", "step-000005"), saves());
    }

    private static List<String> saves(Path out) {
        try {
            return Saves.all(out).stream().map(save -> save.getFileName().toString()).toList();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void ifTheNextLossIsNot() throws IOException {
        TrainSettings keepOne = SmallRun.settings(null, 1e10, 1, 1).withSaves(Interval.steps(1), 1);
        NonFiniteLossException e = assertThrows(NonFiniteLossException.class,
                () -> SmallRun.notes(keepOne, model, out, false));
        assertEquals(List.of(e.step - 1, e.step).stream().map(step -> "step-%06d".formatted(step)).toList(), saves());
    }

    @Test
    void oneThatCannotBeRemovedDoesNotStopTheRun() throws IOException {
        Path straight = directory.resolve("straight");
        SmallRun.notes(SmallRun.constant(5, 1, 1), model, straight, false);
        List<String> notes = new ArrayList<>();
        new PassingDisk() {
            @Override
            public void move(Path from, Path to) throws IOException {
                if (from.endsWith("step-000002")) {
                    throw new IOException("it is held");
                }
                super.move(from, to);
            }
        }.during(() -> notes.addAll(SmallRun.notes(SmallRun.constant(5, 1, 1), model, out, false)));
        String note = out.resolve("step-000002") + ": an old save that could not be removed (it is held); the run"
                + " continues";
        assertEquals(List.of("from none", "step 0", "step 1", "step 2", note, "step 3", "step 4"), notes);
        assertEquals(List.of("step-000002", "step-000004", "step-000005"), saves());
        assertEquals(SmallRun.results(straight), SmallRun.results(out));
    }

    @Test
    void norOneThatIsRemovedInPart() throws IOException {
        List<String> notes = new ArrayList<>();
        new PassingDisk() {
            @Override
            public void delete(Path path) throws IOException {
                if (path.endsWith("state.safetensors")) {
                    throw new IOException("it is held");
                }
                super.delete(path);
            }
        }.during(() -> {
            notes.addAll(SmallRun.notes(SmallRun.constant(4, 1, 1), model, out, false));
            assertEquals(2, temporaries().size());
            notes.addAll(SmallRun.notes(SmallRun.constant(5, 1, 1), model, out, true));
        });
        assertTrue(notes.toString().contains(": left by a killed run, and could not be removed (it is held)"),
                notes.toString());
        assertEquals(List.of("step-000004", "step-000005"), saves());
        SmallRun.notes(SmallRun.constant(5, 1, 1), model, out, true);
        assertEquals(List.of(), temporaries());
    }

    @Test
    void whenTheDiskIsFull() throws IOException {
        for (String full : List.of("state.safetensors", "state.json", "SHA256SUMS", "adapter_model.safetensors")) {
            out = directory.resolve("full of " + full);
            List<String> notes = new ArrayList<>();
            new PassingDisk() {
                @Override
                protected void writing(Path file, ByteBuffer bytes, long position) throws IOException {
                    if (file.toString().contains("step-000003.tmp-")
                            && file.getFileName().toString().startsWith(full)) {
                        throw new IOException("No space left on device");
                    }
                }

                @Override
                public void move(Path from, Path to) throws IOException {
                    if (to.endsWith("step-000004")) {
                        assertEquals(List.of("step-000002"), saves(), "when there is room for another");
                    }
                    super.move(from, to);
                }
            }.during(() -> notes.addAll(SmallRun.notes(SmallRun.constant(5, 1, 1), model, out, false)));
            assertTrue(
                    notes.stream()
                            .anyMatch(note -> note.startsWith("no save after step 3: ") && note.endsWith(
                                    "the run continues, and the newest save is still " + out.resolve("step-000002"))),
                    notes.toString());
            assertEquals(List.of("step-000004", "step-000005"), saves());
            assertEquals(List.of(), temporaries());
        }
    }

    @Test
    void aResultWithoutRoomForTheLastSaveIsAResult() throws IOException {
        List<String> notes = new ArrayList<>();
        new PassingDisk() {
            @Override
            protected void writing(Path file, ByteBuffer bytes, long position) throws IOException {
                if (file.toString().contains("step-000003.tmp-")) {
                    throw new IOException("No space left on device");
                }
            }
        }.during(() -> notes.addAll(SmallRun.notes(SmallRun.constant(3, 2, 1), model, out, false)));
        assertTrue(notes.getLast()
                .startsWith("the result is complete, but the run cannot be made longer, as its"
                        + " last step could not be saved: "),
                notes.toString());
        assertTrue(Files.exists(out.resolve("adapter_config.json")));
        assertEquals(List.of("step-000002"), saves());
    }
}
