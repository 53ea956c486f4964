package llams.model.hub;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.ProxySelector;
import java.net.URI;
import java.time.Duration;
import java.util.Locale;
import java.util.function.LongSupplier;
import llams.model.http.BusyException;
import llams.model.http.HttpCaller;
import llams.model.http.Proxies;

/// The requests to a hub for a model, retried when the network or the server fails.
final class HubClient implements AutoCloseable {
    /// How long to keep trying.
    ///
    /// @param attempts  of one request in a row without progress
    /// @param firstWait before the second attempt; each further one waits twice as long
    /// @param stall     how long a connection may be silent before it counts as cut
    /// @param leastBytes the fewest bytes in that time: slower, a model would take years
    record Patience(int attempts, Duration firstWait, Duration stall, long leastBytes) {
        static final Patience USUAL = new Patience(6, Duration.ofSeconds(1), Duration.ofSeconds(30), 1 << 16);
    }

    /// One request, from its start.
    interface Attempt<T> {
        T run() throws IOException;
    }

    private static final Duration LONGEST_WAIT = Duration.ofMinutes(5);
    private static final int MAX_LISTING_BYTES = 32 << 20;
    /// Fewer new bytes do not count as progress: a server that sends one per connection would be asked for ever.
    private static final long PROGRESS_BYTES = 1 << 20;

    private final HubModel model;
    private final HubToken tokenOrNull;
    private final Patience patience;
    private final DownloadListener listener;
    private final Http http;

    HubClient(HubModel model, HubToken tokenOrNull, Patience patience, DownloadListener listener) {
        this.model = model;
        this.tokenOrNull = tokenOrNull;
        this.patience = patience;
        this.listener = listener;
        Proxies proxies = new Proxies(System.getenv(), ProxySelector.getDefault());
        // Reports an unusable variable now: as the failure of a request it would be retried.
        proxies.select(model.listing());
        this.http = new Http(tokenOrNull, patience, proxies);
    }

    Listing listing() throws IOException {
        return retrying(model.repo(), () -> 0, () -> {
            ByteArrayOutputStream json = new ByteArrayOutputStream();
            try (Http.Answer answer = send("GET", model.listing(), 0, model.repo())) {
                http.receive(answer, (bytes, count) -> {
                    if (json.size() + count > MAX_LISTING_BYTES) {
                        throw new HubException(
                                model.listing() + ": the answer is longer than " + MAX_LISTING_BYTES + " bytes");
                    }
                    json.write(bytes, 0, count);
                });
            }
            return Listing.parse(json.toByteArray(), model);
        });
    }

    /// Size and hash, from the hub if it gives them, else from the server of the bytes. Another server's etag means
    /// nothing here unless it is a SHA-256.
    HubFile head(String commit, String path) throws IOException {
        return retrying(path, () -> 0, () -> {
            try (Http.Answer answer = send("HEAD", model.file(commit, path), 0, path)) {
                String size = answer.linkedSize() != null
                        ? answer.linkedSize()
                        : answer.header("Content-Length").orElse("");
                if (!size.matches("\\d{1,18}")) {
                    throw new HubException(path + ": the hub does not say its size (\"" + size + "\")");
                }
                String etag = answer.linkedEtag() != null ? answer.linkedEtag() : answer.header("ETag").orElse("");
                etag = etag.replaceFirst("^W/", "").replace("\"", "").toLowerCase(Locale.ROOT);
                boolean hash = etag.matches("[0-9a-f]{64}")
                        || etag.matches("[0-9a-f]{40}") && (answer.fromHub() || answer.linkedEtag() != null);
                return new HubFile(path, Long.parseLong(size), hash ? etag : "of-" + commit);
            }
        });
    }

    /// Fetches the rest of `incoming`, in as many requests as it takes.
    ///
    /// @param progress called after each piece, and when a file starts over
    void fetch(String commit, IncomingFile incoming, Runnable progress) throws IOException {
        HubFile file = incoming.file;
        retrying(file.path(), incoming::reached, () -> {
            if (incoming.at() < file.sizeBytes()) {
                try (Http.Answer answer = send("GET", model.file(commit, file.path()), incoming.at(), file.path())) {
                    place(answer, incoming);
                    http.receive(answer, (bytes, count) -> {
                        incoming.write(bytes, count);
                        progress.run();
                    });
                }
            }
            if (incoming.at() < file.sizeBytes()) {
                throw new IOException("the connection ended at byte " + incoming.at() + " of " + file.sizeBytes());
            }
            return null;
        });
    }

    /// Starts over if the server sends other bytes than were asked for.
    private static void place(Http.Answer answer, IncomingFile incoming) throws IOException {
        int status = answer.status();
        long at = incoming.at();
        String range = answer.header("Content-Range").orElse("");
        if (answer.header("Content-Encoding").filter(encoding -> !encoding.equals("identity")).isPresent()) {
            throw new HubException(incoming.file.path() + ": the server sends it compressed, which was not asked for");
        }
        if (status == 206 && range.startsWith("bytes " + at + "-") || status == 200 && at == 0) {
            return;
        }
        incoming.restart();
        if (status != 200) {
            throw new IOException("asked for what follows byte " + at + ", the server answers " + status + " (" + range
                    + "); from the start");
        }
    }

    /// @param progress a count; whenever it grows, attempts are counted anew
    private <T> T retrying(String what, LongSupplier progress, Attempt<T> attempt) throws IOException {
        int failed = 0;
        while (true) {
            long before = progress.getAsLong();
            try {
                return attempt.run();
            } catch (HubException e) {
                throw e;
            } catch (IOException e) {
                refuseUntrusted(e);
                failed = progress.getAsLong() - before >= PROGRESS_BYTES ? 1 : failed + 1;
                String reason = HttpCaller.reason(e);
                Duration wait = patience.firstWait.multipliedBy(1L << (failed - 1));
                if (e instanceof BusyException busy && busy.wait.compareTo(wait) > 0) {
                    wait = busy.wait;
                }
                if (failed == patience.attempts || wait.compareTo(LONGEST_WAIT) > 0) {
                    throw new HubException(what + " from " + model.endpoint() + ": " + reason + "; given up after "
                            + failed + (failed == 1 ? " attempt" : " attempts")
                            + ", the same command continues from here", e);
                }
                listener.note(what + ": " + reason + "; retrying in " + wait.toSeconds() + " s");
                sleep(wait);
            }
        }
    }

    /// A certificate does not change by retrying.
    private void refuseUntrusted(IOException failure) throws HubException {
        String untrusted = HttpCaller.untrustedOrNull(failure);
        if (untrusted != null) {
            throw new HubException(model.endpoint() + ": " + untrusted, failure);
        }
    }

    private static void sleep(Duration wait) throws HubException {
        try {
            Thread.sleep(wait);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new HubException("interrupted", e);
        }
    }

    /// @throws HubException if the hub refuses
    private Http.Answer send(String method, URI uri, long fromByte, String what) throws IOException {
        Http.Answer answer = http.send(method, uri, fromByte, what);
        int status = answer.status();
        if (status == 200 || status < 400 && method.equals("HEAD")
                || fromByte > 0 && (status == 206 || status == 416)) {
            return answer;
        }
        answer.close();
        if (BusyException.is(status)) {
            throw new BusyException(status, answer.response().headers(), "");
        }
        throw HubRefusal.of(answer, model, tokenOrNull, what);
    }

    @Override
    public void close() {
        http.close();
    }
}
