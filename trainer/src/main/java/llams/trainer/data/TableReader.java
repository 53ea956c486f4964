package llams.trainer.data;

import de.siegmar.fastcsv.reader.CsvParseException;
import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.CsvRecord;
import de.siegmar.fastcsv.reader.FieldMismatchStrategy;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import llams.model.files.DataException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// CSV and TSV as RFC 4180 has them: the first record names the columns, every other is a row. An empty field counts as
/// absent. A field that is a list or an object in JSON is one, as far as a key of [JsonlReader] wants that.
final class TableReader {
    /// Of one field, and so of what a quote that never closes can take.
    private static final int MOST_CHARS = 1 << 26;
    /// Keys whose values are no text.
    private static final Set<String> STRUCTURED = Set.of("messages", "conversations", "conversation", "history", "ids",
            "input_ids", "labels", "attention_mask", "loss_mask", "assistant_masks", "assistant_mask",
            "completion_mask");

    /// Keys whose values are texts, or else messages.
    private static final Set<String> SAID = Set.of("prompt", "completion", "chosen", "rejected");
    private static final Pattern MESSAGES = Pattern.compile("\\[\\s*\\{\\s*\"(role|from|content|value)\"\\s*:");

    private TableReader() {}

    static void units(InputStream in, String file, char separator, RowReader reader, Consumer<Unit> units) {
        records(in, file, separator, (columns, row) -> {
            int chars = row.getFields().stream().mapToInt(String::length).sum();
            String place = place(file, row);
            units.accept(reader.unit(chars, () -> object(columns, row, place, reader.columns()), place));
        });
    }

    /// All fields as they are, empty ones too.
    ///
    /// @param rows gets each row and its place
    /// @throws DataException if a row has more or fewer fields than there are columns
    static void texts(InputStream in, String file, char separator, BiConsumer<ObjectNode, String> rows) {
        records(in, file, separator, (columns, row) -> {
            check(columns, row, place(file, row));
            ObjectNode object = JsonNodeFactory.instance.objectNode();
            for (int i = 0; i < columns.size(); i++) {
                object.put(columns.get(i), row.getField(i));
            }
            rows.accept(object, place(file, row));
        });
    }

    private static String place(String file, CsvRecord row) {
        return file + ":" + row.getStartingLineNumber();
    }

    /// @param each gets the names of the columns and each row
    private static void records(InputStream in, String file, char separator, BiConsumer<List<String>, CsvRecord> each) {
        InputStreamReader text = new InputStreamReader(in,
                StandardCharsets.UTF_8.newDecoder().onMalformedInput(CodingErrorAction.REPORT));
        Iterator<CsvRecord> records = CsvReader.builder()
                .fieldSeparator(separator)
                .maxBufferSize(MOST_CHARS)
                .allowUnclosedQuote(false)
                .missingFieldStrategy(FieldMismatchStrategy.IGNORE)
                .extraFieldStrategy(FieldMismatchStrategy.IGNORE)
                .ofCsvRecord(text)
                .iterator();
        CsvRecord header = next(records, file);
        if (header == null) {
            throw new DataException(file + " is empty");
        }
        List<String> columns = columns(header, file);
        for (CsvRecord record = next(records, file); record != null; record = next(records, file)) {
            each.accept(columns, record);
        }
    }

    /// Null after the last.
    private static CsvRecord next(Iterator<CsvRecord> records, String file) {
        try {
            return records.hasNext() ? records.next() : null;
        } catch (CsvParseException e) {
            throw new DataException(file + ": " + e.getMessage(), e);
        } catch (UncheckedIOException e) {
            throw e.getCause() instanceof CharacterCodingException
                    ? new DataException(
                            file + ": not UTF-8; convert the file, for example with 'iconv -f CP949 -t UTF-8'", e)
                    : e;
        }
    }

    private static List<String> columns(CsvRecord header, String file) {
        List<String> columns = header.getFields()
                .stream()
                .map(name -> name.startsWith("\uFEFF") ? name.substring(1) : name)
                .toList();
        Set<String> seen = new HashSet<>();
        for (String column : columns) {
            if (!column.isEmpty() && !seen.add(column)) {
                throw new DataException(
                        file + ":1: two columns are called \"" + JsonLine.shown(column) + "\"; rename one");
            }
        }
        return columns;
    }

    private static void check(List<String> columns, CsvRecord row, String place) {
        if (row.getFieldCount() != columns.size()) {
            throw new DataException(place + ": has " + row.getFieldCount() + " fields, but the first line names "
                    + columns.size() + " columns");
        }
    }

    private static ObjectNode object(List<String> columns, CsvRecord row, String place, Columns names) {
        check(columns, row, place);
        ObjectNode object = JsonNodeFactory.instance.objectNode();
        for (int i = 0; i < columns.size(); i++) {
            String field = row.getField(i);
            String key = names.key(columns.get(i));
            if (!field.isEmpty()) {
                object.set(columns.get(i), value(key == null ? columns.get(i) : key, field, place));
            }
        }
        return object;
    }

    private static JsonNode value(String key, String field, String place) {
        if (field.charAt(0) == '[' && STRUCTURED.contains(key)) {
            return JsonLine.value(field, place);
        }
        if (MESSAGES.matcher(field).lookingAt() && SAID.contains(key)) {
            return JsonLine.value(field, place);
        }
        return JsonNodeFactory.instance.stringNode(field);
    }
}
