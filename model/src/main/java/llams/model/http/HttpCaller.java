package llams.model.http;

import java.io.IOException;
import java.net.ProxySelector;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandler;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;

/// Makes single requests. Redirects are left to the caller: credentials must not follow them to another host.
/// Safe for any number of threads.
public final class HttpCaller implements AutoCloseable {
    private final HttpClient client;

    public HttpCaller(Duration connectTimeout, ProxySelector proxies) {
        this.client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER)
                .connectTimeout(connectTimeout)
                .proxy(proxies)
                .build();
    }

    /// Sends a request. The time limit of a request itself is not used: Java versions differ in whether it covers the
    /// body.
    ///
    /// @param limit for all that `body` waits for: the headers, and the bytes that it collects
    /// @throws IOException if there is no connection, it is cut, or the time is over
    public <T> HttpResponse<T> send(HttpRequest request, BodyHandler<T> body, Duration limit)
            throws IOException, InterruptedException {
        return send(request, body, limit, () -> false);
    }

    /// The same for a request that takes longer to send.
    ///
    /// @param moving asked whenever `limit` is over: whether enough has been sent meanwhile to wait as long again
    public <T> HttpResponse<T> send(HttpRequest request, BodyHandler<T> body, Duration limit, BooleanSupplier moving)
            throws IOException, InterruptedException {
        CompletableFuture<HttpResponse<T>> coming = client.sendAsync(request, body);
        try {
            while (true) {
                try {
                    return coming.get(limit.toMillis(), TimeUnit.MILLISECONDS);
                } catch (TimeoutException e) {
                    if (!moving.getAsBoolean()) {
                        coming.cancel(true);
                        throw new IOException("no answer within " + limit.toSeconds() + " s", e);
                    }
                }
            }
        } catch (ExecutionException e) {
            throw e.getCause() instanceof IOException failure ? failure : new IOException(e.getCause());
        } catch (InterruptedException e) {
            coming.cancel(true);
            throw e;
        }
    }

    /// What went wrong with a request, in words.
    public static String reason(IOException failure) {
        return failure.getMessage() == null
                ? "no connection (" + failure.getClass().getSimpleName() + ")"
                : failure.getMessage();
    }

    /// Says what to do about a certificate that is not trusted, which another attempt would not change; null for any
    /// other failure.
    public static String untrustedOrNull(IOException failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof GeneralSecurityException) {
                return "its certificate is not trusted (" + cause.getMessage() + "); for one of your own"
                        + " network, name a file with its authority by the system property"
                        + " `javax.net.ssl.trustStore`";
            }
        }
        return null;
    }

    @Override
    public void close() {
        // Not close(), which waits for answers.
        client.shutdownNow();
    }
}
