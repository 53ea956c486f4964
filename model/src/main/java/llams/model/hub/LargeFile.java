package llams.model.hub;

import java.io.IOException;
import java.net.URI;
import java.util.function.LongConsumer;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Sends a file to the store for large files, as git-lfs does, with the hub's own way to send it in parts. The store is
/// reached by signed addresses that the hub gives; it never sees the token.
final class LargeFile {
    private static final String LFS = "application/vnd.git-lfs+json";
    /// How often a file starts over because its addresses have expired.
    private static final int MOST_ROUNDS = 5;

    private final UploadClient hub;
    private final UploadFile file;
    private final LongConsumer progress;

    /// @param progress receives how many bytes are on their way; falls when something is sent again
    LargeFile(UploadClient hub, UploadFile file, LongConsumer progress) {
        this.hub = hub;
        this.file = file;
        this.progress = progress;
    }

    /// Sends the file, unless the store has its content.
    ///
    /// @return whether it had to be sent
    boolean send() throws IOException {
        for (int round = 0; round < MOST_ROUNDS; round++) {
            JsonNode actions = actions();
            if (!actions.path("upload").isObject()) {
                return false;
            }
            if (send(actions.path("upload"))) {
                JsonNode verify = actions.path("verify");
                if (verify.isObject()) {
                    hub.post(address(verify), LFS, described(), file.path());
                }
                return true;
            }
        }
        throw new HubException(file.path() + ": the store refuses the addresses that the hub gives for it (403)");
    }

    /// What the hub asks to be done: nothing if it has the content.
    private JsonNode actions() throws IOException {
        ObjectNode wanted = UploadClient.object().put("operation", "upload").put("hash_algo", "sha256");
        wanted.putArray("transfers").add("basic").add("multipart");
        wanted.putArray("objects").add(described());
        wanted.putObject("ref").put("name", hub.model.revision());
        JsonNode said = hub.post(hub.model.largeFiles(), LFS, wanted, file.path()).path("objects").path(0);
        if (said.path("error").isObject()) {
            throw new HubException(file.path() + ": the store does not take it: "
                    + said.path("error").path("message").asString("it does not say why"));
        }
        if (!said.path("oid").asString("").equals(file.sha256())) {
            throw new HubException(hub.model.page() + ": the hub does not answer for " + file.path()
                    + "; is this the address of a hub?");
        }
        return said.path("actions");
    }

    private ObjectNode described() {
        return UploadClient.object().put("oid", file.sha256()).put("size", file.bytes());
    }

    /// @return false if the addresses have expired
    private boolean send(JsonNode upload) throws IOException {
        String partBytes = upload.path("header").path("chunk_size").asString("");
        if (partBytes.isEmpty()) {
            return sent(address(upload), 0, file.bytes()) != null;
        }
        if (!partBytes.matches("[1-9]\\d{0,17}")) {
            throw new HubException(file.path() + ": the hub wants parts of \"" + partBytes + "\" bytes");
        }
        long size = Long.parseLong(partBytes);
        ObjectNode complete = UploadClient.object().put("oid", file.sha256());
        ArrayNode parts = complete.putArray("parts");
        for (long from = 0; from < file.bytes(); from += size) {
            int number = parts.size() + 1;
            URI to = address(upload.path("header").path(String.valueOf(number)));
            String etag = sent(to, from, Math.min(size, file.bytes() - from));
            if (etag == null) {
                return false;
            }
            parts.addObject().put("partNumber", number).put("etag", etag);
        }
        hub.post(address(upload), LFS, complete, file.path());
        return true;
    }

    /// Sends a part; a cut connection costs this part only.
    ///
    /// @return the store's name for it; null if the address has expired
    private String sent(URI to, long from, long bytes) throws IOException {
        Outgoing part = new Outgoing.Part(file.file(), from, bytes);
        return hub.retry.run(file.path(), () -> {
            Http.Message message = Http.Message.put(part, sent -> progress.accept(from + sent));
            try (Http.Answer answer = hub.put(to, message, file.path())) {
                return switch (answer.status()) {
                    case 200, 201, 204 -> answer.header("ETag").orElse("");
                    case 403 -> null;
                    default -> throw new HubException(file.path() + ": " + to.getHost()
                            + ", where the hub keeps large files, answers " + answer.status());
                };
            }
        });
    }

    /// As a text, or as the `href` of an action. Mirrors of a hub pass its own addresses on.
    private URI address(JsonNode action) throws HubException {
        String text = action.isObject() ? action.path("href").asString("") : action.asString("");
        if (text.startsWith(HubModel.DEFAULT_ENDPOINT + "/")) {
            text = hub.model.endpoint() + text.substring(HubModel.DEFAULT_ENDPOINT.length());
        }
        boolean isSafe = text.startsWith("https://")
                || text.startsWith("http://") && hub.model.endpoint().startsWith("http://");
        try {
            if (isSafe && URI.create(text).getHost() != null) {
                return URI.create(text);
            }
        } catch (IllegalArgumentException _) {
            // Said below.
        }
        throw new HubException(file.path() + ": the hub gives no address that it can be sent to");
    }
}
