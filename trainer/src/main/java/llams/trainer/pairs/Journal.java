package llams.trainer.pairs;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import llams.engine.io.AtomicFiles;
import llams.engine.io.Disk;
import llams.model.files.DataException;
import llams.model.files.DirectoryLock;
import llams.trainer.data.JsonLine;
import llams.trainer.data.LanguagePair;
import llams.trainer.data.Lines;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// `requests.jsonl` in the directory `NAME.run` beside the pairs: a line for everything that requests brought, on the
/// disk before the next one is asked for. The file of pairs is made from it, and so never has half a line, and nothing
/// is paid for twice.
final class Journal implements AutoCloseable {
    /// What requests brought, in the order of arrival.
    final List<Outcome> outcomes = new ArrayList<>();
    private final Path pairs;
    private final Path file;
    private final DirectoryLock lock;
    private final Disk.Output output;
    /// Hashes of the files of pairs that were made from here.
    private final Set<String> written = new HashSet<>();
    private long length;

    private Journal(Path pairs, Path file, DirectoryLock lock) throws IOException {
        this.pairs = pairs;
        this.file = file;
        this.lock = lock;
        if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            AtomicFiles.write(file, new byte[0]);
        }
        read();
        if (Files.exists(pairs) && !written.contains(hash(Files.readAllBytes(pairs)))) {
            throw new IOException(pairs + ": is not as this program wrote it, and would be overwritten; move it away,"
                    + " and the same command continues, or choose another file");
        }
        output = Disk.current().open(file);
        output.truncate(length);
    }

    /// Continues what an earlier run left, or starts.
    ///
    /// @param pairs the file of pairs
    /// @throws IOException if it is another's, in use, or cannot be written
    static Journal open(Path pairs) throws IOException {
        Path directory = pairs.resolveSibling(pairs.getFileName() + ".run");
        if (Files.exists(pairs, LinkOption.NOFOLLOW_LINKS) && !Files.exists(directory)) {
            throw new IOException(pairs + ": exists already; choose another file");
        }
        try {
            AtomicFiles.createDirectories(directory);
        } catch (IOException e) {
            throw AtomicFiles.cannotWrite(pairs, e);
        }
        DirectoryLock lock = DirectoryLock.take(directory);
        try {
            return new Journal(pairs, directory.resolve("requests.jsonl"), lock);
        } catch (IOException | RuntimeException e) {
            lock.close();
            throw e;
        }
    }

    /// A last line without its end is what a power cut or a full disk left, and is cut off.
    private void read() throws IOException {
        byte[] content = Files.readAllBytes(file);
        int end = content.length;
        while (end > 0 && content[end - 1] != '\n') {
            end--;
        }
        length = end;
        try (Lines lines = new Lines(new ByteArrayInputStream(content, 0, end), file.toString())) {
            for (String line = lines.next(); line != null; line = lines.next()) {
                ObjectNode json = JsonLine.parse(line, lines.place());
                if (json.has("written")) {
                    written.add(JsonLine.text(json, "written", lines.place()));
                } else {
                    outcomes.add(outcome(json, lines.place()));
                }
            }
        }
    }

    private static Outcome outcome(ObjectNode json, String place) {
        List<LanguagePair> pairs = new ArrayList<>();
        for (JsonNode pair : json.path("pairs")) {
            if (!(pair instanceof ObjectNode object)) {
                throw new DataException(place + ": a pair is " + JsonLine.kind(pair) + "; wanted an object");
            }
            pairs.add(LanguagePair.of(object, place));
        }
        int request = json.path("request").intValue(-1);
        if (request < 0) {
            throw new DataException(place + ": \"request\" is " + JsonLine.kind(json.path("request"))
                    + "; wanted the number of a request");
        }
        return new Outcome(request, JsonLine.text(json, "topic", place), JsonLine.text(json, "model", place),
                json.path("promptTokens").longValue(0), json.path("completionTokens").longValue(0), List.copyOf(pairs),
                json.path("incomplete").intValue(0), json.path("unusable").stringValue(""));
    }

    /// Adds what a request brought; it is on the disk when this returns.
    void add(Outcome outcome) throws IOException {
        ObjectNode json = JsonNodeFactory.instance.objectNode()
                .put("request", outcome.request())
                .put("topic", outcome.topic())
                .put("model", outcome.model())
                .put("promptTokens", outcome.promptTokens())
                .put("completionTokens", outcome.completionTokens())
                .put("incomplete", outcome.incomplete());
        if (!outcome.unusable().isEmpty()) {
            json.put("unusable", outcome.unusable());
        }
        ArrayNode pairsOfIt = json.putArray("pairs");
        outcome.pairs().forEach(pair -> pairsOfIt.add(pair.json()));
        append(json);
        outcomes.add(outcome);
    }

    /// Replaces the file of pairs.
    void publish(List<LanguagePair> kept) throws IOException {
        StringBuilder lines = new StringBuilder();
        kept.forEach(pair -> lines.append(pair.json()).append('\n'));
        byte[] content = lines.toString().getBytes(StandardCharsets.UTF_8);
        String hash = hash(content);
        if (written.add(hash)) {
            append(JsonNodeFactory.instance.objectNode().put("written", hash));
        }
        AtomicFiles.write(pairs, content);
    }

    Path directory() {
        return file.getParent();
    }

    private void append(ObjectNode json) throws IOException {
        byte[] line = (json + "\n").getBytes(StandardCharsets.UTF_8);
        try {
            output.write(ByteBuffer.wrap(line), length);
            output.force();
        } catch (IOException e) {
            throw AtomicFiles.cannotWrite(file, e);
        }
        length += line.length;
    }

    private static String hash(byte[] content) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java has SHA-256", e);
        }
    }

    @Override
    public void close() throws IOException {
        try (lock) {
            output.close();
        }
    }
}
