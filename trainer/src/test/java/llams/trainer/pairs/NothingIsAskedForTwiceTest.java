package llams.trainer.pairs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import llams.model.PassingDisk;
import llams.model.files.DataException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// However a run ends, the next one goes on where it was, and the file of pairs has whole lines alone.
class NothingIsAskedForTwiceTest extends PairsTestCase {
    private Path journal() {
        return directory.resolve("pairs.jsonl.run/requests.jsonl");
    }

    @Test
    void aFinishedRunAsksNothingAndALongerOneTheRest() throws IOException {
        generate(5);
        byte[] first = Files.readAllBytes(out);
        assertEquals(3, server.requests.size());
        assertEquals(5, generate(5).pairs());
        assertEquals(3, server.requests.size());
        assertEquals(new String(first), Files.readString(out));
        assertEquals(new PairCounts(8, 4, 0, 0, 0, 0, 40, 400), generate(8));
        assertEquals(topicsOf(0, 1, 2, 3), asked());
        assertEquals(pairsOf(0, 1, 2, 3), lines());
        assertEquals(3, generate(3).pairs());
        assertEquals(pairsOf(0, 1).subList(0, 3), lines());
        assertEquals(4, server.requests.size());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 4})
    void aStoppedRunEndsWhatIsUnderWay(int parallel) throws IOException {
        settings = settings.withParallel(parallel);
        FakeEndpoint.Reply usual = server.usual;
        PairGeneration[] running = {null};
        server.usual = (request, out) -> {
            if (server.requests.size() == 8) {
                running[0].stop();
            }
            usual.answer(request, out);
        };
        running[0] = new PairGeneration(request(1000), this);
        PairCounts counts = running[0].run();
        int asked = server.requests.size();
        assertTrue(asked >= 8 && asked < 8 + parallel, asked + " requests");
        assertEquals(2 * asked, counts.pairs());
        assertEquals(2 * asked, lines().size());
        server.usual = usual;
        assertEquals(40, generate(40).pairs());
        assertEquals(20, server.requests.size());
        assertEquals(20, asked().stream().distinct().count());
    }

    @Test
    void waitsEndWithTheRun() throws IOException {
        server.usual = FakeEndpoint.status(429, "", "Retry-After", "200");
        CountDownLatch heard = new CountDownLatch(1);
        PairGeneration running = new PairGeneration(request(10), new PairListener() {
            @Override
            public void at(PairCounts counts) {}

            @Override
            public void note(String line) {
                heard.countDown();
            }
        });
        Thread.ofVirtual().start(() -> {
            try {
                heard.await();
                running.stop();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        assertEquals(0, running.run().pairs());
        assertFalse(Files.exists(out));
    }

    /// A killed program leaves what is on the disk: the journal up to any byte, and pairs of an earlier end.
    @Test
    void aTornJournalIsContinued() throws IOException {
        generate(6);
        byte[] whole = Files.readAllBytes(journal());
        List<String> right = lines();
        for (int length = 0; length < whole.length; length += 61) {
            Files.write(journal(), Arrays.copyOf(whole, length));
            Files.deleteIfExists(out);
            assertEquals(6, generate(6).pairs());
            assertEquals(right, lines());
            byte[] again = Files.readAllBytes(journal());
            assertTrue(new String(again, 0, length).startsWith(new String(whole, 0, lastLine(whole, length))));
        }
        assertTrue(server.requests.size() > 3);
    }

    private static int lastLine(byte[] text, int length) {
        int end = length;
        while (end > 0 && text[end - 1] != '\n') {
            end--;
        }
        return end;
    }

    @Test
    void aDamagedJournalIsNamed() throws IOException {
        generate(4);
        Files.writeString(journal(), "{\"request\":9}\n", StandardOpenOption.APPEND);
        String message = assertThrows(DataException.class, () -> generate(6)).getMessage();
        assertTrue(message.startsWith(journal() + ":4: \"topic\" is missing"), message);
    }

    @Test
    void filesOfOthersStay() throws IOException {
        Files.writeString(out, "mine\n");
        refused(request(2), out + ": exists already; choose another file");
        assertEquals("mine\n", Files.readString(out));
        Files.delete(out);
        generate(2);
        Files.writeString(out, "mended by hand\n", StandardOpenOption.APPEND);
        refused(request(4), out + ": is not as this program wrote it");
        assertEquals(1, server.requests.size());
        Files.move(out, directory.resolve("mended.jsonl"));
        assertEquals(4, generate(4).pairs());
    }

    @Test
    void oneRunAtATime() throws IOException {
        FakeEndpoint.Reply usual = server.usual;
        server.usual = (request, answer) -> {
            String message = assertThrows(IOException.class, () -> generate(9)).getMessage();
            FakeEndpoint.write(answer, 400, "{\"error\": {\"message\": \"" + message + "\"}}");
        };
        refused(request(2), ".run: in use by this process");
        server.usual = usual;
        assertEquals(2, generate(2).pairs());
        assertFalse(Files.exists(directory.resolve("pairs.jsonl.run/in-use.lock")));
    }

    @Test
    void aFullDiskLosesNothingThatIsWritten() throws IOException {
        generate(4);
        IOException failure = assertThrows(IOException.class, () -> new FullDisk().during(() -> generate(20)));
        assertTrue(failure.getMessage().contains("requests.jsonl: cannot be written: "), failure.getMessage());
        assertEquals(pairsOf(0, 1), lines());
        int asked = server.requests.size();
        assertEquals(8, generate(8).pairs());
        assertEquals(pairsOf(0, 1, 2, 3), lines());
        assertTrue(server.requests.size() <= asked + 2, server.requests.size() + " requests after " + asked);
    }

    /// A disk on which a half of the second line has room.
    private static final class FullDisk extends PassingDisk {
        private int lines;

        @Override
        protected void writing(Path file, ByteBuffer bytes, long position) throws IOException {
            if (file.endsWith("requests.jsonl") && lines++ == 1) {
                try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
                    channel.write(bytes.slice(0, bytes.remaining() / 2), position);
                }
                throw new IOException("No space left on device");
            }
        }
    }
}
