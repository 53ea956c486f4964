package llams.trainer.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import llams.model.files.DataException;

/// A file with data, or some rows of it: `data.jsonl`, `data.jsonl[:95%]`, `data.jsonl[100:2000]`.
///
/// @param name  as it was given
/// @param file  `-` is standard input
/// @param slice null for all rows
public record DataSource(String name, Path file, Slice slice) {
    private static final Pattern SLICED = Pattern.compile("(.+)\\[([^\\[\\]]*)]");

    /// @param path of a file; if there is none of that name, brackets at its end are a slice
    /// @throws DataException if what is in the brackets is none
    public static DataSource of(Path path) {
        Matcher sliced = SLICED.matcher(path.toString());
        if (!sliced.matches() || Files.exists(path)) {
            return new DataSource(path.toString(), path, null);
        }
        Slice slice = Slice.parse(sliced.group(2));
        if (slice == null) {
            throw new DataException(path + ": no such file, and [" + JsonLine.shown(sliced.group(2))
                    + "] is no slice; slices are [:95%], [95%:], [100:2000], [-500:]");
        }
        return new DataSource(path.toString(), Path.of(sliced.group(1)), slice);
    }

    /// The slice as it was given; empty for all rows.
    public String brackets() {
        return name.substring(file.toString().length());
    }

    /// The file with its slice, without directories.
    public String shortName() {
        return file.getFileName() + brackets();
    }

    /// Whether another source has rows of the same file.
    boolean isOfSameFile(DataSource other) {
        try {
            return Files.exists(file) && Files.exists(other.file) && Files.isSameFile(file, other.file);
        } catch (IOException _) {
            return false;
        }
    }

    /// The rows of a file that belong to this source.
    ///
    /// @throws DataException if there are none
    FileContent of(FileContent all) {
        if (slice == null) {
            return all;
        }
        Documents documents = all.documents();
        int rows = documents.rows();
        int from = slice.from(rows);
        int to = slice.to(rows);
        if (from >= to) {
            throw new DataException(
                    String.format(Locale.ROOT, "%s: no row; the file has %,d with something to use", name, rows));
        }
        int first = documents.firstOfRow(from);
        Documents some = new SomeDocuments(documents, first, documents.firstOfRow(to) - first);
        return all.with(some, String.format(Locale.ROOT, "%s: rows %,d to %,d of %,d", name, from, to - 1, rows));
    }

    @Override
    public String toString() {
        return name;
    }
}
