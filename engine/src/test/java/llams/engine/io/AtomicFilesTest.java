package llams.engine.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicFilesTest {
    @TempDir
    Path directory;

    private List<Path> children() throws IOException {
        try (Stream<Path> children = Files.list(directory)) {
            return children.toList();
        }
    }

    @Test
    void replacesAndLeavesNothingElse() throws IOException {
        Path file = directory.resolve("state");
        AtomicFiles.write(file, new byte[] {1});
        AtomicFiles.write(file, new byte[] {2, 3});
        assertArrayEquals(new byte[] {2, 3}, Files.readAllBytes(file));
        assertEquals(List.of(file), children());
    }

    @Test
    void failureKeepsTheOldAndSaysWhichFile() throws IOException {
        Path file = directory.resolve("state");
        Files.createDirectories(file.resolve("child"));
        String message = assertThrows(IOException.class, () -> AtomicFiles.write(file, new byte[1])).getMessage();
        assertTrue(message.startsWith(file + ": cannot be written: "), message);
        assertEquals(List.of(file), children());
    }

    @Test
    void missingDirectoryIsSaid() {
        Path file = directory.resolve("absent").resolve("state");
        assertEquals(file + ": cannot be written: its directory does not exist",
                assertThrows(IOException.class, () -> AtomicFiles.write(file, new byte[1])).getMessage());
    }
}
