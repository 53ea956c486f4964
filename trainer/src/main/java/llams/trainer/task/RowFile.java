package llams.trainer.task;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import llams.model.files.DataException;
import llams.trainer.data.JsonElements;
import llams.trainer.data.JsonLine;
import llams.trainer.data.Lines;
import llams.trainer.data.Rows;
import llams.trainer.data.Source;
import llams.trainer.data.Table;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Reads rows from the files in which people get data: JSONL, a JSON list, the answer of Hugging Face's dataset server,
/// CSV, TSV and Parquet.
final class RowFile {
    /// @param origin `file:line`, for messages
    record Row(ObjectNode values, String origin) {}

    private static final int PEEK_BYTES = 4096;

    private RowFile() {}

    /// @throws DataException if the file is in none of these forms, or has no rows
    static List<Row> read(Path file) throws IOException {
        String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
        if (name.matches(".*\\.(arrow|bz2|xz|zip)")) {
            throw new DataException(file + ": files in " + name.substring(name.lastIndexOf('.'))
                    + " form are not read; wanted .jsonl, .json, .csv, .tsv or .parquet. Hugging Face's Python library writes"
                    + " them: datasets.load_dataset(NAME, split=\"test\").to_json(\"test.jsonl\")");
        }
        if (Files.isDirectory(file)) {
            throw new DataException(file + " is a directory; name the files in it");
        }
        List<Row> rows = new ArrayList<>();
        if (Table.is(file)) {
            Table.read(file, (values, origin) -> rows.add(new Row(values, origin)));
        } else {
            json(file, rows);
        }
        if (rows.isEmpty()) {
            throw new DataException(file + ": no row in it");
        }
        return rows;
    }

    private static void json(Path file, List<Row> rows) throws IOException {
        try (BufferedInputStream in = Source.open(file)) {
            in.mark(PEEK_BYTES);
            String start = new String(in.readNBytes(PEEK_BYTES), StandardCharsets.UTF_8).strip();
            in.reset();
            boolean isList = start.startsWith("[");
            Rows texts = isList
                    ? new JsonElements(in, file.toString(), true)
                    : start.lines().limit(1).anyMatch("{"::equals)
                            ? new JsonElements(in, file.toString(), false)
                            : new Lines(in, file.toString());
            for (String text = texts.next(); text != null; text = texts.next()) {
                if (!text.isBlank()) {
                    add(JsonLine.parse(text, texts.place()), texts.place(), rows);
                }
            }
        }
    }

    /// The dataset server answers with one object, in whose `rows` each has its values in `row`.
    private static void add(ObjectNode object, String place, List<Row> rows) {
        if (object.path("rows").isArray() && object.has("features")) {
            for (JsonNode element : object.get("rows")) {
                String origin = place + "[" + element.path("row_idx").asString("?") + "]";
                if (!(element.path("row") instanceof ObjectNode values)) {
                    throw new DataException(origin + ": \"row\" is " + JsonLine.kind(element.path("row"))
                            + "; wanted an object, as the dataset server writes it");
                }
                if (!element.path("truncated_cells").isEmpty()) {
                    throw new DataException(origin + ": the dataset server cut " + element.get("truncated_cells")
                            + " short; ask it for fewer rows at a time (length=...)");
                }
                rows.add(new Row(values, origin));
            }
        } else {
            rows.add(new Row(object, place));
        }
    }
}
