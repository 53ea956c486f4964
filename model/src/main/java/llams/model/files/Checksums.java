package llams.model.files;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import llams.engine.io.AtomicFiles;

/// The SHA-256 of each file of a model, as `checksums.sha256` among them, which `sha256sum -c` reads too. The card is
/// left out: people edit it.
public final class Checksums {
    public static final String FILE = "checksums.sha256";
    /// A star before a name stands for reading its file as bytes, which is the only way here.
    private static final Pattern LINE = Pattern.compile("([0-9a-fA-F]{64}) [ *](.+)");

    /// @param whole    files with their hash
    /// @param damaged  files with another content
    /// @param missing  files that are not there
    /// @param unlisted files of a model that came later
    public record Report(List<String> whole, List<String> damaged, List<String> missing, List<String> unlisted) {
        public boolean isGood() {
            return damaged.isEmpty() && missing.isEmpty();
        }
    }

    private Checksums() {}

    /// The paths of the files in a directory that belong to a model and are hashed, `/` between their parts.
    ///
    /// @throws IOException if there are none, or the directory cannot be read
    public static List<String> files(Path directory) throws IOException {
        try (Stream<Path> tree = Files.walk(directory, 2)) {
            List<String> files = tree.filter(Files::isRegularFile)
                    .map(file -> directory.relativize(file).toString().replace('\\', '/'))
                    .filter(name -> ModelFiles.isNeeded(name) && !name.equals(FILE) && !name.equals(ModelFiles.CARD))
                    .sorted()
                    .toList();
            if (files.isEmpty()) {
                throw new IOException(directory + ": holds no files of a model or an adapter");
            }
            return files;
        }
    }

    /// Hashes the files of a model or an adapter.
    public static SortedMap<String, String> of(Path directory, ByteProgress progress) throws IOException {
        return of(directory, files(directory), progress);
    }

    private static SortedMap<String, String> of(Path directory, List<String> files, ByteProgress progress)
            throws IOException {
        long total = 0;
        for (String name : files) {
            total += Files.size(directory.resolve(name));
        }
        long all = total;
        long done = 0;
        SortedMap<String, String> hashes = new TreeMap<>();
        for (String name : files) {
            long before = done;
            hashes.put(name, Sha256.ofFile(directory.resolve(name), bytes -> progress.at(before + bytes, all)));
            done += Files.size(directory.resolve(name));
        }
        return hashes;
    }

    /// Hashes the files and writes, or replaces, `checksums.sha256`.
    public static SortedMap<String, String> write(Path directory, ByteProgress progress) throws IOException {
        SortedMap<String, String> hashes = of(directory, progress);
        StringBuilder text = new StringBuilder();
        for (Map.Entry<String, String> file : hashes.entrySet()) {
            text.append(file.getValue()).append("  ").append(file.getKey()).append('\n');
        }
        AtomicFiles.write(directory.resolve(FILE), text.toString().getBytes(StandardCharsets.UTF_8));
        return hashes;
    }

    /// Compares the files with the hashes that were written.
    ///
    /// @throws IOException if there is no `checksums.sha256`, or it cannot be read
    public static Report verify(Path directory, ByteProgress progress) throws IOException {
        SortedMap<String, String> listed = read(directory);
        List<String> present = new ArrayList<>();
        List<String> missing = new ArrayList<>();
        for (String name : listed.keySet()) {
            (Files.isRegularFile(directory.resolve(name)) ? present : missing).add(name);
        }
        List<String> whole = new ArrayList<>();
        List<String> damaged = new ArrayList<>();
        of(directory, present, progress)
                .forEach((name, hash) -> (hash.equals(listed.get(name)) ? whole : damaged).add(name));
        List<String> unlisted = new ArrayList<>(files(directory));
        unlisted.removeAll(listed.keySet());
        return new Report(whole, damaged, missing, unlisted);
    }

    /// What `checksums.sha256` says, by path.
    ///
    /// @throws IOException if there is none, or it cannot be read
    public static SortedMap<String, String> read(Path directory) throws IOException {
        Path file = directory.resolve(FILE);
        if (!Files.isRegularFile(file)) {
            throw new IOException(directory + ": has no " + FILE + " to compare its files with");
        }
        SortedMap<String, String> hashes = new TreeMap<>();
        int number = 0;
        for (String line : new String(ModelFiles.content(file), StandardCharsets.UTF_8).split("\\R")) {
            number++;
            Matcher entry = LINE.matcher(line);
            if (!entry.matches() || leadsOut(entry.group(2))) {
                throw new IOException(file + ":" + number + ": wanted a SHA-256, two spaces and the path of a file in"
                        + " this directory");
            }
            hashes.put(entry.group(2), entry.group(1).toLowerCase(Locale.ROOT));
        }
        return hashes;
    }

    private static boolean leadsOut(String path) {
        return path.startsWith("/") || path.contains("\\") || List.of(path.split("/")).contains("..");
    }
}
