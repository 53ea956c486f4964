package llams.model.hub;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import llams.engine.io.AtomicFiles;
import llams.engine.io.Json;
import llams.model.files.DirectoryLock;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// What a directory holds of a model, recorded in its file `.llams-download.json`: `{"repo", "commit", "files": {NAME:
/// {"bytes", "etag", "modifiedMillis"}}}`. A file that still matches its entry has been verified, and is not hashed
/// again.
final class DownloadRecord {
    static final String FILE = ".llams-download.json";
    private static final JsonMapper JSON = JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    private final Path directory;
    private final ObjectNode root;
    private final ObjectNode files;

    private DownloadRecord(Path directory, ObjectNode root) {
        this.directory = directory;
        this.root = root;
        this.files = root.withObject("files");
    }

    /// @throws HubException if the directory holds anything but an earlier download of the same model
    static DownloadRecord read(Path directory, String repo) throws IOException {
        Path file = directory.resolve(FILE);
        if (Files.exists(directory) && !Files.isDirectory(directory)) {
            throw new HubException(directory + ": is a file, and the model needs a directory; choose another");
        }
        if (!Files.exists(file)) {
            if (Files.exists(directory)) {
                refuseForeign(directory, repo);
            }
            return new DownloadRecord(directory, JSON.createObjectNode().put("repo", repo));
        }
        try {
            ObjectNode root = Json.readObject(file);
            String earlier = root.path("repo").asString("");
            if (!repo.equals(earlier)) {
                throw new HubException(directory + ": holds a download of " + earlier + ", not of " + repo
                        + "; choose another directory");
            }
            return new DownloadRecord(directory, root);
        } catch (HubException e) {
            throw e;
        } catch (IOException | JacksonException e) {
            throw new HubException(e.getMessage() + "; it cannot be read: remove the directory, or choose another", e);
        }
    }

    private static void refuseForeign(Path directory, String repo) throws IOException {
        try (Stream<Path> children = Files.list(directory)) {
            if (!children.allMatch(child -> child.endsWith(DirectoryLock.FILE) || AtomicFiles.isTemporary(child))) {
                throw new HubException(directory + ": is not empty, and holds no earlier download of " + repo
                        + " (there is no " + FILE + "); choose another directory");
            }
        }
    }

    /// Whether the file is present and the same as the hub's. It is hashed if the record does not say.
    boolean has(HubFile file) throws IOException {
        Path path = directory.resolve(file.path());
        if (!Files.isRegularFile(path) || Files.size(path) != file.sizeBytes()) {
            return false;
        }
        JsonNode noted = files.path(file.path());
        boolean asNoted = noted.path("bytes").asLong(-1) == file.sizeBytes()
                && noted.path("etag").asString("").equals(file.etag())
                && noted.path("modifiedMillis").asLong(-1) == Files.getLastModifiedTime(path).toMillis();
        return asNoted || IncomingFile.matches(path, file, _ -> {});
    }

    /// Files that were downloaded at another commit and are not among `names`: together, they would mix two models.
    List<String> strangers(String commit, Collection<String> names) {
        return commit.equals(commit())
                ? List.of()
                : files.propertyStream()
                        .map(entry -> entry.getKey())
                        .filter(name -> !names.contains(name) && Files.exists(directory.resolve(name)))
                        .toList();
    }

    /// The downloaded files, as the hub described them.
    ///
    /// @throws HubException if the record is damaged
    List<HubFile> files() throws HubException {
        List<HubFile> all = new ArrayList<>();
        for (Map.Entry<String, JsonNode> entry : files.properties()) {
            if (Listing.leadsOut(entry.getKey())) {
                throw new HubException(directory.resolve(FILE) + ": names a file outside the directory; remove the"
                        + " directory and download it again");
            }
            JsonNode noted = entry.getValue();
            if (!noted.isObject()) {
                throw new HubException(
                        directory.resolve(FILE) + ": cannot be read; remove the directory and download it again");
            }
            all.add(new HubFile(entry.getKey(), noted.path("bytes").asLong(-1), noted.path("etag").asString("")));
        }
        return all;
    }

    /// No longer trusts these files: the next download checks them.
    void doubt(List<String> names) throws IOException {
        if (!names.isEmpty()) {
            names.forEach(name -> ((ObjectNode) files.get(name)).put("modifiedMillis", -1));
            write();
        }
    }

    String commit() {
        return root.path("commit").asString("");
    }

    /// Makes the directory a download of this commit.
    void start(String commit) throws IOException {
        root.put("commit", commit);
        write();
    }

    /// Notes a file that is verified.
    void add(HubFile file) throws IOException {
        files.putObject(file.path())
                .put("bytes", file.sizeBytes())
                .put("etag", file.etag())
                .put("modifiedMillis", Files.getLastModifiedTime(directory.resolve(file.path())).toMillis());
        write();
    }

    private void write() throws IOException {
        AtomicFiles.write(directory.resolve(FILE), JSON.writeValueAsBytes(root));
    }
}
