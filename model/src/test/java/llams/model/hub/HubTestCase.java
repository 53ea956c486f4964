package llams.model.hub;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A hub, a directory, and downloads from the one to the other that do not wait.
@Timeout(60)
abstract class HubTestCase implements TransferListener {
    @TempDir
    Path temporary;

    FakeHub hub;
    Path to;
    final List<String> notes = new ArrayList<>();
    final List<Long> progress = new ArrayList<>();

    @BeforeEach
    void start() throws IOException {
        hub = new FakeHub();
        to = temporary.resolve("model");
    }

    @AfterEach
    void stop() throws IOException {
        hub.close();
    }

    @Override
    public void at(long doneBytes, long totalBytes) {
        progress.add(doneBytes);
    }

    @Override
    public void note(String line) {
        notes.add(line);
    }

    static HubToken token(String value) throws IOException {
        return HubToken.findOrNull(value, Map.of(), Path.of("/"));
    }

    HubDownload.Report download(String... include) throws IOException {
        return download(hub.model(), null, include);
    }

    HubDownload.Report download(HubModel model, HubToken token, String... include) throws IOException {
        return HubDownload.run(model, token, List.of(include), to, this,
                new Retry.Patience(4, Duration.ofMillis(1), Duration.ofMillis(1500), 100));
    }

    /// Fails in one line that says all of `parts`.
    void refused(HubModel model, HubToken token, String... parts) {
        String message = assertThrows(IOException.class, () -> download(model, token)).getMessage();
        assertEquals(1, message.lines().count(), message);
        for (String part : parts) {
            assertTrue(message.contains(part), "wanted \"" + part + "\" in: " + message);
        }
    }

    void refused(String... parts) {
        refused(hub.model(), null, parts);
    }

    /// The directory holds the hub's files of these names, and nothing else but the record.
    void holds(String... names) throws IOException {
        List<String> wanted = Stream.concat(Stream.of(names), Stream.of(DownloadRecord.FILE)).sorted().toList();
        assertEquals(wanted, there());
        for (String name : names) {
            assertArrayEquals(hub.files.get(name), Files.readAllBytes(to.resolve(name)), name);
        }
    }

    List<String> there() throws IOException {
        if (!Files.exists(to)) {
            return List.of();
        }
        try (Stream<Path> tree = Files.walk(to)) {
            return tree.filter(Files::isRegularFile).map(file -> to.relativize(file).toString()).sorted().toList();
        }
    }
}
