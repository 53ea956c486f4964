package llams.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import llams.trainer.data.JsonLine;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.node.ObjectNode;

/// The commands `checksum` and `upload`, the latter against a hub on the loopback address that has no models.
@Timeout(60)
class SharingCommandsTest {
    @TempDir
    Path directory;

    private Path model;
    private ServerSocket server;

    @BeforeEach
    void serve() throws IOException {
        model = SmallModel.create(directory);
        server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(() -> {
            while (!server.isClosed()) {
                try (Socket socket = server.accept()) {
                    socket.getInputStream().read(new byte[10_000]);
                    socket.getOutputStream()
                            .write("HTTP/1.1 404 x\r\nConnection: close\r\nContent-Length: 0\r\nX-Error-Code: RepoNotFound\r\n\r\n"
                                    .getBytes(StandardCharsets.US_ASCII));
                } catch (IOException _) {
                    // Closed, or the client hung up.
                }
            }
        });
    }

    @AfterEach
    void close() throws IOException {
        server.close();
    }

    private Llams upload(String name, String... more) {
        return Llams.run(Stream.concat(Stream.of("upload", model.toString(), name, "--token", "hf_x", "--endpoint",
                "http://127.0.0.1:" + server.getLocalPort()), Stream.of(more)).toArray(String[]::new));
    }

    @Test
    void aDryRunListsWhatWouldBeSent() throws IOException {
        Files.writeString(model.resolve("train.jsonl"), "{}");
        Files.writeString(model.resolve("adapter_config.json"), "{\"base_model_name_or_path\": \"/home/me/base\"}");
        Llams plan = upload("me/Llama-3-x", "--dry-run");
        assertEquals(0, plan.code(), plan.err());
        assertTrue(plan.out().matches("(?s).*new +[\\d.]+ KiB  model.safetensors\n.*"), plan.out());
        assertFalse(plan.out().contains("train.jsonl"), plan.out());
        assertTrue(plan.out().endsWith(" would be sent, to a new private repository\n"), plan.out());
        assertTrue(plan.err().contains("has no README.md"), plan.err());
        assertTrue(plan.err().contains("by its place on this machine, /home/me/base"), plan.err());
        Files.writeString(model.resolve("README.md"), "---\nlicense: llama3\n---\n");
        Llams named = upload("me/x", "--dry-run", "--json", "--include", "config.json");
        ObjectNode report = JsonLine.parse(named.out().strip(), "output");
        assertEquals(Files.size(model.resolve("config.json")), report.get("newBytes").longValue());
        assertTrue(named.err().contains("begins with \"Llama 3\", and this one is called x"), named.err());
    }

    @Test
    void wrongUsageIsRefused() {
        assertEquals(2, upload("me/x/y").code());
        assertEquals(2, upload("me/x", "--message", " ").code());
        Llams refused = Llams.run("upload", directory.resolve("none").toString(), "me/x", "--token", "hf_x");
        assertEquals(1, refused.code());
        assertTrue(refused.err().contains("is not a directory with a model"), refused.err());
    }

    @Test
    void checksumsFindDamage() throws IOException {
        Llams written = Llams.run("checksum", model.toString());
        assertEquals(0, written.code(), written.err());
        assertTrue(written.out().startsWith(model.resolve("checksums.sha256") + ": "), written.out());
        assertEquals(0, Llams.run("checksum", model.toString(), "--verify").code());
        Files.writeString(model.resolve("config.json"), "{}");
        Llams damaged = Llams.run("checksum", model.toString(), "--verify");
        assertEquals(1, damaged.code());
        assertTrue(damaged.out().startsWith("damaged: " + model.resolve("config.json") + "\n"), damaged.out());
        assertTrue(damaged.err().contains("1 file is damaged or missing"), damaged.err());
        ObjectNode report = JsonLine.parse(Llams.run("checksum", model.toString(), "--verify", "--json").out().strip(),
                "output");
        assertEquals("[\"config.json\"]", report.get("damaged").toString());
    }
}
