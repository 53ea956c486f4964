package llams.model.hub;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import llams.engine.io.Json;
import llams.model.http.BusyException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// The requests to a hub that change a model there, retried when the network or the server fails.
final class UploadClient implements AutoCloseable {
    /// What the hub says about a file that it is to get.
    ///
    /// @param large    whether it goes into the store for large files
    /// @param ignored  whether the repository's own rules leave it out
    /// @param hash     of the file of this path that is there: SHA-256 of a large one, git's of another; empty if none is
    record Place(boolean large, boolean ignored, String hash) {}

    private static final String JSON = "application/json";
    private static final String LINES = "application/x-ndjson";
    private static final int FILES_AT_ONCE = 256;
    private static final int SAMPLE_BYTES = 512;

    final HubModel model;
    final Retry retry;
    private final HubToken token;
    private final Http http;

    UploadClient(HubModel model, HubToken token, Retry.Patience patience, TransferListener listener) {
        this.model = model;
        this.token = token;
        this.retry = new Retry(model.endpoint(), patience, listener);
        this.http = new Http(model.listing(), token, patience);
    }

    /// Whether the token's account sees such a model.
    boolean exists() throws IOException {
        return retry.run(model.repo(), () -> {
            try (Http.Answer answer = http.send(Http.Message.get(0), model.listing(), model.repo())) {
                if (answer.header("X-Error-Code").orElse("").equals("RepoNotFound")) {
                    return false;
                }
                check(answer, model.repo());
                return true;
            }
        });
    }

    /// Makes the repository, unless there is one that the account does not see.
    void create(boolean isPrivate) throws IOException {
        String[] name = model.repo().split("/");
        ObjectNode wanted = object().put("type", "model")
                .put("organization", name[0])
                .put("name", name[1])
                .put("private", isPrivate);
        retry.run(model.repo(), () -> {
            try (Http.Answer answer = http.send(Http.Message.post(JSON, bytes(wanted)), model.create(), model.repo())) {
                if (answer.status() != 409) {
                    check(answer, model.repo());
                }
                return null;
            }
        });
    }

    /// Has the hub check a card before anything is sent.
    ///
    /// @throws HubException if its metadata are not as the hub wants them
    void checkCard(byte[] card) throws IOException {
        ObjectNode wanted = object().put("repoType", "model").put("content", new String(card, StandardCharsets.UTF_8));
        retry.run("README.md", () -> {
            Http.Message message = Http.Message.post(JSON, bytes(wanted));
            try (Http.Answer answer = http.send(message, model.api("validate-yaml"), "README.md")) {
                if (answer.status() == 400) {
                    JsonNode errors = read(answer, "README.md").path("errors");
                    throw new HubException("README.md: the hub does not accept its metadata: "
                            + errors.path(0).path("message").asString("it does not say why"));
                }
                check(answer, "README.md");
                return null;
            }
        });
    }

    /// Where each of the files goes, and what is there.
    Map<String, Place> places(List<UploadFile> files) throws IOException {
        Map<String, Place> places = new HashMap<>();
        for (int from = 0; from < files.size(); from += FILES_AT_ONCE) {
            ObjectNode wanted = object();
            ArrayNode all = wanted.putArray("files");
            for (UploadFile file : files.subList(from, Math.min(files.size(), from + FILES_AT_ONCE))) {
                all.addObject()
                        .put("path", file.path())
                        .put("size", file.bytes())
                        .put("sample", Base64.getEncoder().encodeToString(file.sample(SAMPLE_BYTES)));
            }
            for (JsonNode said : post(model.changes("preupload"), JSON, wanted, model.repo()).path("files")) {
                places.put(said.path("path").asString(""), new Place(said.path("uploadMode").asString("").equals("lfs"),
                        said.path("shouldIgnore").asBoolean(false), said.path("oid").asString("")));
            }
        }
        for (UploadFile file : files) {
            if (!places.containsKey(file.path())) {
                throw new HubException(model.page() + ": the hub does not say where " + file.path()
                        + " goes; is this the address of a hub?");
            }
            // The store takes no empty files.
            places.computeIfPresent(file.path(),
                    (_, place) -> file.bytes() > 0 ? place : new Place(false, place.ignored, place.hash));
        }
        return places;
    }

    /// Makes one commit of files. Large ones must be in the store.
    ///
    /// @return the commit
    String commit(List<UploadFile> files, Map<String, Place> places, String summary) throws IOException {
        ByteArrayOutputStream lines = new ByteArrayOutputStream();
        line(lines, "header", object().put("summary", summary).put("description", ""));
        for (UploadFile file : files) {
            ObjectNode value = object().put("path", file.path());
            if (places.get(file.path()).large) {
                line(lines, "lfsFile", value.put("algo", "sha256").put("oid", file.sha256()).put("size", file.bytes()));
            } else {
                line(lines, "file", value.put("encoding", "base64")
                        .put("content", Base64.getEncoder().encodeToString(file.content())));
            }
        }
        try (Http.Answer answer = http.send(Http.Message.post(LINES, lines.toByteArray()), model.changes("commit"),
                "the commit")) {
            check(answer, "the commit");
            return read(answer, "the commit").path("commitOid").asString("");
        }
    }

    private static void line(ByteArrayOutputStream lines, String key, ObjectNode value) {
        ObjectNode line = object().put("key", key);
        line.set("value", value);
        lines.writeBytes(bytes(line));
        lines.write('\n');
    }

    /// The present commit.
    String head() throws IOException {
        return retry.run(model.repo(), () -> {
            try (Http.Answer answer = http.send(Http.Message.get(0), model.listing(), model.repo())) {
                check(answer, model.repo());
                return Listing.parse(http.text(answer, model.repo()), model).commit();
            }
        });
    }

    /// Sends JSON and returns what the hub answers.
    JsonNode post(URI to, String type, JsonNode json, String what) throws IOException {
        return retry.run(what, () -> {
            try (Http.Answer answer = http.send(Http.Message.post(type, bytes(json)), to, what)) {
                check(answer, what);
                return read(answer, what);
            }
        });
    }

    /// Sends bytes to the store.
    Http.Answer put(URI to, Http.Message message, String what) throws IOException {
        Http.Answer answer = http.send(message, to, what);
        if (BusyException.is(answer.status())) {
            answer.close();
            throw new BusyException(answer.status(), answer.response().headers(), "");
        }
        return answer;
    }

    private JsonNode read(Http.Answer answer, String what) throws IOException {
        byte[] text = http.text(answer, what);
        try {
            return Json.parse("answer", text);
        } catch (IOException e) {
            throw new HubException(answer.response().uri().getHost() + ": the answer about " + what + " is not JSON ("
                    + e.getMessage() + "); is this the address of a hub?", e);
        }
    }

    private void check(Http.Answer answer, String what) throws IOException {
        if (answer.status() == 200 || answer.status() == 201) {
            return;
        }
        if (BusyException.is(answer.status())) {
            throw new BusyException(answer.status(), answer.response().headers(), "");
        }
        String said = "";
        try {
            said = read(answer, what).path("error").asString("");
        } catch (HubException _) {
            // No words of explanation; the status must do.
        }
        throw HubRefusal.ofUpload(answer, model, token, what, said);
    }

    static ObjectNode object() {
        return JsonMapper.shared().createObjectNode();
    }

    private static byte[] bytes(JsonNode json) {
        return JsonMapper.shared().writeValueAsBytes(json);
    }

    @Override
    public void close() {
        http.close();
    }
}
