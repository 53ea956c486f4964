package llams.trainer.pairs;

import java.io.IOException;
import java.net.ProxySelector;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Consumer;
import llams.model.files.DataException;
import llams.model.http.BusyException;
import llams.model.http.HttpCaller;
import llams.model.http.Proxies;
import llams.trainer.data.JsonLine;
import tools.jackson.databind.JsonNode;

/// Sends requests to an endpoint, and again when the network or the server fails. Safe for any number of threads.
final class Caller implements AutoCloseable {
    private static final Duration LONGEST_WAIT = Duration.ofMinutes(5);
    private static final Duration CONNECT = Duration.ofSeconds(30);
    private static final int MAX_ANSWER_BYTES = 16 << 20;
    private static final int MAX_SAID = 300;

    private final Endpoint endpoint;
    private final URI target;
    private final PairSettings settings;
    private final Pacer pacer;
    private final Consumer<String> notes;
    private final HttpCaller http;

    /// @throws IllegalArgumentException if the endpoint or a proxy of the environment cannot be used
    Caller(Endpoint endpoint, PairSettings settings, Pacer pacer, Consumer<String> notes) {
        this.endpoint = endpoint;
        this.target = endpoint.target();
        this.settings = settings;
        this.pacer = pacer;
        this.notes = notes;
        Proxies proxies = new Proxies(System.getenv(), ProxySelector.getDefault());
        // Reports an unusable variable now: as the failure of a request it would be retried.
        proxies.select(target);
        this.http = new HttpCaller(CONNECT, proxies);
    }

    /// @param what is asked for, in notes
    /// @return null if the pacer was stopped before there was an answer
    /// @throws CallException if there is none
    Answer ask(String body, String what) throws CallException, InterruptedException {
        for (int failed = 1; pacer.await(); failed++) {
            try {
                return once(body);
            } catch (CallException e) {
                throw e;
            } catch (IOException e) {
                String reason = hidden(HttpCaller.reason(e));
                String untrusted = HttpCaller.untrustedOrNull(e);
                Duration asked = e instanceof BusyException busy ? busy.wait : Duration.ZERO;
                if (untrusted != null || failed == settings.attempts() || asked.compareTo(LONGEST_WAIT) > 0) {
                    throw new CallException(
                            host() + ": " + (untrusted != null
                                    ? untrusted
                                    : reason + "; given up after " + failed + (failed == 1 ? " attempt" : " attempts")),
                            untrusted != null, e);
                }
                pacer.hold(asked);
                Duration wait = longer(asked, backoff(failed));
                notes.accept(
                        String.format(Locale.ROOT, "%s: %s; retrying in %.1f s", what, reason, wait.toMillis() / 1e3));
                if (!pacer.await(wait)) {
                    return null;
                }
            }
        }
        return null;
    }

    /// Twice as long after each failure. Part of it is random, so that requests that failed together are not retried
    /// together.
    private Duration backoff(int failed) {
        long millis = Math.min(LONGEST_WAIT.toMillis(), settings.firstWait().toMillis() << Math.min(failed - 1, 20));
        return Duration.ofMillis(millis - ThreadLocalRandom.current().nextLong(millis / 2 + 1));
    }

    private static Duration longer(Duration a, Duration b) {
        return a.compareTo(b) > 0 ? a : b;
    }

    private Answer once(String body) throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(target)
                .header("User-Agent", "llams")
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(body));
        if (endpoint.keyOrNull() != null) {
            Map.Entry<String, String> header = endpoint.api().header(endpoint.keyOrNull().value());
            request.header(header.getKey(), header.getValue());
        }
        HttpResponse<byte[]> response = http.send(request.build(),
                BodyHandlers.limiting(BodyHandlers.ofByteArray(), MAX_ANSWER_BYTES), settings.timeout());
        String text = new String(response.body(), StandardCharsets.UTF_8);
        int status = response.statusCode();
        if (status != 200) {
            String said = said(text);
            if (BusyException.is(status)) {
                throw new BusyException(status, response.headers(), said);
            }
            throw refusal(status, response.headers().firstValue("Location").orElse(""), said);
        }
        Answer answer = endpoint.api().answer(envelope(text));
        return new Answer(hidden(answer.text()), hidden(answer.doubt()), answer.promptTokens(),
                answer.completionTokens());
    }

    /// An answer that is damaged on its way, or does not come from the endpoint, is worth another attempt.
    private JsonNode envelope(String text) throws IOException {
        String place = "the answer of " + host();
        try {
            JsonNode json = JsonLine.value(text, place);
            if (json.isObject()) {
                return json;
            }
            throw new IOException(place + ": wanted a JSON object, found " + JsonLine.kind(json));
        } catch (DataException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    private CallException refusal(int status, String location, String said) {
        ApiKey key = endpoint.keyOrNull();
        String because = said.isEmpty() ? "" : ": " + said;
        return switch (status) {
            // What it says may repeat a part of the key.
            case 401,
                    403 ->
                new CallException(
                        host() + ": "
                                + (key == null
                                        ? "asks for a key (" + status + "): put yours into the variable "
                                                + endpoint.api().keyVariable
                                        : "does not accept the key from " + key.source + " (" + status + ")"),
                        true, null);
            case 301, 302, 303, 307, 308 -> new CallException(
                    host() + ": redirects to " + hidden(host(location))
                            + ", which is not followed; if that is the endpoint, give its address with `endpoint`",
                    true, null);
            case 404, 405 -> new CallException(host() + ": has no " + target.getPath() + " or no model "
                    + endpoint.model() + " (" + status + because + ")", true, null);
            default -> new CallException(host() + ": answers " + status + because, false, null);
        };
    }

    /// The message that endpoints put into the body of a refusal, on one line.
    private String said(String body) {
        try {
            String message = JsonLine.value(body, "").path("error").path("message").stringValue("");
            String line = hidden(message).replaceAll("[\\s\\p{Cc}]+", " ").strip();
            return line.length() <= MAX_SAID ? line : line.substring(0, MAX_SAID) + "...";
        } catch (DataException _) {
            return "";
        }
    }

    private String hidden(String text) {
        return endpoint.keyOrNull() == null ? text : endpoint.keyOrNull().hide(text);
    }

    private String host() {
        return target.getScheme() + "://" + target.getRawAuthority();
    }

    private String host(String location) {
        try {
            URI next = target.resolve(location);
            return next.getScheme() + "://" + next.getHost();
        } catch (IllegalArgumentException _) {
            return "a malformed address";
        }
    }

    @Override
    public void close() {
        http.close();
    }
}
