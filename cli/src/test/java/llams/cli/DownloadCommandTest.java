package llams.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import llams.trainer.data.JsonLine;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.node.ObjectNode;

/// The command, against a hub on the loopback address that has one model.
@Timeout(60)
class DownloadCommandTest {
    private static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";

    @TempDir
    Path directory;

    private Path model;
    private Path to;
    private ServerSocket server;
    private volatile String refusal;

    @BeforeEach
    void serve() throws IOException {
        model = SmallModel.create(directory);
        to = directory.resolve("here");
        server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(() -> {
            while (!server.isClosed()) {
                try (Socket socket = server.accept()) {
                    answer(socket);
                } catch (Exception _) {
                    // Closed, or the client hung up.
                }
            }
        });
    }

    @AfterEach
    void close() throws IOException {
        server.close();
    }

    private void answer(Socket socket) throws Exception {
        BufferedReader in = new BufferedReader(
                new InputStreamReader(socket.getInputStream(), StandardCharsets.ISO_8859_1));
        String[] request = in.readLine().split(" ");
        while (!in.readLine().isEmpty()) {
            // The headers are not of interest here.
        }
        byte[] body = listing();
        String status = "200 OK";
        if (!request[1].equals("/api/models/maker/small/revision/main")) {
            body = Files.readAllBytes(model.resolve(request[1].replace("/maker/small/resolve/" + COMMIT + "/", "")));
            status = refusal == null ? status : refusal;
        }
        OutputStream out = socket.getOutputStream();
        out.write(("HTTP/1.1 " + status + "\r\nConnection: close\r\nContent-Length: " + body.length + "\r\nETag: \""
                + HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(body)) + "\"\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII));
        out.write(body, 0, request[0].equals("HEAD") ? 0 : body.length);
    }

    private byte[] listing() throws IOException {
        return names().stream()
                .map(name -> "{\"rfilename\": \"" + name + "\"}")
                .collect(Collectors.joining(",", "{\"sha\": \"" + COMMIT + "\", \"siblings\": [", "]}"))
                .getBytes(StandardCharsets.UTF_8);
    }

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.walk(model)) {
            return files.filter(Files::isRegularFile).map(file -> model.relativize(file).toString()).sorted().toList();
        }
    }

    private Llams download(String... more) {
        return Llams
                .run(Stream
                        .concat(Stream.of("download", "maker/small", "--to", to.toString(), "--token", "hf_x",
                                "--endpoint", "http://127.0.0.1:" + server.getLocalPort() + "/"), Stream.of(more))
                        .toArray(String[]::new));
    }

    @Test
    void whatWasDownloadedRuns() {
        Llams run = download();
        assertEquals(0, run.code(), run.err());
        assertTrue(run.out().startsWith(to + ": maker/small at commit " + COMMIT + ", "), run.out());
        assertTrue(run.out().endsWith("next: llams info " + to + "\n      llams generate -m " + to + " -p TEXT\n"),
                run.out());
        String[] generate = {"generate", "-p", "so it goes", "-n", "8", "--temp", "0", "--print-ids", "-m"};
        Llams there = Llams.run(Stream.concat(Stream.of(generate), Stream.of(model.toString())).toArray(String[]::new));
        Llams here = Llams.run(Stream.concat(Stream.of(generate), Stream.of(to.toString())).toArray(String[]::new));
        assertEquals(0, here.code(), here.err());
        assertEquals(there.out(), here.out());
    }

    @Test
    void theReportIsOneObject() throws IOException {
        Llams run = download("--json", "--include", "config.json", "--include", "tokenizer*");
        assertEquals(0, run.code(), run.err());
        ObjectNode report = JsonLine.parse(run.out().strip(), "output");
        assertEquals(to.toString(), report.get("to").stringValue());
        assertEquals(COMMIT, report.get("commit").stringValue());
        long bytes = 0;
        for (String name : names()) {
            bytes += name.equals("config.json") || name.startsWith("tokenizer") ? Files.size(model.resolve(name)) : 0;
        }
        assertEquals(bytes, report.get("downloadedBytes").longValue());
        assertEquals(0, report.get("present").size());
        ObjectNode again = JsonLine.parse(download("--json", "--include", "config.json").out().strip(), "output");
        assertEquals("[\"config.json\"]", again.get("present").toString());
        assertEquals("[]", again.get("downloaded").toString());
        assertFalse(Files.exists(to.resolve("model.safetensors")));
    }

    @Test
    void aDamagedDownloadIsToldAndMended() throws IOException {
        assertEquals(0, download().code());
        Llams good = download("--verify");
        assertEquals(0, good.code(), good.err());
        assertTrue(good.out().contains(" files are as the hub had them at commit " + COMMIT), good.out());
        Path weights = to.resolve("model.safetensors");
        byte[] content = Files.readAllBytes(weights);
        content[content.length - 9]++;
        Files.write(weights, content);
        Llams damaged = download("--verify");
        assertEquals(1, damaged.code());
        assertTrue(damaged.out().startsWith("damaged: " + weights + "\n"), damaged.out());
        assertTrue(damaged.err().contains("'llams download maker/small --to " + to + " --revision " + COMMIT + "'"),
                damaged.err());
        assertEquals("[\"model.safetensors\"]",
                JsonLine.parse(download("--verify", "--json").out().strip(), "output").get("damaged").toString());
        assertEquals("[\"model.safetensors\"]",
                JsonLine.parse(download("--json").out().strip(), "output").get("downloaded").toString());
        assertEquals(0, download("--verify").code());
    }

    @Test
    void aRefusalIsOneLine() {
        refusal = "403 Forbidden\r\nX-Error-Code: GatedRepo";
        Llams run = download();
        assertEquals(1, run.code());
        assertEquals("", run.out());
        assertEquals(1, run.err().lines().count(), run.err());
        assertTrue(run.err()
                .startsWith("llams: http://127.0.0.1:" + server.getLocalPort() + "/maker/small: this model is gated"),
                run.err());
        assertFalse(run.err().contains("hf_x"), run.err());
        assertFalse(Files.exists(to));
    }

    @Test
    void wrongNamesAreWrongUsage() {
        for (String[] wrong : new String[][] {{"download"}, {"download", "a/b/c"},
                {"download", "a/b", "--endpoint", "nowhere"}, {"download", "a/b", "--token", ""}}) {
            Llams run = Llams.run(wrong);
            assertEquals(2, run.code(), run.err());
            assertEquals(1, run.err().lines().count(), run.err());
        }
    }
}
