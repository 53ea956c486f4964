package llams.model.hub;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.ProxySelector;
import java.net.URI;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;
import llams.model.http.HttpCaller;
import llams.model.http.Proxies;

/// One request with its redirects and its body. Redirects are followed here and not by Java's client: the token must
/// not leave the hub's host, port and scheme, and what the hub says about a file is in the response that redirects to
/// its bytes.
final class Http implements AutoCloseable {
    /// The final response. `linkedSize` and `linkedEtag` are the first ones on the way to it, given by the hub or by
    /// the hub that a mirror redirects to; null if there were none.
    record Answer(HttpResponse<InputStream> response, boolean fromHub, String linkedSize,
            String linkedEtag) implements AutoCloseable {
        int status() {
            return response.statusCode();
        }

        Optional<String> header(String name) {
            return response.headers().firstValue(name);
        }

        @Override
        public void close() throws IOException {
            response.body().close();
        }
    }

    /// What is asked of a server.
    ///
    /// @param headers    besides those of every request
    /// @param bodyOrNull sent along
    /// @param progress   receives how many bytes of it are on their way
    record Message(String method, Map<String, String> headers, Outgoing bodyOrNull, LongConsumer progress) {
        /// @param fromByte skips this many bytes
        static Message get(long fromByte) {
            return new Message("GET", fromByte > 0 ? Map.of("Range", "bytes=" + fromByte + "-") : Map.of(), null,
                    _ -> {});
        }

        static Message head() {
            return new Message("HEAD", Map.of(), null, _ -> {});
        }

        static Message post(String type, byte[] content) {
            return new Message("POST", Map.of("Content-Type", type, "Accept", type + ", */*"),
                    new Outgoing.Text(content), _ -> {});
        }

        static Message put(Outgoing body, LongConsumer progress) {
            return new Message("PUT", Map.of(), body, progress);
        }
    }

    /// Receives the pieces of a body.
    interface Sink {
        void accept(byte[] bytes, int count) throws IOException;
    }

    private static final Set<Integer> REDIRECTS = Set.of(301, 302, 303, 307, 308);
    /// Those that ask for the same request, with its body, at another address.
    private static final Set<Integer> SAME_REQUEST = Set.of(307, 308);
    private static final int MAX_REDIRECTS = 10;
    static final int BUFFER_BYTES = 1 << 16;
    private static final int MAX_TEXT_BYTES = 32 << 20;
    /// What a hub does with what it was sent, such as joining the parts of a file, may take this many times as long as
    /// silence is otherwise allowed to last.
    private static final int WORK = 10;

    private final URI hub;
    private final HubToken tokenOrNull;
    private final Duration stall;
    private final long leastBytes;
    private final HttpCaller caller;

    /// @param hub the server that gets the token; no other one does
    Http(URI hub, HubToken tokenOrNull, Retry.Patience patience) {
        this.hub = hub;
        this.tokenOrNull = tokenOrNull;
        this.stall = patience.stall();
        this.leastBytes = patience.leastBytes();
        Proxies proxies = new Proxies(System.getenv(), ProxySelector.getDefault());
        // Reports an unusable variable now: as the failure of a request it would be retried.
        proxies.select(hub);
        this.caller = new HttpCaller(stall, proxies);
    }

    /// The response, of any status but a redirect. For HEAD the hub's own response is enough, if it gives size and
    /// hash. What is sent along goes to no other server than the one it is addressed to.
    ///
    /// @param what the requested thing, for messages
    Answer send(Message message, URI start, String what) throws IOException {
        URI at = start;
        boolean atHub = origin(start).equals(origin(hub));
        String linkedSize = null;
        String linkedEtag = null;
        for (int hop = 0; hop <= MAX_REDIRECTS; hop++) {
            HttpResponse<InputStream> response = await(message, at, atHub);
            HttpHeaders headers = response.headers();
            linkedSize = linkedSize != null ? linkedSize : headers.firstValue("X-Linked-Size").orElse(null);
            linkedEtag = linkedEtag != null ? linkedEtag : headers.firstValue("X-Linked-Etag").orElse(null);
            Answer answer = new Answer(response, atHub, linkedSize, linkedEtag);
            if (!REDIRECTS.contains(answer.status())) {
                return answer;
            }
            answer.close();
            URI next = next(at, headers.firstValue("Location").orElse(""), what);
            if (message.bodyOrNull != null
                    && !(SAME_REQUEST.contains(answer.status()) && origin(next).equals(origin(at)))) {
                throw new HubException(what + ": " + at.getHost() + " redirects to " + next.getHost() + " ("
                        + answer.status() + "), which is not followed with what is to be sent");
            }
            // Once away from the hub, no way back: the token would go wherever that server redirects.
            atHub = atHub && origin(next).equals(origin(at));
            if (!atHub && message.method.equals("HEAD") && linkedSize != null && linkedEtag != null) {
                return answer;
            }
            at = next;
        }
        throw new HubException(what + ": more than " + MAX_REDIRECTS + " redirects, the last one to " + at.getHost());
    }

