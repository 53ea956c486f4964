package llams.model.hub;

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
import java.security.NoSuchAlgorithmException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;

/// A hub on the loopback address, and beside it, on another port, the store that it redirects to for large files. By
/// hand on sockets, as what a server of a library never does is what is tested: connections cut in the middle, wrong
/// lengths, silence.
final class FakeHub implements AutoCloseable {
    static final String REPO = "maker/model";
    static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";
    private static final int LARGE_BYTES = 1000;

    record Request(String method, String path, Map<String, String> headers) {
        /// The first byte of the range that is asked for.
        int from() {
            String range = headers.getOrDefault("range", "bytes=0-");
            return Integer.parseInt(range.substring("bytes=".length(), range.length() - 1));
        }
    }

    /// Answers in place of the server.
    interface Fault {
        void answer(Request request, byte[] content, OutputStream out) throws IOException, InterruptedException;
    }

    final Map<String, byte[]> files = new LinkedHashMap<>();
    /// Hashes to tell in place of the right ones.
    final Map<String, String> etags = new HashMap<>();
    /// What goes wrong when a file's bytes are asked for, in order; `""` is the listing, `HEAD NAME` the question
    /// before.
    final Map<String, Deque<Fault>> faults = new HashMap<>();
    final List<Request> atHub = Collections.synchronizedList(new ArrayList<>());
    final List<Request> atStore = Collections.synchronizedList(new ArrayList<>());
    String commit = COMMIT;
    private final ServerSocket hub = listen();
    private final ServerSocket store = listen();

    FakeHub() throws IOException {
        serve(hub, atHub);
        serve(store, atStore);
    }

    private static ServerSocket listen() throws IOException {
        return new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    }

    String endpoint() {
        return "http://127.0.0.1:" + hub.getLocalPort();
    }

    HubModel model() {
        return new HubModel(endpoint(), REPO, "main");
    }

    FakeHub with(String name, byte[] content) {
        files.put(name, content);
        return this;
    }

    /// The files of a model, small as they are.
    FakeHub withModel() {
        return with("config.json", "{}".getBytes(StandardCharsets.UTF_8))
                .with("model.safetensors", content(2_500_000, 1))
                .with("tokenizer.json", content(999, 2));
    }

    static byte[] content(int bytes, int seed) {
        byte[] content = new byte[bytes];
        new Random(seed).nextBytes(content);
        return content;
    }

    void fault(String name, Fault... inOrder) {
        faults.computeIfAbsent(name, _ -> new ArrayDeque<>()).addAll(List.of(inOrder));
    }

    /// The requests for bytes of files.
    List<Request> gets() {
        List<Request> all = new ArrayList<>(atHub);
        all.addAll(atStore);
        return all.stream()
                .filter(request -> request.method.equals("GET") && !request.path.startsWith("/api/models/"))
                .toList();
    }

    static Fault status(int status, String... headers) {
        return (_, _, out) -> write(out, status, 0, new byte[0], 0, headers);
    }

    /// Sends `bytes` of what is asked for, says that there is more, and hangs up when they are in the file `arrived`:
    /// the client forgets what it has received and not handed on when the connection ends.
    static Fault cutAfter(int bytes, Path arrived) {
        return (request, content, out) -> {
            int from = request.from();
            write(out, from > 0 ? 206 : 200, content.length - from, Arrays.copyOfRange(content, from, from + bytes),
                    bytes, "Content-Range", "bytes " + from + "-" + (content.length - 1) + "/" + content.length);
            while (Files.size(arrived) < from + bytes) {
                Thread.sleep(1);
            }
        };
    }

    static void write(OutputStream out, int status, long length, byte[] body, int count, String... headers)
            throws IOException {
        StringBuilder head = new StringBuilder(
                "HTTP/1.1 " + status + " x\r\nConnection: close\r\nContent-Length: " + length + "\r\n");
        for (int i = 0; i < headers.length; i += 2) {
            head.append(headers[i]).append(": ").append(headers[i + 1]).append("\r\n");
        }
        out.write(head.append("\r\n").toString().getBytes(StandardCharsets.ISO_8859_1));
        out.write(body, 0, count);
    }

