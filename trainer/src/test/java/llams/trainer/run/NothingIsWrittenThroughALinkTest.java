package llams.trainer.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A link in the place of a file of a run is refused or replaced; what it leads to stays as it is.
class NothingIsWrittenThroughALinkTest {
    @TempDir
    Path directory;
    private Path model;
    private Path out;
    private Path victim;
    private Path victims;

    @BeforeEach
    void prepare() throws IOException {
        model = SmallRun.model(directory.resolve("model"));
        out = directory.resolve("out");
        victim = Files.writeString(directory.resolve("victim"), "precious");
        victims = Files.createDirectory(directory.resolve("victims"));
        Files.writeString(victims.resolve("state.json"), "precious");
    }

    @AfterEach
    void theyAreAsTheyWere() throws IOException {
        assertEquals("precious", Files.readString(victim));
        assertEquals("precious", Files.readString(victims.resolve("state.json")));
        try (Stream<Path> children = Files.list(victims)) {
            assertEquals(1, children.count());
        }
    }

    private void finish() throws IOException {
        SmallRun.notes(SmallRun.constant(3, 1, 1), model, out, false);
    }

    @Test
    void asTheLock() throws IOException {
        Files.createDirectory(out);
        Path lock = out.resolve("in-use.lock");
        Files.createSymbolicLink(lock, victim);
        assertEquals(
                lock.toRealPath().getParent().resolve("out/in-use.lock") + ": is a link, which this program"
                        + " does not write through; remove it",
                assertThrows(IOException.class, this::finish).getMessage());
        Files.delete(lock);
        // A link that leads nowhere would have a file made there.
        Files.createSymbolicLink(lock, directory.resolve("new"));
        assertThrows(IOException.class, this::finish);
        assertFalse(Files.exists(directory.resolve("new")));
    }

    @Test
    void asASave() throws IOException {
        finish();
        Files.createSymbolicLink(out.resolve("step-000004"), victims);
        List<String> notes = SmallRun.notes(SmallRun.constant(5, 1, 1), model, out, true);
        assertTrue(notes.getFirst().startsWith(out.resolve("step-000004") + " is damaged: "), notes.toString());
        assertTrue(Files.isDirectory(out.resolve("step-000004"), LinkOption.NOFOLLOW_LINKS));
    }

    @Test
    void asTheResult() throws IOException {
        finish();
        for (String file : List.of("adapter_model.safetensors", "adapter_config.json")) {
            Files.delete(out.resolve(file));
            Files.createSymbolicLink(out.resolve(file), victim);
        }
        SmallRun.notes(SmallRun.constant(4, 1, 1), model, out, true);
        for (String file : List.of("adapter_model.safetensors", "adapter_config.json")) {
            assertTrue(Files.isRegularFile(out.resolve(file), LinkOption.NOFOLLOW_LINKS), file);
        }
    }

    @Test
    void asTheLog() throws IOException {
        finish();
        Files.delete(out.resolve("train.jsonl"));
        Files.createSymbolicLink(out.resolve("train.jsonl"), victim);
        assertThrows(IOException.class, () -> SmallRun.notes(SmallRun.constant(4, 1, 1), model, out, true));
    }

    @Test
    void asWhatAKilledRunLeft() throws IOException {
        finish();
        Path unfinished = out.resolve("step-000004.tmp-1-a");
        Files.createSymbolicLink(unfinished, victims);
        SmallRun.notes(SmallRun.constant(4, 1, 1), model, out, true);
        assertFalse(Files.exists(unfinished, LinkOption.NOFOLLOW_LINKS));
    }

    @Test
    void butADirectoryMayBeOne() throws IOException {
        Path real = Files.createDirectory(directory.resolve("elsewhere"));
        Files.createSymbolicLink(out, real);
        finish();
        assertTrue(Files.exists(real.resolve("adapter_config.json")));
    }
}
