package llams.server;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import llams.engine.io.Json;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// One request over HTTP, and its answer in whatever form it takes.
final class Call {
    private static final byte[] END = "data: [DONE]\n\n".getBytes(StandardCharsets.UTF_8);
    /// A comment, which readers of streams pass over.
    private static final byte[] PULSE = ": \n\n".getBytes(StandardCharsets.UTF_8);

    private enum Form {
        /// Nothing has been sent.
        NONE,
        /// Blanks have been sent before an object: a client that has gone is noticed only by writing to it.
        OBJECT, STREAM
    }

    final HttpExchange exchange;
    private Form form = Form.NONE;
    private int status;

    Call(HttpExchange exchange) {
        this.exchange = exchange;
    }

    /// The request's JSON object.
    ///
    /// @throws ApiException if it is none, or has more than `most` bytes
    Fields object(int most) throws IOException {
        String type = exchange.getRequestHeaders().getFirst("Content-Type");
        // Pages of other sites may send forms and plain text without asking, but not this.
        if (type == null || !type.split(";")[0].strip().toLowerCase(Locale.ROOT).equals("application/json")) {
            throw ApiException.refused(415, null, "the request needs \"Content-Type: application/json\"");
        }
        byte[] body = exchange.getRequestBody().readNBytes(most + 1);
        if (body.length > most) {
            throw ApiException.refused(413, null, "the request has more than " + most + " bytes");
        }
        JsonNode json;
        try {
            json = Json.parse("the request", body);
        } catch (IOException e) {
            throw ApiException.invalid(null, e.getMessage());
        }
        if (json instanceof ObjectNode object) {
            return new Fields(object, "");
        }
        throw ApiException.invalid(null, "the request must be a JSON object");
    }

    /// The status that was sent; 0 before.
    int status() {
        return status;
    }

    /// Sends an object, once.
    void send(int code, ObjectNode json) throws IOException {
        send(code, "application/json", json.toString());
    }

    void send(int code, String type, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        boolean isHead = exchange.getRequestMethod().equals("HEAD");
        if (form == Form.NONE) {
            if (isHead) {
                exchange.getResponseHeaders().set("Content-Length", Integer.toString(bytes.length));
            }
            // For 0 it would take any number to follow.
            begin(code, type, isHead || bytes.length == 0 ? -1 : bytes.length);
        }
        if (bytes.length > 0 && !isHead) {
            exchange.getResponseBody().write(bytes);
        }
    }

    private void begin(int code, String type, long length) throws IOException {
        status = code;
        exchange.getResponseHeaders().set("Content-Type", type);
        exchange.sendResponseHeaders(code, length);
    }

    /// Begins a stream of events.
    void stream() throws IOException {
        Headers headers = exchange.getResponseHeaders();
        headers.set("Cache-Control", "no-cache");
        headers.set("X-Accel-Buffering", "no");
        form = Form.STREAM;
        begin(200, "text/event-stream; charset=utf-8", 0);
    }

    /// Sends events at once.
    void events(List<ObjectNode> events) throws IOException {
        OutputStream out = exchange.getResponseBody();
        for (ObjectNode event : events) {
            out.write(("data: " + event + "\n\n").getBytes(StandardCharsets.UTF_8));
        }
        out.flush();
    }

    void endStream() throws IOException {
        exchange.getResponseBody().write(END);
    }

    /// Writes something that means nothing, which fails if the client has gone.
    void pulse() throws IOException {
        if (form == Form.NONE) {
            form = Form.OBJECT;
            begin(200, "application/json", 0);
        }
        exchange.getResponseBody().write(form == Form.STREAM ? PULSE : new byte[] {' '});
        exchange.getResponseBody().flush();
    }

    /// Sends what went wrong, in the form that the answer has taken by now.
    void fail(ApiException problem) throws IOException {
        if (form == Form.STREAM) {
            events(List.of(problem.json()));
        } else {
            if (problem.status == 429 && form == Form.NONE) {
                exchange.getResponseHeaders().set("Retry-After", "1");
            }
            send(problem.status, problem.json());
        }
    }
}
