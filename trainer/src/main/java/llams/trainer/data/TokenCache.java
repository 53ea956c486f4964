package llams.trainer.data;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import llams.engine.io.AtomicFiles;
import llams.engine.io.NoRoomException;
import llams.model.files.DataException;
import llams.model.files.Sha256;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// A directory where the tokens of large data files stay, so that a file is tokenized once and need not fit into memory.
///
/// The tokens of a file are found by its content, the tokenizer and everything else that they depend on: a file that is
/// moved or copied finds them again, one that is changed does not. So that a file is not read through for that at every
/// start, the hash of its content is remembered with its path, size and time.
///
/// A [TokenFile] is there whole or not at all. If several processes want the same one, the first writes it and the
/// others wait. A damaged one is written again.
public final class TokenCache {
    /// Smaller files are tokenized in a second or two, and stay in memory.
    static final long LARGE_BYTES = 32L << 20;
    /// Part of every key: to be raised whenever the tokens that a file becomes change.
    static final int VERSION = 1;
    private static final String ENDING = ".tokens";
    private static final String REMEMBERED = ".hash";
    /// A file may change again within the resolution of its time.
    private static final Duration SETTLED = Duration.ofSeconds(2);
    private static final Duration ABANDONED = Duration.ofDays(1);

    private final Path directory;
    private final long smallestBytes;

    private TokenCache(Path directory, long smallestBytes) {
        this.directory = directory;
        this.smallestBytes = smallestBytes;
    }

    /// For large files, in `llams` of the user's cache directory, or where the environment variable `LLAMS_CACHE` says.
    public static TokenCache standard() {
        return new TokenCache(directory(System.getenv(), Path.of(System.getProperty("user.home"))), LARGE_BYTES);
    }

    /// For files of any size.
    public static TokenCache in(Path directory) {
        return new TokenCache(directory, 0);
    }

    static Path directory(Map<String, String> environment, Path home) {
        String own = environment.getOrDefault("LLAMS_CACHE", "");
        String caches = environment.getOrDefault("XDG_CACHE_HOME", "");
        if (!own.isEmpty()) {
            return Path.of(own);
        }
        return (caches.isEmpty() ? home.resolve(".cache") : Path.of(caches)).resolve("llams");
    }

    public Path directory() {
        return directory;
    }

    /// Tokens of a file that are kept.
    ///
    /// @param dataFile the file, as it was named when it was tokenized
    public record Entry(Path file, String dataFile, long tokens, int documents, long bytes, Instant used) {}

    /// What is kept, the last used first. What is damaged is left out.
    public List<Entry> entries() throws IOException {
        List<Entry> entries = new ArrayList<>();
        for (Path file : files(ENDING)) {
            try {
                TokenFile tokens = new TokenFile(file);
                entries.add(new Entry(file, JsonMapper.shared().readTree(tokens.summary()).path("file").asString(),
                        tokens.ints(), tokens.size(), Files.size(file), Files.getLastModifiedTime(file).toInstant()));
            } catch (DataException _) {
                // It will be written again when it is needed.
            }
        }
        entries.sort((a, b) -> b.used.compareTo(a.used));
        return entries;
    }

    /// Deletes everything that is kept.
    ///
    /// @return bytes that were freed
    public long clear() throws IOException {
        long bytes = 0;
        for (Path file : files("")) {
            String name = file.getFileName().toString();
            if (name.endsWith(ENDING) || name.endsWith(REMEMBERED) || AtomicFiles.isTemporary(file)) {
                bytes += Files.size(file);
                Files.delete(file);
            }
        }
        return bytes;
    }

