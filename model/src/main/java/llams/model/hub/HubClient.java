package llams.model.hub;

import java.io.IOException;
import java.net.URI;
import java.util.Locale;
import llams.model.http.BusyException;

/// The requests to a hub for a model, retried when the network or the server fails.
final class HubClient implements AutoCloseable {
    private final HubModel model;
    private final HubToken tokenOrNull;
    private final Retry retry;
    private final Http http;

    HubClient(HubModel model, HubToken tokenOrNull, Retry.Patience patience, TransferListener listener) {
        this.model = model;
        this.tokenOrNull = tokenOrNull;
        this.retry = new Retry(model.endpoint(), patience, listener);
        this.http = new Http(model.listing(), tokenOrNull, patience);
    }

    Listing listing() throws IOException {
        return retry.run(model.repo(), () -> {
            try (Http.Answer answer = send(Http.Message.get(0), model.listing(), model.repo())) {
                return Listing.parse(http.text(answer, model.listing().toString()), model);
            }
        });
    }

    /// Size and hash, from the hub if it gives them, else from the server of the bytes. Another server's etag means
    /// nothing here unless it is a SHA-256.
    HubFile head(String commit, String path) throws IOException {
        return retry.run(path, () -> {
            try (Http.Answer answer = send(Http.Message.head(), model.file(commit, path), path)) {
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
        retry.run(file.path(), incoming::reached, () -> {
            if (incoming.at() < file.sizeBytes()) {
                try (Http.Answer answer = send(Http.Message.get(incoming.at()), model.file(commit, file.path()),
                        file.path())) {
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

    /// @throws HubException if the hub refuses
    private Http.Answer send(Http.Message message, URI uri, String what) throws IOException {
        Http.Answer answer = http.send(message, uri, what);
        int status = answer.status();
        if (status == 200 || status < 400 && message.method().equals("HEAD")
                || message.headers().containsKey("Range") && (status == 206 || status == 416)) {
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
