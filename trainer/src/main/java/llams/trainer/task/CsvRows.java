package llams.trainer.task;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import llams.model.files.DataException;
import llams.trainer.task.RowFile.Row;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// Comma-separated values (RFC 4180): the first line names the columns; a value in quotes may have separators, line ends
/// and doubled quotes. All values are texts.
final class CsvRows {
    private final BufferedReader in;
    private final String file;
    private final char separator;
    private int line = 1;
    private int at;

    private CsvRows(BufferedReader in, String file, char separator) throws IOException {
        this.in = in;
        this.file = file;
        this.separator = separator;
        at = in.read();
        if (at == 0xFEFF) {
            advance();
        }
    }

    static List<Row> read(Path file, char separator) throws IOException {
        try (BufferedReader in = Files.newBufferedReader(file)) {
            return new CsvRows(in, file.toString(), separator).rows();
        } catch (CharacterCodingException e) {
            throw new DataException(file + ": not UTF-8; convert the file, for example with 'iconv -f CP949 -t UTF-8'",
                    e);
        }
    }

    private List<Row> rows() throws IOException {
        List<String> columns = record();
        List<Row> rows = new ArrayList<>();
        while (at >= 0) {
            String origin = file + ":" + line;
            List<String> values = record();
            if (values.size() == 1 && values.getFirst().isEmpty()) {
                continue;
            }
            if (values.size() != columns.size()) {
                throw new DataException(
                        origin + ": " + values.size() + " values, but the first line names " + columns.size()
                                + " columns; a value with a separator or a line end in it must stand in quotes");
            }
            ObjectNode row = JsonNodeFactory.instance.objectNode();
            for (int i = 0; i < columns.size(); i++) {
                row.put(columns.get(i), values.get(i));
            }
            rows.add(new Row(row, origin));
        }
        return rows;
    }

    private List<String> record() throws IOException {
        List<String> values = new ArrayList<>();
        while (true) {
            values.add(at == '"' ? quoted() : plain());
            if (at != separator) {
                break;
            }
            advance();
        }
        if (at == '\r') {
            advance();
        }
        if (at == '\n') {
            advance();
        } else if (at >= 0) {
            throw new DataException(file + ":" + line + ": a quoted value is followed by '" + (char) at
                    + "'; quotes in a value must be doubled");
        }
        return values;
    }

    private String plain() throws IOException {
        StringBuilder value = new StringBuilder();
        while (at >= 0 && at != separator && at != '\n' && at != '\r') {
            value.append((char) at);
            advance();
        }
        return value.toString();
    }

    private String quoted() throws IOException {
        int begin = line;
        StringBuilder value = new StringBuilder();
        advance();
        while (true) {
            if (at < 0) {
                throw new DataException(file + ":" + begin + ": a quoted value has no end; is the file cut short?");
            }
            if (at == '"') {
                advance();
                if (at != '"') {
                    return value.toString();
                }
            }
            value.append((char) at);
            advance();
        }
    }

    private void advance() throws IOException {
        line += at == '\n' ? 1 : 0;
        at = in.read();
    }
}
