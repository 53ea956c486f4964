package llams.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/// What is wrong is refused as OpenAI's clients expect it; what is too much, too large or too slow does not hold the
/// server up.
class LimitsHoldTest {
    private static final String LONG = "{\"prompt\": \"abc\", \"max_tokens\": 250, \"temperature\": 1, \"seed\": 2}";

    @TempDir
    static Path temporary;

    private static SmallServer start(ServerSettings settings) throws IOException {
        return SmallServer.start(temporary.resolve("model"), settings);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {"/v1/chat/completions | {} | 400 | messages", "/v1/chat/completions | {\"messages\": [] | 400 |",
                    "/v1/chat/completions | [1] | 400 |", "/v1/completions | {\"model\": \"gpt\"} | 404 | model",
                    "/v1/completions | {\"prompt\": 7} | 400 | prompt",
                    "/v1/completions | {\"prompt\": [512]} | 400 | prompt",
                    "/v1/completions | {\"prompt\": []} | 400 | prompt",
                    "/v1/completions | {\"temperature\": 3} | 400 | temperature",
                    "/v1/completions | {\"temperature\": \"hot\"} | 400 | temperature",
                    "/v1/completions | {\"presence_penalty\": 1} | 400 | presence_penalty",
                    "/v1/completions | {\"colour\": 1} | 400 | colour",
                    "/v1/completions | {\"stop\": \"\"} | 400 | stop", "/v1/completions | {\"n\": 0} | 400 | n",
                    "/v1/embeddings | {\"input\": \"a\"} | 404 |",
                    "/v1/chat/completions | {\"messages\": [{\"role\": \"boss\", \"content\": \"\"}]} | 400 | messages[0].role",
                    "/v1/chat/completions | {\"messages\": [{\"role\": \"user\", \"content\": [{\"type\": \"image_url\"}]}]} | 400 | messages[0].content[0].type",
                    "/v2 | {} | 404 |", "/v1/models | {} | 405 |", "/v1/models/other | | 404 | model"})
    void whatIsWrongIsSaid(String path, String body, int status, String param) throws Exception {
        try (SmallServer small = start(SmallServer.settings())) {
            HttpResponse<String> response = body == null ? small.get(path) : small.post(path, body);
            assertEquals(status, response.statusCode(), response.body());
            JsonNode error = SmallServer.json(response.body()).get("error");
            assertEquals(List.of("message", "type", "param", "code"), List.copyOf(error.propertyNames()));
            assertEquals(param, error.get("param").isNull() ? null : error.get("param").stringValue(), response.body());
        }
    }

    @Test
    void whatIsTooLongIsRefused() throws Exception {
        try (SmallServer small = start(SmallServer.settings().withBounds(4, 1000, 60))) {
            HttpResponse<String> full = small.post("/v1/completions", "{\"prompt\": \"" + "a".repeat(600) + "\"}");
            assertEquals(400, full.statusCode());
            assertEquals("context_length_exceeded",
                    SmallServer.json(full.body()).get("error").get("code").stringValue());
            assertEquals(413, small.post("/v1/completions", "{\"prompt\": \"" + "a".repeat(1000) + "\"}").statusCode());
        }
    }

    @Test
    void aKeyAndAnOriginAreAskedFor() throws Exception {
        try (SmallServer small = start(SmallServer.settings().withAccess("secret", "https://example.org"))) {
            assertEquals(401, small.get("/v1/models").statusCode());
            assertEquals(200, small.get("/health").statusCode());
            HttpResponse<String> response = small.client.send(small.request("/v1/models")
                    .header("Authorization", "Bearer secret")
                    .header("Origin", "https://example.org")
                    .build(), HttpResponse.BodyHandlers.ofString());
            assertEquals(200, response.statusCode());
            assertEquals("https://example.org",
                    response.headers().firstValue("Access-Control-Allow-Origin").orElseThrow());
            HttpResponse<String> other = small.client.send(
                    small.request("/health").header("Origin", "https://example.com").build(),
                    HttpResponse.BodyHandlers.ofString());
            assertTrue(other.headers().firstValue("Access-Control-Allow-Origin").isEmpty());
            HttpResponse<String> form = small.client
                    .send(HttpRequest.newBuilder(small.server.uri().resolve("/v1/completions"))
                            .header("Authorization", "Bearer secret")
                            .header("Content-Type", "text/plain")
                            .POST(HttpRequest.BodyPublishers.ofString("{}"))
                            .build(), HttpResponse.BodyHandlers.ofString());
            assertEquals(415, form.statusCode());
            // Another site's page reaches this machine by a name of that site's.
            assertTrue(raw(small, "GET /health HTTP/1.1\r\nHost: example.org\r\n\r\n").startsWith("HTTP/1.1 403"));
        }
    }

