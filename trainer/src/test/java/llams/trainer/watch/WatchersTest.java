package llams.trainer.watch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// What follows a run shows the rows of its log.
class WatchersTest {
    @TempDir
    Path directory;

    private static ObjectNode row(int step, double loss) {
        return JsonMapper.shared().createObjectNode().put("step", step).put("steps", 9).put("loss", loss);
    }

    @Test
    void prometheusGetsTheNewestOfEachFigure() throws IOException, InterruptedException {
        MetricsServer server = new MetricsServer(0);
        try (HttpClient client = HttpClient.newHttpClient()) {
            server.row(row(0, 2.5).put("evalLoss", 3.5), true);
            server.row(row(1, 1.5).put("note", "no number"), false);
            String address = "http://127.0.0.1:" + server.port();
            String text = get(client, address + "/metrics").body();
            assertTrue(text.contains("# TYPE llams_train_loss gauge\nllams_train_loss 1.5\n"), text);
            assertTrue(text.contains("llams_train_eval_loss 3.5\n"), text);
            assertTrue(text.contains("llams_train_step 1\n"), text);
            assertFalse(text.contains("note"), text);
            assertEquals(404, get(client, address + "/other").statusCode());
            IOException taken = assertThrows(IOException.class, () -> new MetricsServer(server.port()));
            assertTrue(taken.getMessage().contains("port " + server.port()), taken.getMessage());
        } finally {
            server.end("finished");
        }
    }

    private static HttpResponse<String> get(HttpClient client, String address)
            throws IOException, InterruptedException {
        return client.send(HttpRequest.newBuilder(URI.create(address)).build(), HttpResponse.BodyHandlers.ofString());
    }

    /// Checksums of records as https://github.com/tensorflow/tensorflow describes them in `record_writer.h`.
    @Test
    void anEventFileHasTheRecordsOfTensorBoard() throws IOException {
        EventFile file = new EventFile(directory, 3);
        file.row(row(3, 2.5).put("text", "no number"), false);
        file.end("finished");
        Path events;
        try (Stream<Path> files = Files.list(directory.resolve(EventFile.DIRECTORY))) {
            events = files.findFirst().orElseThrow();
        }
        assertTrue(events.getFileName().toString().startsWith("events.out.tfevents."), events.toString());
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(events)).order(ByteOrder.LITTLE_ENDIAN);
        List<byte[]> records = new ArrayList<>();
        while (bytes.hasRemaining()) {
            ByteBuffer length = bytes.slice(bytes.position(), 8);
            byte[] record = new byte[(int) bytes.getLong()];
            assertEquals(EventFile.maskedCrc(length), bytes.getInt());
            bytes.get(record);
            assertEquals(EventFile.maskedCrc(ByteBuffer.wrap(record)), bytes.getInt());
            records.add(record);
        }
        assertEquals(3, records.size(), "version, start of a resumed run, one step");
        assertTrue(new String(records.get(0), StandardCharsets.ISO_8859_1).endsWith("\u001a\rbrain.Event:2"));
        // Step 4; a summary with one value: tag "loss", 2.5.
        byte[] end = {0x10, 4, 0x2a, 13, 0x0a, 11, 0x0a, 4, 'l', 'o', 's', 's', 0x15, 0, 0, 0x20, 0x40};
        byte[] step = records.get(2);
        assertEquals(9 + end.length, step.length, "nothing but the time before");
        assertEquals(ByteBuffer.wrap(end), ByteBuffer.wrap(step, 9, end.length));
    }

    @Test
    void checksumsAreMaskedCrc32C() {
        // CRC-32C of "123456789" is e3069283 in every list of checksums.
        int crc = 0xe3069283;
        int masked = Integer.rotateRight(crc, 15) + 0xa282ead8;
        assertEquals(masked, EventFile.maskedCrc(ByteBuffer.wrap("123456789".getBytes(StandardCharsets.US_ASCII))));
    }

    @Test
    void aPageFollowsItsRun() throws IOException {
        RunFacts facts = new RunFacts(RunFacts.RUNNING, "about", "1", Map.of());
        LivePage page = new LivePage(directory, facts, directory.resolve("train.jsonl"));
        assertTrue(Files.readString(directory.resolve(LivePage.FILE)).contains("data-running"));
        page.row(row(0, 2.5), false);
        assertFalse(shown().contains("\"y\":[2.5]"), "too soon");
        page.row(row(1, 1.5), true);
        assertTrue(shown().contains("\"y\":[2.5,1.5]"), "something is new");
        page.end("finished");
        assertFalse(shown().contains(" data-running"));
        assertEquals("finished", RunFacts.read(directory).state());
        assertEquals("about", RunFacts.read(directory).about());
    }

    private String shown() throws IOException {
        return Files.readString(directory.resolve(LivePage.FILE));
    }
}
