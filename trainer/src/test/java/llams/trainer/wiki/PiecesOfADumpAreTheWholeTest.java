package llams.trainer.wiki;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import llams.model.files.DataException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PiecesOfADumpAreTheWholeTest {
    @TempDir
    Path directory;

    private static List<Long> offsets(byte[] index) throws IOException {
        return Multistream.offsets(new ByteArrayInputStream(index), "index");
    }

    private static byte[] part(byte[] dump, long from, long to) {
        return Arrays.copyOfRange(dump, (int) from, (int) to);
    }

    @Test
    void whereverItIsCut() throws IOException {
        MultistreamDump made = new MultistreamDump(directory, "made", 230, 20, 1);
        Path whole = directory.resolve("whole.txt");
        KowikiText.Counts wanted = Dumps.convert(whole, made.file);
        byte[] dump = Files.readAllBytes(made.file);
        List<Long> offsets = offsets(Files.readAllBytes(made.index));
        assertEquals(made.offsets, offsets);
        String head = Multistream.head(part(dump, 0, offsets.getFirst()), "dump");
        for (int step : new int[] {1, 3, 12}) {
            StringBuilder text = new StringBuilder();
            KowikiText.Counts counts = KowikiText.Counts.NONE;
            for (int i = 0; i < offsets.size(); i += step) {
                boolean last = i + step >= offsets.size();
                long to = last ? dump.length : offsets.get(i + step);
                counts = counts
                        .plus(Multistream.articles(head, part(dump, offsets.get(i), to), last, "piece", text::append));
            }
            assertTrue(Arrays.equals(Files.readAllBytes(whole), text.toString().getBytes(StandardCharsets.UTF_8)));
            assertTrue(wanted.sentences() > 0 && wanted.templates().size() > 2 && wanted.empty() > 0);
            assertEquals(List.copyOf(wanted.templates().entrySet()), List.copyOf(counts.templates().entrySet()));
            assertEquals(new KowikiText.Counts(wanted.articles(), wanted.redirects(), wanted.otherPages(),
                    wanted.empty(), wanted.sentences(), wanted.templates(), dump.length - offsets.getFirst(),
                    wanted.bytesWritten()), counts);
        }
    }

    @Test
    void anIndexOfAnotherDumpIsAnError() throws IOException {
        MultistreamDump made = new MultistreamDump(directory, "made", 60, 20, 2);
        byte[] dump = Files.readAllBytes(made.file);
        long first = made.offsets.getFirst();
        String head = Multistream.head(part(dump, 0, first), "dump");
        List<String> ignored = new ArrayList<>();
        for (byte[] piece : List.of(part(dump, first + 1, dump.length), new byte[0])) {
            assertTrue(assertThrows(DataException.class,
                    () -> Multistream.articles(head, piece, true, "dump from byte 7", ignored::add)).getMessage()
                    .startsWith("dump from byte 7: no bzip2 stream begins here"));
        }
        // In the middle of a stream, and behind the head's.
        assertThrows(IOException.class, () -> Multistream.articles(head, part(dump, first, made.offsets.get(1) - 5),
                false, "piece", ignored::add));
        assertThrows(DataException.class, () -> Multistream.head(part(dump, 0, made.offsets.get(1)), "dump"));
        assertThrows(DataException.class, () -> Multistream.head(dump, "dump"));
        assertThrows(DataException.class, () -> Multistream.head("<mediawiki>".getBytes(StandardCharsets.UTF_8), "x"));
        // An index that ends too early loses nothing, but one without its first offsets would.
        assertThrows(DataException.class, () -> Multistream.articles(head, part(dump, made.offsets.get(1), dump.length),
                false, "x", ignored::add));
        for (String index : List.of("", "12", "x:1:title", ":")) {
            assertThrows(DataException.class, () -> offsets(index.getBytes(StandardCharsets.UTF_8)));
        }
        assertEquals(List.of(5L, 70L), offsets("70:3:a:b\n5:1:x\n70:4:y\n".getBytes(StandardCharsets.UTF_8)));
    }
}
