package llams.engine.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A loop that meets two classes of segment checks each access for either; see [MappedFile#part].
class MappedTensorsAreOfTheCommonClassTest {
    @Test
    void partsOfMappedFilesAreOfTheClassOfAllocatedMemory(@TempDir Path directory) throws IOException {
        Path path = Files.write(directory.resolve("x"), new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9});
        MemorySegment part;
        try (MappedFile file = MappedFile.open(path, (_, problem) -> new IOException(problem));
                Arena arena = Arena.ofShared()) {
            MemorySegment data = file.data(false);
            part = MappedFile.part(data, 3, 7);
            assertSame(arena.allocate(1).getClass(), part.getClass());
            assertEquals(data.address() + 3, part.address());
            assertEquals(4, part.byteSize());
            assertTrue(part.isReadOnly());
            assertEquals(4, part.get(ValueLayout.JAVA_BYTE, 0));
            MemorySegment odd = MappedFile.part(data, 0, 9);
            assertEquals(9, odd.get(ValueLayout.JAVA_BYTE, 8));
        }
        assertThrows(IllegalStateException.class, () -> part.get(ValueLayout.JAVA_BYTE, 0));
    }
}
