package llams.trainer.data;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.function.BiConsumer;
import tools.jackson.databind.node.ObjectNode;

/// Files of rows with named columns: CSV, TSV and Parquet.
public final class Table {
    private Table() {}

    /// Whether a file is such a table, by its name.
    public static boolean is(Path file) {
        String name = Source.contentName(file);
        return isOfText(name) || ParquetReader.isMeant(name);
    }

    private static boolean isOfText(String name) {
        return name.endsWith(".csv") || name.endsWith(".tsv");
    }

    /// All rows as they are: fields of CSV and TSV are texts.
    ///
    /// @param rows gets each row and its place
    /// @throws llams.model.files.DataException if the file is damaged
    public static void read(Path file, BiConsumer<ObjectNode, String> rows) throws IOException {
        String name = Source.contentName(file);
        if (isOfText(name)) {
            try (InputStream in = Source.open(file)) {
                TableReader.texts(in, Source.name(file), name.endsWith(".tsv") ? '\t' : ',', rows);
            }
        } else {
            ParquetReader.rows(file, ReadingListener.SILENT, rows);
        }
    }
}