    static String hash(String algorithm, byte[]... parts) {
        try {
            MessageDigest digest = MessageDigest.getInstance(algorithm);
            for (byte[] part : parts) {
                digest.update(part);
            }
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    private String etag(String name) {
        byte[] content = files.get(name);
        String right = content.length >= LARGE_BYTES
                ? hash("SHA-256", content)
                : hash("SHA-1", ("blob " + content.length + "\0").getBytes(StandardCharsets.US_ASCII), content);
        return "\"" + etags.getOrDefault(name, right) + "\"";
    }

    private void serve(ServerSocket server, List<Request> log) {
        Thread.ofVirtual().start(() -> {
            while (!server.isClosed()) {
                try {
                    Socket socket = server.accept();
                    Thread.ofVirtual().start(() -> converse(socket, server, log));
                } catch (IOException _) {
                    // Closed.
                }
            }
        });
    }

    private void converse(Socket socket, ServerSocket server, List<Request> log) {
        try (socket) {
            BufferedReader in = new BufferedReader(
                    new InputStreamReader(socket.getInputStream(), StandardCharsets.ISO_8859_1));
            String[] first = in.readLine().split(" ");
            Map<String, String> headers = new HashMap<>();
            for (String line = in.readLine(); !line.isEmpty(); line = in.readLine()) {
                headers.put(line.substring(0, line.indexOf(':')).toLowerCase(Locale.ROOT),
                        line.substring(line.indexOf(':') + 2));
            }
            Request request = new Request(first[0], first[1], headers);
            log.add(request);
            answer(request, server == store, socket.getOutputStream());
        } catch (IOException | InterruptedException _) {
            // The client hung up, or the test is over.
        }
    }

    private void answer(Request request, boolean stored, OutputStream out) throws IOException, InterruptedException {
        boolean head = request.method.equals("HEAD");
        if (request.path.startsWith("/api/models/")) {
            byte[] json = listing().getBytes(StandardCharsets.UTF_8);
            Fault fault = next("");
            if (fault != null) {
                fault.answer(request, json, out);
            } else if (request.path.equals("/api/models/" + REPO + "/revision/main")) {
                write(out, 200, json.length, json, json.length);
            } else {
                write(out, 404, 0, json, 0, "X-Error-Code", "RevisionNotFound");
            }
            return;
        }
        String name = request.path.replaceFirst("^/(store|" + REPO + "/resolve/" + commit + ")/", "")
                .replaceFirst("\\?.*", "")
                .replace("%20", " ");
        byte[] content = files.get(name);
        if (content == null) {
            write(out, 404, 0, new byte[0], 0, "X-Error-Code", "EntryNotFound");
        } else if (!stored && content.length >= LARGE_BYTES && !faults.containsKey("HEAD " + name)) {
            // The redirect's own length is not the file's.
            write(out, 302, 7, "redirect".getBytes(StandardCharsets.US_ASCII), head ? 0 : 7, "Location",
                    "http://127.0.0.1:" + store.getLocalPort() + "/store/" + name + "?signed=a%2Fb", "X-Linked-Size",
                    "" + content.length, "X-Linked-Etag", etag(name), "ETag",
                    "\"0000000000000000000000000000000000000000\"");
        } else {
            Fault fault = next(head ? "HEAD " + name : name);
            if (fault != null) {
                fault.answer(request, content, out);
                return;
            }
            int from = request.from();
            byte[] rest = Arrays.copyOfRange(content, from, content.length);
            write(out, from > 0 ? 206 : 200, rest.length, rest, head ? 0 : rest.length, "ETag", etag(name),
                    "Content-Range", "bytes " + from + "-" + (content.length - 1) + "/" + content.length);
        }
    }

    private Fault next(String name) {
        Deque<Fault> inOrder = faults.get(name);
        return inOrder == null ? null : inOrder.poll();
    }

    private String listing() {
        StringBuilder json = new StringBuilder(
                "{\"id\": \"" + REPO + "\", \"sha\": \"" + commit + "\", \"siblings\": [");
        files.keySet()
                .forEach(name -> json.append(json.toString().endsWith("[") ? "" : ", ")
                        .append("{\"rfilename\": \"")
                        .append(name.replace("\\", "\\\\").replace("\0", "\\u0000"))
                        .append("\"}"));
        return json.append("]}").toString();
    }

    @Override
    public void close() throws IOException {
        hub.close();
        store.close();
    }
}
