package llams.server;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// A browser without a window, told what to do over its DevTools protocol.
final class Chromium implements AutoCloseable {
    private static final long SECONDS = 60;
    /// Of ten milliseconds and more: a machine that does something else meanwhile does not count.
    private static final int TRIES = 3000;

    private final Process process;
    private final HttpClient client = HttpClient.newHttpClient();
    private final Map<Integer, CompletableFuture<JsonNode>> replies = new ConcurrentHashMap<>();
    private final AtomicInteger sent = new AtomicInteger();
    private WebSocket socket;

    private Chromium(Process process) {
        this.process = process;
    }

    static Optional<Path> find() {
        return Arrays.stream(System.getenv().getOrDefault("PATH", "").split(":"))
                .flatMap(place -> List.of("chromium", "chromium-browser", "google-chrome")
                        .stream()
                        .map(name -> Path.of(place, name)))
                .filter(Files::isExecutable)
                .findFirst();
    }

    /// @param profile a directory that does not exist
    static Chromium start(Path program, Path profile) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(program.toString(), "--headless=new", "--no-sandbox", "--disable-gpu",
                "--no-first-run", "--disable-extensions", "--disable-background-networking", "--in-process-gpu",
                "--disable-site-isolation-trials", "--renderer-process-limit=1", "--remote-debugging-port=0",
                "--user-data-dir=" + profile, "about:blank").redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        Chromium chromium = new Chromium(process);
        try {
            chromium.connect(profile.resolve("DevToolsActivePort"));
            return chromium;
        } catch (IOException | InterruptedException | RuntimeException e) {
            chromium.close();
            throw e;
        }
    }

    private void connect(Path portFile) throws IOException, InterruptedException {
        for (int tries = 0; !Files.exists(portFile) || Files.size(portFile) == 0; tries++) {
            if (tries == TRIES || !process.isAlive()) {
                throw new IOException("the browser has not started");
            }
            Thread.sleep(10);
        }
        URI list = URI.create("http://127.0.0.1:" + Files.readAllLines(portFile).getFirst() + "/json/list");
        HttpResponse<String> tabs = client.send(HttpRequest.newBuilder(list).build(),
                HttpResponse.BodyHandlers.ofString());
        for (JsonNode tab : JsonMapper.shared().readTree(tabs.body())) {
            if (tab.get("type").stringValue().equals("page")) {
                socket = client.newWebSocketBuilder()
                        .buildAsync(URI.create(tab.get("webSocketDebuggerUrl").stringValue()), new Replies())
                        .join();
                return;
            }
        }
        throw new IOException("the browser has no tab");
    }

    private final class Replies implements WebSocket.Listener {
        private final StringBuilder text = new StringBuilder();

        @Override
        public CompletionStage<?> onText(WebSocket from, CharSequence part, boolean isLast) {
            text.append(part);
            if (isLast) {
                JsonNode message = JsonMapper.shared().readTree(text.toString());
                text.setLength(0);
                CompletableFuture<JsonNode> reply = replies.remove(message.path("id").asInt(0));
                // The others are events.
                if (reply != null) {
                    reply.complete(message);
                }
            }
            from.request(1);
            return null;
        }
    }

    /// Calls a method of the protocol; arguments are names and values in turn.
    JsonNode call(String method, Object... arguments) {
        int id = sent.incrementAndGet();
        ObjectNode message = JsonNodeFactory.instance.objectNode().put("id", id).put("method", method);
        ObjectNode params = message.putObject("params");
        for (int i = 0; i < arguments.length; i += 2) {
            params.set((String) arguments[i], JsonMapper.shared().valueToTree(arguments[i + 1]));
        }
        CompletableFuture<JsonNode> reply = new CompletableFuture<>();
        replies.put(id, reply);
        socket.sendText(message.toString(), true).join();
        JsonNode answer = reply.orTimeout(SECONDS, TimeUnit.SECONDS).join();
        if (answer.has("error")) {
            throw new IllegalStateException(method + ": " + answer.get("error"));
        }
        return answer.get("result");
    }

    /// The value of a JavaScript expression in the page.
    JsonNode value(String expression) {
        JsonNode result = call("Runtime.evaluate", "expression", expression, "returnByValue", true, "awaitPromise",
                true);
        if (result.has("exceptionDetails")) {
            throw new IllegalStateException(expression + ": " + result.get("exceptionDetails"));
        }
        return result.get("result").path("value");
    }

    String text(String expression) {
        return value(expression).asString();
    }

    /// Waits until an expression is true.
    void until(String expression) throws InterruptedException {
        for (int tries = 0; !value("!!(" + expression + ")").booleanValue(); tries++) {
            if (tries == TRIES) {
                throw new AssertionError(
                        "not so: " + expression + "; the page says: " + text("document.body.innerText"));
            }
            Thread.sleep(10);
        }
    }

    void open(URI page) throws InterruptedException {
        call("Page.navigate", "url", page.toString());
        until("document.readyState === 'complete' && location.href === '" + page + "'");
    }

    void click(String selector) {
        value("document.querySelector(\"" + selector + "\").click()");
    }

    /// Puts text into a field as if it had been typed.
    void fill(String selector, String text) {
        value("document.querySelector(\"" + selector + "\").focus(); document.activeElement.select()");
        call("Input.insertText", "text", text);
    }

    void press(String key, int code) {
        for (String type : List.of("rawKeyDown", "keyUp")) {
            call("Input.dispatchKeyEvent", "type", type, "key", key, "code", key, "windowsVirtualKeyCode", code);
        }
    }

    void pressEnter() {
        press("Enter", 13);
    }

    @Override
    public void close() {
        try {
            if (socket != null) {
                // It tidies its profile up, and may be gone before it answers.
                socket.sendText("{\"id\": 0, \"method\": \"Browser.close\"}", true);
                process.waitFor(SECONDS, TimeUnit.SECONDS);
            }
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly().waitFor(SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        client.shutdownNow();
    }
}