    private HttpResponse<InputStream> await(Message message, URI uri, boolean atHub) throws IOException {
        AtomicLong sent = new AtomicLong();
        BodyPublisher body = message.bodyOrNull == null
                ? BodyPublishers.noBody()
                : message.bodyOrNull.publisher(sent, message.progress);
        HttpRequest.Builder request = HttpRequest.newBuilder(uri)
                .method(message.method, body)
                .header("User-Agent", "llams")
                .header("Accept-Encoding", "identity");
        message.headers.forEach(request::header);
        if (atHub && tokenOrNull != null) {
            request.header("Authorization", tokenOrNull.header());
        }
        AtomicLong before = new AtomicLong();
        Duration limit = message.method.equals("POST") ? stall.multipliedBy(WORK) : stall;
        try {
            return caller.send(request.build(), BodyHandlers.ofInputStream(), limit,
                    () -> sent.get() - before.getAndSet(sent.get()) >= leastBytes);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new HubException("interrupted", e);
        }
    }

    private static URI next(URI at, String location, String what) throws HubException {
        URI next;
        try {
            next = at.resolve(location);
        } catch (IllegalArgumentException e) {
            throw new HubException(what + ": redirected to a malformed address", e);
        }
        boolean http = "http".equals(next.getScheme()) && "http".equals(at.getScheme())
                || "https".equals(next.getScheme());
        if (location.isEmpty() || !http || next.getHost() == null) {
            throw new HubException(what + ": " + at.getHost() + " redirects to " + next.getScheme() + "://"
                    + next.getHost() + ", which is not followed");
        }
        return next;
    }

    private static String origin(URI uri) {
        int usual = uri.getScheme().equals("https") ? 443 : 80;
        return uri.getScheme() + "://" + uri.getHost().toLowerCase(Locale.ROOT) + ":"
                + (uri.getPort() < 0 ? usual : uri.getPort());
    }

    /// Reads a body to its end. A connection that stays silent, or gives a byte now and then, is closed by another
    /// thread, as reading has no time limit.
    void receive(Answer answer, Sink sink) throws IOException {
        InputStream body = answer.response.body();
        AtomicLong received = new AtomicLong();
        AtomicLong tooFew = new AtomicLong(-1);
        Thread watch = Thread.ofVirtual().start(() -> closeWhenSlow(body, received, tooFew));
        try {
            byte[] buffer = new byte[BUFFER_BYTES];
            for (int count = body.read(buffer); count >= 0; count = body.read(buffer)) {
                received.addAndGet(count);
                sink.accept(buffer, count);
            }
        } catch (HubException e) {
            throw e;
        } catch (IOException e) {
            throw new IOException(tooFew.get() < 0
                    ? "the connection was cut (" + e.getMessage() + ")"
                    : (tooFew.get() == 0 ? "nothing" : "only " + tooFew + " bytes") + " came for " + stall.toSeconds()
                            + " s",
                    e);
        } finally {
            watch.interrupt();
        }
    }

    /// The whole body of an answer that is no file.
    byte[] text(Answer answer, String what) throws IOException {
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        receive(answer, (bytes, count) -> {
            if (text.size() + count > MAX_TEXT_BYTES) {
                throw new HubException(what + ": the answer is longer than " + MAX_TEXT_BYTES + " bytes");
            }
            text.write(bytes, 0, count);
        });
        return text.toByteArray();
    }

    private void closeWhenSlow(InputStream body, AtomicLong received, AtomicLong tooFew) {
        try {
            long came;
            do {
                long before = received.get();
                Thread.sleep(stall);
                came = received.get() - before;
            } while (came >= leastBytes);
            tooFew.set(came);
            body.close();
        } catch (InterruptedException | IOException _) {
            // All came, or the connection is gone already.
        }
    }

    @Override
    public void close() {
        caller.close();
    }
}
