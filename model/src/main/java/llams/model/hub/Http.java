package llams.model.hub;

import java.io.IOException;
import java.io.InputStream;
import java.net.ProxySelector;
import java.net.URI;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import llams.model.http.HttpCaller;

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

    /// Receives the pieces of a body.
    interface Sink {
        void accept(byte[] bytes, int count) throws IOException;
    }

    private static final Set<Integer> REDIRECTS = Set.of(301, 302, 303, 307, 308);
    private static final int MAX_REDIRECTS = 10;
    private static final int BUFFER_BYTES = 1 << 16;

    private final HubToken tokenOrNull;
    private final Duration stall;
    private final long leastBytes;
    private final HttpCaller caller;

    Http(HubToken tokenOrNull, HubClient.Patience patience, ProxySelector proxies) {
        this.tokenOrNull = tokenOrNull;
        this.stall = patience.stall();
        this.leastBytes = patience.leastBytes();
        this.caller = new HttpCaller(stall, proxies);
    }

    /// The response, of any status but a redirect. For HEAD the hub's own response is enough, if it gives size and
    /// hash.
    ///
    /// @param fromByte skips this many bytes
    /// @param what     the requested thing, for messages
    Answer send(String method, URI start, long fromByte, String what) throws IOException {
        URI at = start;
        boolean atHub = true;
        String linkedSize = null;
        String linkedEtag = null;
        for (int hop = 0; hop <= MAX_REDIRECTS; hop++) {
            HttpResponse<InputStream> response = await(request(method, at, fromByte, atHub));
            HttpHeaders headers = response.headers();
            linkedSize = linkedSize != null ? linkedSize : headers.firstValue("X-Linked-Size").orElse(null);
            linkedEtag = linkedEtag != null ? linkedEtag : headers.firstValue("X-Linked-Etag").orElse(null);
            Answer answer = new Answer(response, atHub, linkedSize, linkedEtag);
            if (!REDIRECTS.contains(answer.status())) {
                return answer;
            }
            answer.close();
            URI next = next(at, headers.firstValue("Location").orElse(""), what);
            // Once away from the hub, no way back: the token would go wherever that server redirects.
            atHub = atHub && origin(next).equals(origin(at));
            if (!atHub && method.equals("HEAD") && linkedSize != null && linkedEtag != null) {
                return answer;
            }
            at = next;
        }
        throw new HubException(what + ": more than " + MAX_REDIRECTS + " redirects, the last one to " + at.getHost());
    }

    private HttpRequest request(String method, URI uri, long fromByte, boolean atHub) {
        HttpRequest.Builder request = HttpRequest.newBuilder(uri)
                .method(method, BodyPublishers.noBody())
                .header("User-Agent", "llams")
                .header("Accept-Encoding", "identity");
        if (fromByte > 0) {
            request.header("Range", "bytes=" + fromByte + "-");
        }
        if (atHub && tokenOrNull != null) {
            request.header("Authorization", tokenOrNull.header());
        }
        return request.build();
    }

    private HttpResponse<InputStream> await(HttpRequest request) throws IOException {
        try {
            return caller.send(request, BodyHandlers.ofInputStream(), stall);
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
