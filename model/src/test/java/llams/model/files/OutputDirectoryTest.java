package llams.model.files;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Results appear whole or not at all.
class OutputDirectoryTest {
    @TempDir
    Path directory;

    private List<String> children() throws IOException {
        try (Stream<Path> children = Files.list(directory)) {
            return children.map(child -> child.getFileName().toString()).sorted().toList();
        }
    }

    private static String refusal(Path target) {
        return assertThrows(IOException.class, () -> OutputDirectory.create(target)).getMessage();
    }

    @Test
    void nothingIsThereBeforeTheCommit() throws IOException {
        Path target = directory.resolve("out");
        try (OutputDirectory output = OutputDirectory.create(target)) {
            Files.createDirectories(output.path().resolve("original"));
            Files.writeString(output.path().resolve("original/x"), "x");
            assertFalse(Files.exists(target));
            assertTrue(children().getFirst().startsWith("out.tmp-"), children().toString());
            output.commit();
        }
        assertEquals(List.of("out"), children());
        assertEquals("x", Files.readString(target.resolve("original/x")));
    }

    @Test
    void withoutCommitNothingStays() throws IOException {
        try (OutputDirectory output = OutputDirectory.create(directory.resolve("out"))) {
            Files.createDirectories(output.path().resolve("original"));
            Files.writeString(output.path().resolve("original/x"), "x");
        }
        assertEquals(List.of(), children());
    }

    @Test
    void emptyDirectoryIsTaken() throws IOException {
        Path target = Files.createDirectory(directory.resolve("out"));
        try (OutputDirectory output = OutputDirectory.create(target)) {
            Files.writeString(output.path().resolve("x"), "x");
            output.commit();
        }
        assertEquals("x", Files.readString(target.resolve("x")));
    }

    @Test
    void parentsAreMade() throws IOException {
        Path target = directory.resolve("a/b/out");
        try (OutputDirectory output = OutputDirectory.create(target)) {
            output.commit();
        }
        assertTrue(Files.isDirectory(target));
    }

    @Test
    void fullDirectoryIsLeftAlone() throws IOException {
        Files.writeString(directory.resolve("x"), "x");
        assertEquals(directory + ": is there already and not empty; choose another directory or remove it",
                refusal(directory));
        assertEquals(List.of("x"), children());
    }

    @Test
    void fileIsLeftAlone() throws IOException {
        Path file = Files.writeString(directory.resolve("x"), "x");
        assertEquals(file + ": is a file, and the results need a directory; choose another", refusal(file));
        assertTrue(refusal(file.resolve("out")).startsWith(file.resolve("out") + ": cannot be written: "),
                refusal(file.resolve("out")));
    }

    @Test
    void readOnlyPlaceIsRefusedBeforeTheWork() throws IOException {
        Path locked = Files.createDirectory(directory.resolve("locked"));
        Files.setPosixFilePermissions(locked, PosixFilePermissions.fromString("r-xr-xr-x"));
        assumeFalse(Files.isWritable(locked), "this user may write everywhere");
        assertEquals(locked.resolve("out") + ": cannot be written: permission denied", refusal(locked.resolve("out")));
    }

    @Test
    void unwritableFileSystemIsRefusedBeforeTheWork() {
        assumeTrue(Files.isDirectory(Path.of("/proc/self")), "there is no file system known to be read-only");
        String message = refusal(Path.of("/proc/self/out"));
        assertTrue(message.startsWith("/proc/self/out: cannot be written: "), message);
    }

    @Test
    void nameTakenMeanwhileKeepsTheResults() throws IOException {
        Path target = directory.resolve("out");
        try (OutputDirectory output = OutputDirectory.create(target)) {
            Files.writeString(output.path().resolve("x"), "mine");
            Files.createDirectory(target);
            Files.writeString(target.resolve("x"), "theirs");
            String message = assertThrows(IOException.class, output::commit).getMessage();
            assertTrue(message.contains("the complete results are in " + output.path()), message);
        }
        assertEquals("theirs", Files.readString(target.resolve("x")));
        assertEquals(2, children().size());
    }
}
