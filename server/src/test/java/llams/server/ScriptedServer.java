package llams.server;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// The page for chat before models that say what a test wants; `endless` never stops by itself.
final class ScriptedServer implements AutoCloseable {
    static final String ENDLESS = "endless";
    private static final int PIECE = 3;

    private final HttpServer http;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final Map<String, String> answers;
    /// What was asked for, in order.
    final List<JsonNode> asked = new CopyOnWriteArrayList<>();
    /// Reached when the one who asked for what is endless has gone.
    final CountDownLatch gone = new CountDownLatch(1);

    /// @param answers by model
    ScriptedServer(Map<String, String> answers) throws IOException {
        this.answers = answers;
        http = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        ChatPage page = ChatPage.load();
        http.createContext("/", exchange -> send(exchange, page::send));
        http.createContext("/v1/models", exchange -> send(exchange, call -> call.send(200, models())));
        http.createContext("/v1/chat/completions", exchange -> send(exchange, this::answer));
        http.setExecutor(threads);
        http.start();
    }

    URI uri() {
        return URI.create("http://127.0.0.1:" + http.getAddress().getPort() + "/");
    }

    private static void send(HttpExchange exchange, Routes.Handler handler) throws IOException {
        try (exchange) {
            handler.handle(new Call(exchange));
        }
    }

    private ObjectNode models() {
        ObjectNode list = JsonNodeFactory.instance.objectNode();
        ArrayNode data = list.putArray("data");
        answers.keySet().forEach(name -> data.addObject().put("id", name));
        return list;
    }

    private void answer(Call call) throws IOException {
        JsonNode body = JsonMapper.shared().readTree(call.exchange.getRequestBody());
        asked.add(body);
        String model = body.get("model").stringValue();
        call.stream();
        if (model.equals(ENDLESS)) {
            endless(call);
        }
        String text = answers.get(model);
        for (int at = 0; at < text.length(); at += PIECE) {
            call.events(List.of(chunk(text.substring(at, Math.min(text.length(), at + PIECE)))));
        }
        call.endStream();
    }

    private void endless(Call call) throws IOException {
        try {
            for (;;) {
                call.events(List.of(chunk("more ")));
                Thread.sleep(5);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            gone.countDown();
        }
    }

    private static ObjectNode chunk(String text) {
        ObjectNode event = JsonNodeFactory.instance.objectNode();
        event.putArray("choices").addObject().putObject("delta").put("content", text);
        return event;
    }

    @Override
    public void close() {
        http.stop(0);
        threads.shutdownNow();
    }
}
