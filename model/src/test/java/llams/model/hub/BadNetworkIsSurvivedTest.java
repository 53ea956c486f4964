package llams.model.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Whatever a connection or a server does, the files are right in the end or the error is clear, and nothing wrong has
/// a file's name.
class BadNetworkIsSurvivedTest extends HubTestCase {
    private static final String WEIGHTS = "model.safetensors";
    private static final String[] ALL = {"config.json", WEIGHTS, "tokenizer.json"};

    private byte[] content;

    @BeforeEach
    void model() {
        content = hub.withModel().files.get(WEIGHTS);
    }

    private List<Integer> ranges() {
        return hub.atStore.stream().map(FakeHub.Request::from).toList();
    }

    private Path incomplete() {
        return to.resolve(WEIGHTS + ".incomplete-" + FakeHub.hash("SHA-256", content).substring(0, 16));
    }

    private FakeHub.Fault cutAfter(int bytes) {
        return FakeHub.cutAfter(bytes, incomplete());
    }

    @Test
    void aCutConnectionGoesOnWhereItWas() throws IOException {
        hub.fault(WEIGHTS, cutAfter(1_200_000), cutAfter(300_000));
        download();
        holds(ALL);
        assertEquals(List.of(0, 1_200_000, 1_500_000), ranges());
        assertEquals(2, notes.size());
        assertTrue(notes.getFirst().startsWith(WEIGHTS + ": the connection was cut ("), notes.getFirst());
        assertEquals(2_500_000 + 2 + 999, progress.getLast());
    }

    @Test
    void anEarlierRunsBeginningIsGoneOnWith() throws IOException {
        Files.createDirectories(to);
        hub.fault(WEIGHTS, cutAfter(1_000), cutAfter(0), cutAfter(0), cutAfter(0));
        refused(WEIGHTS, "given up after 4 attempts", "same command");
        assertEquals(List.of(DownloadRecord.FILE, "config.json", incomplete().getFileName().toString()), there());
        progress.clear();
        HubDownload.Report report = download();
        holds(ALL);
        assertEquals(1_000, ranges().getLast());
        assertEquals(1_000 + 2, progress.getFirst());
        assertEquals(2_500_000 - 1_000 + 999, report.downloadedBytes());
        assertEquals(List.of("config.json"), report.present());
    }

    @Test
    void aWholeBeginningNeedsNoRequest() throws IOException {
        download("config.json");
        Files.write(incomplete(), content);
        download();
        holds(ALL);
        assertEquals(List.of(), hub.atStore);
    }

    @Test
    void aBeginningOfOtherContentIsRemoved() throws IOException {
        download("config.json");
        Files.write(to.resolve(WEIGHTS + ".incomplete-0123456789abcdef"), new byte[1000]);
        download();
        holds(ALL);
        assertEquals(List.of(0), ranges());
    }

    @Test
    void aDamagedBeginningStartsAgain() throws IOException {
        download("config.json");
        Files.write(incomplete(), new byte[2_000]);
        download();
        holds(ALL);
        assertEquals(List.of(2_000, 0), ranges());
        assertTrue(notes.toString().contains("damaged"), notes.toString());
    }

    @Test
    void aWholeFileInAnswerToARangeStartsAgain() throws IOException {
        hub.fault(WEIGHTS, cutAfter(700_000), (_, all, out) -> FakeHub.write(out, 200, all.length, all, all.length));
        download();
        holds(ALL);
        assertEquals(List.of(0, 700_000), ranges());
        assertTrue(progress.contains(2L + 700_000) && Collections.max(progress) == 2_500_000 + 2 + 999,
                progress.toString());
    }

    @Test
    void anotherRangeThanWantedStartsAgain() throws IOException {
        hub.fault(WEIGHTS, cutAfter(700_000),
                (_, all, out) -> FakeHub.write(out, 206, 10, all, 10, "Content-Range", "bytes 5-14/" + all.length));
        download();
        holds(ALL);
        assertEquals(List.of(0, 700_000, 0), ranges());
    }

    @Test
    void aRangeThatTheServerDoesNotHaveStartsAgain() throws IOException {
        hub.fault(WEIGHTS, cutAfter(700_000), FakeHub.status(416, "Content-Range", "bytes */600000"));
        download();
        holds(ALL);
        assertEquals(List.of(0, 700_000, 0), ranges());
        assertTrue(notes.getLast().contains("416 (bytes */600000)"), notes.getLast());
    }

