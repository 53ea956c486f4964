package llams.trainer.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import llams.model.files.DataException;
import llams.trainer.parquet.ParquetFile;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Parquet: columns are the keys of rows, and may hold lists of messages. What is known of such a file stands at its end,
/// so that it cannot be a pipe.
final class ParquetReader {
    private static final String ENDING = ".parquet";
    private static final int TELL_EVERY = 1_000;

    private ParquetReader() {}

    /// Whether a file in this form is meant by a name without the ending of its compression, in small letters.
    static boolean isMeant(String name) {
        return name.endsWith(ENDING);
    }

    static void units(Path file, RowReader rows, ReadingListener listener, Consumer<Unit> units) throws IOException {
        rows(file, listener, (row, place) -> units.accept(rows.unit(chars(row), () -> row, place)));
    }

    /// @param rows gets each row and its place
    static void rows(Path file, ReadingListener listener, BiConsumer<ObjectNode, String> rows) throws IOException {
        String name = Source.name(file);
        if (!name.toLowerCase(Locale.ROOT).endsWith(ENDING)) {
            throw new DataException(name + ": Parquet is compressed inside; decompress the file around it first");
        }
        if (Files.exists(file) && !Files.isRegularFile(file)) {
            throw new DataException(name + ": Parquet is read from its end; save it as a file first");
        }
        try (ParquetFile table = ParquetFile.open(file)) {
            long number = 0;
            for (ObjectNode row = table.next(); row != null; row = table.next()) {
                rows.accept(row, name + ":" + ++number);
                if (number % TELL_EVERY == 0) {
                    listener.reading(name, table.doneBytes(), Files.size(file));
                }
            }
        } finally {
            listener.ended(name);
        }
    }

    private static int chars(JsonNode value) {
        if (value.isString()) {
            return value.stringValue().length();
        }
        int chars = 1;
        for (JsonNode one : value) {
            chars += chars(one);
        }
        return chars;
    }
}
