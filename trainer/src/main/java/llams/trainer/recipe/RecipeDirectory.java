package llams.trainer.recipe;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import llams.engine.io.AtomicFiles;
import llams.engine.io.Json;
import llams.model.files.OutputDirectory;
import tools.jackson.databind.node.ObjectNode;

/// Where a recipe's results lie: a directory for each stage, and `recipe` with a record of each.
record RecipeDirectory(Path path) {
    static final String RECORDS = "recipe";

    /// @throws IOException if something else is there
    void check() throws IOException {
        if (!Files.isDirectory(records())) {
            OutputDirectory.check(path);
        }
    }

    Path records() {
        return path.resolve(RECORDS);
    }

    Path stage(String name) {
        return path.resolve(name);
    }

    /// Null if there is none that can be read.
    StageRecord read(String stage) throws IOException {
        Path file = record(stage);
        return Files.exists(file) ? StageRecord.of(Json.readObject(file)) : null;
    }

    void write(StageRecord record) throws IOException {
        AtomicFiles.createDirectories(records());
        write(record(record.stage()), record.toJson());
    }

    static void write(Path file, ObjectNode json) throws IOException {
        AtomicFiles.write(file, (json.toPrettyString() + "\n").getBytes(StandardCharsets.UTF_8));
    }

    /// Removes the files that a killed run was writing. No other may be at work here.
    void removeUnfinished() throws IOException {
        for (Path directory : List.of(path, records())) {
            try (Stream<Path> files = Files.list(directory)) {
                for (Path file : files.filter(AtomicFiles::isTemporary).toList()) {
                    if (Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
                        Files.delete(file);
                    }
                }
            }
        }
    }

    Path record(String stage) {
        return records().resolve(stage + ".json");
    }

    /// Removes all that a stage made: its record first, so that what remains is not taken for a result.
    void remove(String stage) throws IOException {
        Files.deleteIfExists(record(stage));
        for (Path left : leftOf(stage)) {
            OutputDirectory.delete(left);
        }
    }

    /// The stage's directory, and what a killed run left beside it.
    private List<Path> leftOf(String stage) throws IOException {
        if (!Files.isDirectory(path)) {
            return List.of();
        }
        try (Stream<Path> children = Files.list(path)) {
            return children.filter(child -> {
                String name = child.getFileName().toString();
                return name.equals(stage) || name.startsWith(stage + ".") && AtomicFiles.isTemporary(child);
            }).toList();
        }
    }

    /// Bytes of all files of a stage.
    long bytes(String stage) throws IOException {
        Path directory = stage(stage);
        if (!Files.exists(directory, LinkOption.NOFOLLOW_LINKS)) {
            return 0;
        }
        try (Stream<Path> tree = Files.walk(directory)) {
            return tree.filter(Files::isRegularFile).mapToLong(file -> file.toFile().length()).sum();
        }
    }
}