    /// Each round brings more than counts as progress, but none more than the first.
    @Test
    void aFileThatIsShorterThanSaidEndsToo() throws IOException {
        byte[] cut = Arrays.copyOf(content, 2_000_000);
        for (int i = 0; i < 10; i++) {
            hub.fault(WEIGHTS, (_, _, out) -> FakeHub.write(out, 200, cut.length, cut, cut.length),
                    FakeHub.status(416, "Content-Range", "bytes */2000000"));
        }
        refused(WEIGHTS, "given up after");
        assertTrue(hub.atStore.size() <= 6, hub.atStore.toString());
        assertTrue(!Files.exists(to.resolve(WEIGHTS)));
    }

    @Test
    void aFileThatIsLongerThanSaidIsRemoved() throws IOException {
        hub.fault(WEIGHTS, (_, all, out) -> FakeHub.write(out, 200, all.length + 1, Arrays.copyOf(all, all.length + 1),
                all.length + 1));
        refused(WEIGHTS, "more than the 2500000 bytes");
        assertEquals(List.of(DownloadRecord.FILE, "config.json"), there());
    }

    @Test
    void aServerThatIsBusyIsAskedAgain() throws IOException {
        hub.fault("", FakeHub.status(503));
        hub.fault("HEAD config.json", FakeHub.status(500));
        hub.fault("config.json", FakeHub.status(429, "Retry-After", "0"), FakeHub.status(502));
        hub.fault(WEIGHTS, FakeHub.status(500), FakeHub.status(429, "Retry-After", "1"));
        long start = System.nanoTime();
        download();
        assertTrue(System.nanoTime() - start >= 1_000_000_000L);
        holds(ALL);
        assertEquals(6, notes.size(), notes.toString());
        assertEquals(WEIGHTS + ": the server answers 429 and asks to wait 1 s; retrying in 1 s", notes.getLast());
    }

    @Test
    void aServerThatAsksForTooMuchPatienceIsNotWaitedFor() {
        hub.fault(WEIGHTS, FakeHub.status(429, "Retry-After", "3600"));
        refused(WEIGHTS, "429", "asks to wait 3600 s");
        assertEquals(List.of(), notes);
    }

    @Test
    void silenceIsACut() throws IOException {
        hub.fault(WEIGHTS, (_, all, out) -> {
            FakeHub.write(out, 200, all.length, all, 1_100_000);
            Thread.sleep(20_000);
        }, (_, _, _) -> Thread.sleep(20_000));
        download();
        holds(ALL);
        assertTrue(notes.getFirst().contains("nothing came for 1 s"), notes.toString());
        assertTrue(notes.getLast().contains("no answer within 1 s"), notes.toString());
    }

    /// Never silent for long, and never done: what came is kept, and the next connection goes on from there.
    @Test
    void aDripIsACut() throws IOException {
        hub.fault(WEIGHTS, (_, all, out) -> {
            FakeHub.write(out, 200, all.length, all, 1_100_000);
            for (int i = 1_100_000; i < all.length; i++) {
                Thread.sleep(100);
                out.write(all[i]);
                out.flush();
            }
        });
        download();
        holds(ALL);
        assertTrue(notes.getFirst().matches(".*: only \\d+ bytes came for 1 s; retrying in 0 s"), notes.toString());
        assertTrue(ranges().getLast() >= 1_100_000, ranges().toString());
    }

    @Test
    void aBusyServerMaySayADate() {
        hub.fault(WEIGHTS, FakeHub.status(429, "Retry-After",
                DateTimeFormatter.RFC_1123_DATE_TIME.format(ZonedDateTime.now(ZoneOffset.UTC).plusHours(1))));
        refused(WEIGHTS, "429", "asks to wait ");
        assertEquals(List.of(), notes);
    }

    @Test
    void aWrongHashRemovesTheFile() throws IOException {
        hub.etags.put(WEIGHTS, "ab".repeat(32));
        refused(WEIGHTS, "another hash", "ab".repeat(32), "removed");
        assertEquals(List.of(DownloadRecord.FILE, "config.json"), there());
        assertEquals(List.of(), notes);
    }

    /// Small files carry git's hash.
    @Test
    void aWrongGitHashRemovesTheFile() throws IOException {
        hub.etags.put("config.json", "ab".repeat(20));
        refused("config.json", "another hash", "ab".repeat(20));
        assertEquals(List.of(DownloadRecord.FILE), there());
    }

    @Test
    void whereTheHubHasNoHashTheSizeIsChecked() throws IOException {
        hub.etags.put("config.json", "v1");
        download();
        holds(ALL);
        assertEquals(List.of("config.json: the hub gives no hash, only its size will be checked"), notes);
        int before = hub.gets().size();
        download();
        assertEquals(before, hub.gets().size());
    }

    @Test
    void noServerIsSaid() throws IOException {
        hub.close();
        refused(hub.endpoint(), "no connection", "given up after 4 attempts");
        assertTrue(!Files.exists(to));
    }
}
