package llams.trainer.recipe;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import llams.engine.io.AtomicFiles;
import llams.engine.io.Json;
import llams.model.files.Sha256;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// Hashes of files that no stage makes. A file of the same size and time is not read again.
final class FileKeys {
    private static final String FILE = "files.json";

    private final Path cache;
    private final ObjectNode known;
    private boolean changed;

    /// @param records where to remember hashes
    FileKeys(Path records) throws IOException {
        cache = records.resolve(FILE);
        known = Files.exists(cache) ? Json.readObject(cache) : JsonNodeFactory.instance.objectNode();
    }

    /// The hash of a file, or of all files in a directory with their names.
    ///
    /// @throws NoSuchFileException if it is not there
    String of(Path path) throws IOException {
        if (!Files.isDirectory(path)) {
            return ofFile(path);
        }
        List<Path> files;
        try (Stream<Path> tree = Files.walk(path)) {
            files = tree.filter(Files::isRegularFile).filter(file -> !AtomicFiles.isTemporary(file)).sorted().toList();
        }
        StringBuilder lines = new StringBuilder();
        for (Path file : files) {
            lines.append(ofFile(file)).append(' ').append(path.relativize(file)).append('\n');
        }
        return Sha256.ofText(lines.toString());
    }

    private String ofFile(Path file) throws IOException {
        if (!Files.exists(file)) {
            throw new NoSuchFileException(file.toString());
        }
        Path real = file.toRealPath();
        String stamp = Files.size(real) + " " + Files.getLastModifiedTime(real).toInstant();
        JsonNode before = known.path(real.toString());
        if (before.path("stamp").asString("").equals(stamp)) {
            return before.path("sha256").asString();
        }
        String hash = Sha256.ofFile(real);
        known.putObject(real.toString()).put("stamp", stamp).put("sha256", hash);
        changed = true;
        return hash;
    }

    void remember() throws IOException {
        if (changed) {
            RecipeDirectory.write(cache, known);
            changed = false;
        }
    }
}
