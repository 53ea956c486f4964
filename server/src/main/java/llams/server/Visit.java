package llams.server;

import com.sun.net.httpserver.HttpExchange;
import java.io.IOException;

/// One request from its arrival to its end, whatever that is.
final class Visit {
    private final HttpExchange exchange;
    private final Access access;
    private final Deadlines deadlines;
    private final Metrics metrics;

    Visit(HttpExchange exchange, Access access, Deadlines deadlines, Metrics metrics) {
        this.exchange = exchange;
        this.access = access;
        this.deadlines = deadlines;
        this.metrics = metrics;
    }

    void serve(Routes routes) throws IOException {
        Call call = new Call(exchange);
        String route = "other";
        long start = System.nanoTime();
        try (exchange; Deadlines.Deadline deadline = deadlines.begin()) {
            try {
                access.checkHost(exchange.getRequestHeaders());
                access.allowOrigin(exchange.getRequestHeaders(), exchange.getResponseHeaders());
                Routes.Route found = routes.find(exchange.getRequestMethod(), exchange.getRequestURI().getPath());
                route = found.name();
                if (found.needsKey()) {
                    access.checkKey(exchange.getRequestHeaders());
                }
                found.handler().handle(call);
            } catch (ApiException e) {
                call.fail(e);
            } catch (IllegalArgumentException e) {
                call.fail(ApiException.invalid(null, e.getMessage()));
            } catch (RuntimeException e) {
                call.fail(ApiException.failed(500, "the answer failed: " + e.getMessage()));
            } catch (IOException e) {
                if (!deadline.isPassed()) {
                    throw e;
                }
                Thread.interrupted();
                call.fail(ApiException.failed(504, "the request took too long"));
            }
        } finally {
            metrics.answered(route, call.status());
            metrics.requests.record(System.nanoTime() - start);
        }
    }
}
