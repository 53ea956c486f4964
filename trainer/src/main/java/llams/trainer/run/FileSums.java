package llams.trainer.run;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import llams.engine.io.AtomicFiles;
import llams.model.files.Sha256;

/// `SHA256SUMS` of a directory, one line per file, as `sha256sum -c SHA256SUMS` reads it too.
final class FileSums {
    static final String FILE = "SHA256SUMS";
    private static final Pattern LINE = Pattern.compile("([0-9a-f]{64})  (.+)");

    private FileSums() {}

    /// Writes the sums of all files that are in a directory.
    ///
    /// @param disk the one that they were written through
    static void write(Path directory, HashingDisk disk) throws IOException {
        List<Path> files;
        try (Stream<Path> tree = Files.walk(directory)) {
            files = tree.filter(Files::isRegularFile).sorted().toList();
        }
        StringBuilder sums = new StringBuilder();
        for (Path file : files) {
            sums.append(disk.hash(file))
                    .append("  ")
                    .append(directory.relativize(file).toString().replace('\\', '/'))
                    .append('\n');
        }
        AtomicFiles.write(directory.resolve(FILE), sums.toString().getBytes(StandardCharsets.UTF_8));
    }

    /// Reads every file that has a sum. Others in the directory are nobody's concern.
    ///
    /// @param needed files that must have one
    /// @return what is wrong, or empty
    static Optional<String> damage(Path directory, List<String> needed) throws IOException {
        Set<String> missing = new TreeSet<>(needed);
        // A byte a character: nothing that damage may have put there is an error.
        for (String line : Files.readString(directory.resolve(FILE), StandardCharsets.ISO_8859_1).split("\n")) {
            Matcher sum = LINE.matcher(line);
            if (!sum.matches()) {
                return Optional.of(FILE + " itself is damaged");
            }
            String name = new String(sum.group(2).getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
            Path file;
            try {
                file = directory.resolve(name);
            } catch (InvalidPathException e) {
                return Optional.of(FILE + " itself is damaged");
            }
            if (!Files.isRegularFile(file)) {
                return Optional.of(name + " is missing");
            }
            if (!Sha256.ofFile(file).equals(sum.group(1))) {
                return Optional.of(name + " is not what was saved");
            }
            missing.remove(name);
        }
        return missing.isEmpty()
                ? Optional.empty()
                : Optional.of(FILE + " has no sum of " + String.join(", ", missing));
    }
}
