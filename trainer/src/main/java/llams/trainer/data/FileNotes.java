package llams.trainer.data;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import llams.model.files.DataException;
import tools.jackson.databind.node.ObjectNode;

/// Counts what reading a file left out: no key and no row disappears silently, and a million of them take one line.
final class FileNotes {
    /// Rows of a short file that may be skipped by default; of a long file, a hundredth.
    static final int DEFAULT_BAD_ROWS = 10;
    private static final int EXAMPLES = 3;
    /// A hostile file may have other keys in every row.
    private static final int MOST_KEYS = 1_000;
    private static final int KEYS_SHOWN = 20;

    private final String file;
    private final Integer maxBadRows;
    private final Columns columns;
    /// Of rows, if `columns` is to be checked.
    private final Set<String> seen = new TreeSet<>();
    private final Map<String, Long> unused = new LinkedHashMap<>();
    private final List<String> examples = new ArrayList<>();
    private long rows;
    private long bad;

    /// @param maxBadRows unusable rows to skip; 0 makes the first one fatal, null is the default
    FileNotes(String file, Integer maxBadRows) {
        this(file, maxBadRows, Columns.NONE);
    }

    /// @param columns what the file is said to call its keys
    FileNotes(String file, Integer maxBadRows, Columns columns) {
        this.file = file;
        this.maxBadRows = maxBadRows;
        this.columns = columns;
    }

    /// A row, used or not.
    void seen(ObjectNode row) {
        if (!columns.isEmpty() && seen.size() < MOST_KEYS) {
            seen.addAll(row.propertyNames());
        }
    }

    /// A row that is used, but for some of its keys.
    void used(Set<String> without) {
        rows++;
        for (String name : without) {
            unused(JsonLine.shown(name), 1);
        }
    }

    private void unused(String key, long times) {
        if (unused.size() < MOST_KEYS || unused.containsKey(key)) {
            unused.merge(key, times, Long::sum);
        }
    }

    /// Takes over the notes of the file's next rows.
    void add(FileNotes next) {
        rows += next.rows;
        bad += next.bad;
        next.unused.forEach(this::unused);
        if (seen.size() < MOST_KEYS) {
            seen.addAll(next.seen);
        }
        next.examples.stream().limit(EXAMPLES - examples.size()).forEach(examples::add);
    }

    /// A row that cannot be used.
    ///
    /// @throws DataException if not even one may be
    void unusable(DataException reason) {
        if (maxBadRows != null && maxBadRows == 0) {
            throw reason;
        }
        bad++;
        if (examples.size() < EXAMPLES) {
            examples.add(reason.getMessage());
        }
    }

    /// Judges the file as a whole.
    ///
    /// @throws DataException if too many rows are unusable, or all of them, or if there are no such columns
    void finish() {
        if (rows + bad > 0) {
            columns.check(file, seen);
        }
        if (bad == 0) {
            return;
        }
        long all = rows + bad;
        long limit = maxBadRows == null ? Math.max(DEFAULT_BAD_ROWS, all / 100) : maxBadRows;
        if (rows == 0) {
            throw new DataException(examples.getFirst()
                    + (bad == 1 ? "" : String.format(Locale.ROOT, " (none of the %,d rows can be used)", bad)));
        }
        if (bad > limit) {
            throw new DataException(String.format(Locale.ROOT,
                    "%s: %,d of %,d rows cannot be used, and at most %,d are skipped; mend them, or skip them with"
                            + " `maxBadRows %d`; the first: %s",
                    file, bad, all, limit, bad, examples.getFirst()));
        }
    }

    /// What to tell the user, a line each.
    List<String> lines() {
        List<String> lines = new ArrayList<>();
        if (bad > 0) {
            lines.add(String.format(Locale.ROOT, "%s: %,d of %,d rows cannot be used and %s skipped:", file, bad,
                    rows + bad, bad == 1 ? "is" : "are"));
            examples.forEach(example -> lines.add("  " + example));
            if (bad > examples.size()) {
                lines.add(String.format(Locale.ROOT, "  and %,d more", bad - examples.size()));
            }
        }
        if (rows + bad > 0) {
            lines.addAll(columns.check(file, seen));
        }
        if (!unused.isEmpty()) {
            List<String> keys = new ArrayList<>();
            unused.forEach((key, count) -> {
                if (keys.size() < KEYS_SHOWN) {
                    keys.add(String.format(Locale.ROOT, "\"%s\" (%,d %s)", key, count, count == 1 ? "row" : "rows"));
                }
            });
            if (unused.size() > KEYS_SHOWN) {
                keys.add(unused.size() - KEYS_SHOWN + " more");
            }
            lines.add(file + ": not used: " + String.join(", ", keys));
        }
        return lines;
    }
}
