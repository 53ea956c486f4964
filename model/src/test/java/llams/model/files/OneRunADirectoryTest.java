package llams.model.files;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Runs of two processes are told apart by `InterruptedTrainingTest`.
class OneRunADirectoryTest {
    @TempDir
    Path directory;

    @Test
    void theSecondIsRefusedUntilTheFirstEnds() throws IOException {
        Path file = directory.resolve(DirectoryLock.FILE);
        try (DirectoryLock _ = DirectoryLock.take(directory)) {
            assertEquals(Long.toString(ProcessHandle.current().pid()), Files.readString(file));
            Path sameByAnotherName = Files.createSymbolicLink(directory.resolve("link"), directory);
            IOException e = assertThrows(IOException.class, () -> DirectoryLock.take(sameByAnotherName));
            assertTrue(e.getMessage().startsWith(sameByAnotherName + ": in use by this process"), e.getMessage());
            assertThrows(IOException.class, () -> DirectoryLock.check(directory));
            assertTrue(Files.exists(file));
        }
        assertFalse(Files.exists(file));
        DirectoryLock.take(directory).close();
    }

    @Test
    void theFileAloneLocksNothing() throws IOException {
        Path file = Files.writeString(directory.resolve(DirectoryLock.FILE), "1");
        DirectoryLock.check(directory);
        assertFalse(Files.exists(file));
    }
}
