package llams.trainer.pairs;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import llams.trainer.data.JsonLine;
import llams.trainer.data.LanguagePair;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// An endpoint on the loopback address, of either kind. By hand on sockets, as what a server of a library never does is
/// what is tested: connections cut in the middle, wrong lengths, silence. Its prompts are `TOPIC / COUNT`.
final class FakeEndpoint implements AutoCloseable {
    static final String TEMPLATE = "{topic} / {count}";
    private static final Pattern PROMPT = Pattern.compile("(.*) / (\\d+)", Pattern.DOTALL);

    record Request(String path, Map<String, String> headers, String body) {
        String prompt() {
            JsonNode json = JsonLine.value(body, "request");
            return isGemini()
                    ? json.path("contents").path(0).path("parts").path(0).path("text").stringValue()
                    : json.path("messages").path(0).path("content").stringValue();
        }

        boolean isGemini() {
            return path.contains("generateContent");
        }

        private Matcher parts() {
            Matcher matcher = PROMPT.matcher(prompt());
            if (!matcher.matches()) {
                throw new AssertionError(prompt());
            }
            return matcher;
        }

        String topic() {
            return parts().group(1);
        }

        int count() {
            return Integer.parseInt(parts().group(2));
        }
    }

    /// Answers in place of the server.
    interface Reply {
        void answer(Request request, OutputStream out) throws Exception;
    }

    final List<Request> requests = Collections.synchronizedList(new ArrayList<>());
    /// What goes wrong, in order.
    final Deque<Reply> faults = new ArrayDeque<>();
    /// What is answered otherwise.
    Reply usual = (request, out) -> write(out, 200, answer(request, pairs(request)));
    private final ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());

    FakeEndpoint() throws IOException {
        Thread.ofVirtual().start(() -> {
            while (!server.isClosed()) {
                try {
                    Socket socket = server.accept();
                    Thread.ofVirtual().start(() -> converse(socket));
                } catch (IOException _) {
                    // Closed.
                }
            }
        });
    }

    String address() {
        return "http://127.0.0.1:" + server.getLocalPort();
    }

    synchronized void fault(Reply... inOrder) {
        faults.addAll(List.of(inOrder));
    }

    private synchronized Reply next() {
        Reply fault = faults.poll();
        return fault == null ? usual : fault;
    }

    private void converse(Socket socket) {
        try (socket) {
            InputStream in = new BufferedInputStream(socket.getInputStream());
            String path = line(in).split(" ")[1];
            Map<String, String> headers = new HashMap<>();
            for (String line = line(in); !line.isEmpty(); line = line(in)) {
                headers.put(line.substring(0, line.indexOf(':')).toLowerCase(Locale.ROOT),
                        line.substring(line.indexOf(':') + 2));
            }
            byte[] body = in.readNBytes(Integer.parseInt(headers.get("content-length")));
            Request request = new Request(path, headers, new String(body, StandardCharsets.UTF_8));
            requests.add(request);
            next().answer(request, socket.getOutputStream());
        } catch (Exception _) {
            // The client hung up, or the test is over.
        }
    }

    private static String line(InputStream in) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int b = in.read(); b != '\n'; b = in.read()) {
            if (b < 0) {
                throw new IOException("hung up");
            }
            line.append(b == '\r' ? "" : (char) b);
        }
        return line.toString();
    }

    static Reply status(int status, String body, String... headers) {
        return (_, out) -> write(out, status, body, headers);
    }

    /// An answer in which the model has written `text`.
    static Reply says(String text) {
        return (request, out) -> write(out, 200, answer(request, text));
    }

    static void write(OutputStream out, int status, String body, String... headers) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        write(out, status, bytes, bytes.length, headers);
    }

    static void write(OutputStream out, int status, byte[] body, int length, String... headers) throws IOException {
        StringBuilder head = new StringBuilder(
                "HTTP/1.1 " + status + " x\r\nConnection: close\r\nContent-Length: " + length + "\r\n");
        for (int i = 0; i < headers.length; i += 2) {
            head.append(headers[i]).append(": ").append(headers[i + 1]).append("\r\n");
        }
        out.write(head.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1));
        out.write(body);
        out.flush();
    }

    /// The envelope around what the model has written. A request costs 10 tokens, an answer 100.
    static String answer(Request request, String text) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        if (request.isGemini()) {
            ObjectNode candidate = json.putArray("candidates").addObject().put("finishReason", "STOP");
            ArrayNode parts = candidate.putObject("content").putArray("parts");
            parts.addObject().put("thought", true).put("text", "{thinking}");
            parts.addObject().put("text", text);
            json.putObject("usageMetadata")
                    .put("promptTokenCount", 10)
                    .put("candidatesTokenCount", 60)
                    .put("thoughtsTokenCount", 40);
        } else {
            ObjectNode choice = json.putArray("choices").addObject().put("finish_reason", "stop");
            choice.putObject("message").put("role", "assistant").put("content", text);
            json.putObject("usage").put("prompt_tokens", 10).put("completion_tokens", 100);
        }
        return json.toString();
    }

    /// As many pairs as the request asks for, all of them new.
    static String pairs(Request request) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        ArrayNode pairs = json.putArray("pairs");
        for (int i = 0; i < request.count(); i++) {
            pairs.add(pair(request.topic(), i).json());
        }
        return json.toString();
    }

    static LanguagePair pair(String topic, int number) {
        return new LanguagePair(topic + " 질문 " + number + "번은 무엇인가요?", "답은 " + number + "입니다.",
                "What is question " + number + " of topic " + topic.codePointAt(0) + "?",
                "The answer is " + number + ".");
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}