    private List<Path> files(String ending) throws IOException {
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(file -> file.getFileName().toString().endsWith(ending)).sorted().toList();
        }
    }

    /// Whether the tokens of a file belong here: it can be read twice, and is large.
    boolean keeps(Path file, Reading reading) throws IOException {
        return reading.key() != null && Files.isRegularFile(file) && Files.size(file) >= smallestBytes;
    }

    /// What a file holds: as it is kept, else read now and kept.
    FileContent load(Path file, Reading reading) throws IOException {
        AtomicFiles.createDirectories(directory);
        State state = State.of(file);
        String key = String.join("\n", String.valueOf(VERSION), hash(file, state), ending(file), reading.key());
        Path kept = directory.resolve(Sha256.ofText(key).substring(0, 40) + ENDING);
        FileContent content = open(kept, file);
        if (content != null) {
            return content;
        }
        synchronized (TokenCache.class) {
            try (FileChannel lock = FileChannel.open(directory.resolve("in-use.lock"), StandardOpenOption.CREATE,
                    StandardOpenOption.WRITE)) {
                long place = Long.parseUnsignedLong(Sha256.ofText(key).substring(0, 8), 16);
                if (lock.tryLock(place, 1, false) == null) {
                    reading.listener().waiting(Source.name(file));
                    lock.lock(place, 1, false);
                }
                content = open(kept, file);
                return content != null ? content : write(kept, file, state, reading);
            }
        }
    }

    private static String ending(Path file) {
        String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
        return name.substring(name.indexOf('.') + 1);
    }

    private FileContent write(Path kept, Path file, State state, Reading reading) throws IOException {
        removeAbandoned();
        String name = Source.name(file);
        try (TokenFileWriter writer = new TokenFileWriter(kept)) {
            DocumentBatch all = FileEncoding.read(file, reading, document -> writer.add(document, name));
            if (!State.of(file).equals(state)) {
                throw new DataException(file + " was changed while it was read; start again when it is complete");
            }
            writer.finish(summary(name, all).toString());
        } catch (UncheckedIOException e) {
            throw advised(e.getCause());
        } catch (IOException e) {
            throw advised(e);
        }
        return open(kept, file);
    }

    private static IOException advised(IOException e) {
        return e instanceof NoRoomException
                ? new NoRoomException(e.getMessage() + "; tokens need about as much room as their text: choose another"
                        + " place with `cache DIR`, or keep them in memory with `cache none`", e)
                : e;
    }

    /// Null if it is not there, or damaged.
    private FileContent open(Path kept, Path file) throws IOException {
        try {
            TokenFile tokens = new TokenFile(kept).named(Source.name(file));
            JsonNode summary = JsonMapper.shared().readTree(tokens.summary());
            touch(kept);
            List<String> notes = new ArrayList<>();
            String then = summary.path("file").asString();
            summary.path("notes").forEach(note -> notes.add(note.asString().replace(then, Source.name(file))));
            notes.add(String.format(Locale.ROOT, "%s: %,d tokens, kept in %s", Source.name(file), tokens.ints(), kept));
            return new FileContent(tokens, summary.path("textBytes").asLong(), summary.path("conversations").asInt(),
                    summary.path("empty").asInt(), notes,
                    SpecialNames.of(summary.path("names"), then, Source.name(file)));
        } catch (NoSuchFileException _) {
            return null;
        } catch (DataException e) {
            delete(kept, e);
            return null;
        }
    }

    private static void touch(Path file) {
        try {
            Files.setLastModifiedTime(file, FileTime.from(Instant.now()));
        } catch (IOException _) {
            // A directory that may only be read serves as well.
        }
    }

    static void delete(Path file, DataException reason) {
        AtomicFiles.deleteQuietly(file, reason);
    }

    private static ObjectNode summary(String name, DocumentBatch all) {
        ObjectNode summary = JsonNodeFactory.instance.objectNode()
                .put("file", name)
                .put("textBytes", all.textBytes)
                .put("conversations", all.conversations)
                .put("empty", all.empty);
        ArrayNode notes = summary.putArray("notes");
        all.rows.lines().forEach(notes::add);
        summary.set("names", all.names.json());
        return summary;
    }

    /// What changes when a file does.
    private record State(long bytes, long modifiedNanos) {
        static State of(Path file) throws IOException {
            return new State(Files.size(file), Files.getLastModifiedTime(file).to(TimeUnit.NANOSECONDS));
        }

        boolean isSettled() {
            return modifiedNanos < Instant.now().minus(SETTLED).toEpochMilli() * 1_000_000;
        }
    }

    /// The hash of a file's content, which is read through only if it is small, or was not hashed before as it is now.
    public String hash(Path file) throws IOException {
        State state = State.of(file);
        return state.bytes < LARGE_BYTES ? Sha256.ofFile(file) : hash(file, state);
    }

    private String hash(Path file, State state) throws IOException {
        Path remembered = directory.resolve(Sha256.ofText(file.toRealPath().toString()).substring(0, 40) + REMEMBERED);
        String known = state.bytes + " " + state.modifiedNanos + " ";
        try {
            String line = Files.readString(remembered, StandardCharsets.ISO_8859_1);
            if (line.startsWith(known)) {
                return line.substring(known.length());
            }
        } catch (IOException _) {
            // The first time.
        }
        boolean settled = state.isSettled();
        String hash = Sha256.ofFile(file);
        if (settled && State.of(file).equals(state)) {
            remember(remembered, known + hash);
        }
        return hash;
    }

    private void remember(Path file, String hash) {
        try {
            AtomicFiles.createDirectories(directory);
            AtomicFiles.write(file, hash.getBytes(StandardCharsets.ISO_8859_1));
        } catch (IOException _) {
            // Then the next run reads the file again.
        }
    }

    /// Deletes what killed programs left.
    private void removeAbandoned() throws IOException {
        Instant before = Instant.now().minus(ABANDONED);
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory, AtomicFiles::isTemporary)) {
            for (Path file : files) {
                if (Files.getLastModifiedTime(file).toInstant().isBefore(before)) {
                    Files.deleteIfExists(file);
                }
            }
        }
    }
}
