package llams.trainer.watch;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// A run's newest figures for Prometheus, at `http://localhost:PORT/metrics`. It listens to this machine alone.
public final class MetricsServer implements Watcher {
    private static final String TYPE = "text/plain; version=0.0.4; charset=utf-8";

    private final HttpServer server;
    /// Of each figure the newest: the held-out loss is not in every row.
    private final ObjectNode latest = JsonNodeFactory.instance.objectNode();
    private volatile String text = "";

    /// @param port 0 for any that is free
    /// @throws IOException if it is taken
    public MetricsServer(int port) throws IOException {
        InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
        try {
            server = HttpServer.create(address, 0);
        } catch (IOException e) {
            throw new IOException("metrics cannot be served on port " + port + ": " + e.getMessage(), e);
        }
        server.createContext("/", this::answer);
        server.start();
    }

    int port() {
        return server.getAddress().getPort();
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            boolean isFound = exchange.getRequestURI().getPath().equals("/metrics");
            boolean isGet = exchange.getRequestMethod().equals("GET");
            byte[] body = isFound && isGet ? text.getBytes(StandardCharsets.UTF_8) : new byte[0];
            exchange.getResponseHeaders().set("Content-Type", TYPE);
            exchange.sendResponseHeaders(!isFound ? 404 : isGet ? 200 : 405, body.length == 0 ? -1 : body.length);
            exchange.getResponseBody().write(body);
        }
    }

    @Override
    public void row(ObjectNode row, boolean matters) {
        latest.setAll(row);
        text = text(latest);
    }

    /// The numbers of a row: `evalLoss` becomes the gauge `llams_train_eval_loss`.
    static String text(ObjectNode row) {
        StringBuilder lines = new StringBuilder();
        row.properties().forEach(field -> {
            if (field.getValue().isNumber()) {
                String name = "llams_train_" + field.getKey()
                        .replaceAll("[^A-Za-z0-9]", "_")
                        .replaceAll("([a-z0-9])([A-Z])", "$1_$2")
                        .toLowerCase(Locale.ROOT);
                lines.append("# TYPE ").append(name).append(" gauge\n");
                lines.append(name).append(' ').append(field.getValue().asString()).append('\n');
            }
        });
        return lines.toString();
    }

    @Override
    public void end(String state) {
        server.stop(0);
    }
}
