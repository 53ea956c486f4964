package llams.model.hub;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import llams.engine.Fuzzed;
import org.junit.jupiter.api.parallel.Isolated;

/// Whatever a hub answers, and whatever became of the record of a download, it is taken or refused.
@Isolated("watches the time")
class HubFuzzTest {
    private static final HubModel MODEL = new HubModel("http://127.0.0.1:9", "a/b", "main");
    private static volatile byte[] answer = {};
    private static ServerSocket server;

    /// Answers each request with the same bytes.
    private static synchronized ServerSocket server() throws IOException {
        if (server == null) {
            server = new ServerSocket(0, 8, InetAddress.getLoopbackAddress());
            Thread.ofPlatform().daemon().start(() -> {
                while (true) {
                    try (Socket socket = server.accept(); InputStream in = socket.getInputStream()) {
                        for (int b = in.read(), last = 0; b >= 0 && !(b == '\r' && last == '\n'); b = in.read()) {
                            last = b;
                        }
                        socket.getOutputStream().write(answer);
                    } catch (IOException e) {
                        // The client went away first.
                    }
                }
            });
        }
        return server;
    }

    @FuzzTest
    void listing(byte[] json) throws Exception {
        Fuzzed.file("listing.json", json, path -> Listing.parse(json, MODEL), HubException.class);
    }

    @FuzzTest
    void downloadRecord(byte[] json) throws Exception {
        Fuzzed.file(DownloadRecord.FILE, json, path -> {
            DownloadRecord record = DownloadRecord.read(path.getParent(), "a/b");
            record.has(new HubFile(path.getFileName().toString(), json.length, "etag"));
        }, IOException.class);
    }

    @FuzzTest
    void answer(byte[] raw) throws Exception {
        answer = raw;
        HubModel model = new HubModel("http://127.0.0.1:" + server().getLocalPort(), "a/b", "main");
        Fuzzed.file("answer", raw, path -> {
            Retry.Patience once = new Retry.Patience(1, Duration.ofMillis(1), Duration.ofMillis(300), 1);
            try (HubClient client = new HubClient(model, null, once, null)) {
                client.listing();
            }
        }, IOException.class);
    }
}
