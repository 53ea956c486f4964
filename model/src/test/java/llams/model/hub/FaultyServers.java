package llams.model.hub;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Two servers on the loopback address, by hand on sockets, so that connections are cut in the middle and silence lasts:
/// a hub, and on another port its store for large files.
abstract class FaultyServers implements AutoCloseable {
    record Request(String method, String path, Map<String, String> headers, InputStream body) {
        int length() {
            return Integer.parseInt(headers.getOrDefault("content-length", "0"));
        }

        byte[] content() throws IOException {
            byte[] content = body.readNBytes(length());
            if (content.length < length()) {
                throw new IOException("cut");
            }
            return content;
        }

        @Override
        public String toString() {
            return method + " " + path;
        }
    }

    /// Answers in place of the server.
    interface Fault {
        void answer(Request request, OutputStream out) throws IOException, InterruptedException;
    }

    /// What goes wrong with requests whose `METHOD PATH` contains the key, in order.
    final Map<String, Deque<Fault>> faults = new LinkedHashMap<>();
    final List<Request> requests = Collections.synchronizedList(new ArrayList<>());
    private final ServerSocket hub = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final ServerSocket store = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());

    FaultyServers() throws IOException {
        serve(hub);
        serve(store);
    }

    /// Answers a request that nothing goes wrong with.
    abstract void answer(Request request, boolean atStore, OutputStream out) throws IOException;

    String endpoint() {
        return "http://127.0.0.1:" + hub.getLocalPort();
    }

    String storeEndpoint() {
        return "http://127.0.0.1:" + store.getLocalPort();
    }

    void fault(String request, Fault... inOrder) {
        faults.computeIfAbsent(request, _ -> new ArrayDeque<>()).addAll(List.of(inOrder));
    }

    static Fault status(int status, String... headers) {
        return (request, out) -> {
            request.content();
            write(out, status, new byte[0], headers);
        };
    }

    /// Hangs up after a part of the body.
    static Fault cutAfter(int bytes) {
        return (request, _) -> request.body.readNBytes(bytes);
    }

    /// Takes a part of the body, and then neither takes more nor answers.
    static Fault silentAfter(int bytes) {
        return (request, _) -> {
            request.body.readNBytes(bytes);
            Thread.sleep(20_000);
        };
    }

    /// Does what is asked, but the answer is lost.
    Fault lostAnswer() {
        return (request, _) -> answer(request, false, OutputStream.nullOutputStream());
    }

    long count(String request) {
        return requests.stream().filter(one -> one.toString().contains(request)).count();
    }

    private void serve(ServerSocket server) {
        Thread.ofVirtual().start(() -> {
            while (!server.isClosed()) {
                try {
                    Socket socket = server.accept();
                    Thread.ofVirtual().start(() -> converse(socket, server == store));
                } catch (IOException _) {
                    // Closed.
                }
            }
        });
    }

    private void converse(Socket socket, boolean atStore) {
        try (socket) {
            InputStream in = socket.getInputStream();
            String[] first = line(in).split(" ");
            Map<String, String> headers = new HashMap<>();
            for (String line = line(in); !line.isEmpty(); line = line(in)) {
                headers.put(line.substring(0, line.indexOf(':')).toLowerCase(Locale.ROOT),
                        line.substring(line.indexOf(':') + 1).strip());
            }
            Request request = new Request(first[0], first[1], headers, in);
            requests.add(request);
            Fault fault = fault(request);
            if (fault != null) {
                fault.answer(request, socket.getOutputStream());
            } else {
                answer(request, atStore, socket.getOutputStream());
            }
        } catch (IOException | InterruptedException _) {
            // The client hung up, or the test is over.
        }
    }

    private synchronized Fault fault(Request request) {
        for (Map.Entry<String, Deque<Fault>> entry : faults.entrySet()) {
            if (request.toString().contains(entry.getKey()) && !entry.getValue().isEmpty()) {
                return entry.getValue().poll();
            }
        }
        return null;
    }

    private static String line(InputStream in) throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int b = in.read(); b != '\n'; b = in.read()) {
            if (b < 0) {
                throw new IOException("hung up");
            }
            line.write(b);
        }
        return line.toString(StandardCharsets.ISO_8859_1).strip();
    }

    static void json(OutputStream out, int status, JsonNode said, String... headers) throws IOException {
        String[] all = Arrays.copyOf(headers, headers.length + 2);
        all[headers.length] = "Content-Type";
        all[headers.length + 1] = "application/json";
        write(out, status, JsonMapper.shared().writeValueAsBytes(said), all);
    }

    static void write(OutputStream out, int status, byte[] body, String... headers) throws IOException {
        FakeHub.write(out, status, body.length, body, body.length, headers);
    }

    @Override
    public void close() throws IOException {
        hub.close();
        store.close();
    }
}