    private static String raw(SmallServer small, String request) throws IOException {
        try (Socket socket = new Socket("127.0.0.1", small.server.uri().getPort())) {
            socket.getOutputStream().write(request.getBytes(StandardCharsets.UTF_8));
            byte[] head = socket.getInputStream().readNBytes("HTTP/1.1 200".length());
            return new String(head, StandardCharsets.UTF_8);
        }
    }

    @Test
    void whoIsOneTooManyIsSentAway() throws Exception {
        try (SmallServer small = start(SmallServer.settings().withSlots(1, 512).withBounds(1, 1000, 60))) {
            List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                answers.add(small.client.sendAsync(
                        small.request("/v1/completions").POST(HttpRequest.BodyPublishers.ofString(LONG)).build(),
                        HttpResponse.BodyHandlers.ofString()));
            }
            int served = 0;
            for (CompletableFuture<HttpResponse<String>> answer : answers) {
                int status = answer.get().statusCode();
                assertTrue(status == 200 || status == 429, status + "");
                served += status == 200 ? 1 : 0;
                assertEquals(status == 429, answer.get().headers().firstValue("Retry-After").isPresent());
            }
            assertTrue(served >= 1 && served < 8, served + " were served");
        }
    }

    @Test
    void whoHasGoneHoldsNoSlot() throws Exception {
        try (SmallServer small = start(SmallServer.settings().withSlots(1, 512))) {
            String body = LONG.replace("}", ", \"stream\": true}");
            for (int i = 0; i < 3; i++) {
                try (Socket socket = new Socket("127.0.0.1", small.server.uri().getPort())) {
                    send(socket, head(body.length()) + body);
                    InputStream in = socket.getInputStream();
                    assertTrue(in.readNBytes(200).length == 200);
                    socket.setSoLinger(true, 0);
                }
            }
            long start = System.nanoTime();
            small.complete("small", "abc", 1, "");
            assertTrue(System.nanoTime() - start < 2_000_000_000L);
            untilNobodyRuns(small);
        }
    }

    @Test
    void whatTakesTooLongEnds() throws Exception {
        try (SmallServer small = start(SmallServer.settings().withBounds(64, 1000, 1));
                Socket socket = new Socket("127.0.0.1", small.server.uri().getPort())) {
            socket.setSoTimeout(5000);
            // A byte now and then, and the last never comes.
            Thread dripping = Thread.ofVirtual().start(() -> {
                try {
                    send(socket, head(900) + "{");
                    for (int i = 0; i < 800; i++) {
                        Thread.sleep(20);
                        send(socket, " ");
                    }
                } catch (IOException | InterruptedException e) {
                    // The server has had enough.
                }
            });
            try {
                assertTrue(socket.getInputStream().readAllBytes().length < 1000);
            } catch (SocketException e) {
                // What is still on its way to a closed connection resets it.
            }
            dripping.interrupt();
        }
    }

    private static String head(int bodyBytes) {
        return "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                + "Content-Length: " + bodyBytes + "\r\n\r\n";
    }

    private static void send(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
    }

    /// One that reads nothing of a long stream, and one that sends its request a byte at a time.
    @Test
    @Timeout(60)
    void whoIsSlowHoldsNobodyUp() throws Exception {
        try (SmallServer small = start(SmallServer.settings().withSlots(3, 512));
                Socket unread = new Socket();
                Socket dripping = new Socket("127.0.0.1", small.server.uri().getPort())) {
            String alone = small.complete("small", "abc", 100, ", \"temperature\": 0");
            unread.setReceiveBufferSize(1024);
            unread.connect(new InetSocketAddress("127.0.0.1", small.server.uri().getPort()));
            String body = "{\"prompt\": \"abc\", \"n\": 2, \"max_tokens\": 500, \"logprobs\": 20, \"stream\": true}";
            send(unread, head(body.length()) + body);
            for (char c : (head(LONG.length()) + LONG).toCharArray()) {
                send(dripping, String.valueOf(c));
            }
            assertEquals(alone, small.complete("small", "abc", 100, ", \"temperature\": 0"));
            assertEquals("HTTP/1.1 200",
                    new String(dripping.getInputStream().readNBytes("HTTP/1.1 200".length()), StandardCharsets.UTF_8));
            untilNobodyRuns(small);
        }
    }

    private static void untilNobodyRuns(SmallServer small) throws Exception {
        for (int tries = 0; !small.get("/metrics").body().contains("llams_sequences_running 0\n"); tries++) {
            assertTrue(tries < 2000, "a slot is held");
            Thread.sleep(10);
        }
    }
}
