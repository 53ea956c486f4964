package llams.trainer.data;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import llams.model.files.DataException;

/// The elements of a JSON list, or JSON values in a row, each over any number of lines. Only one is in memory at a
/// time. Text that is not JSON is returned unchanged, for the parser of the row to refuse.
public final class JsonElements implements Rows {
    private static final int END = -1;

    private final InputStream in;
    private final String name;
    private final boolean list;
    /// The current byte, and its line.
    private int at;
    private long line = 1;
    private long index = -1;
    private long rowLine;
    private boolean sharesLine;
    /// Whether the end of the list was found, or said to be missing.
    private boolean ended;

    /// @param name how messages call the source
    /// @param list whether the values are the elements of a list, whose bracket comes first
    public JsonElements(InputStream in, String name, boolean list) throws IOException {
        this.in = in;
        this.name = name;
        this.list = list;
        at = in.read();
        if (at == 0xEF) { // a byte order mark
            in.skipNBytes(2);
            at = in.read();
        }
        if (list) {
            skip("");
            rowLine = line;
            advance();
        }
    }

    @Override
    public String next() throws IOException {
        skip(",");
        if (at == END) {
            if (list && !ended) {
                throw cutShort(name + ":" + line);
            }
            return null;
        }
        if (list && at == ']') {
            return end();
        }
        index++;
        sharesLine = rowLine == line;
        rowLine = line;
        String element = Lines.decode(ByteBuffer.wrap(element()), place());
        if (list && at == END) {
            throw cutShort(place());
        }
        return element;
    }

    private DataException cutShort(String place) {
        ended = true;
        return new DataException(place + ": the list has no end; is the file cut short?");
    }

    private String end() throws IOException {
        ended = true;
        advance();
        skip("");
        long behind = line;
        boolean more = at != END;
        at = END;
        if (more) {
            throw new DataException(name + ":" + behind
                    + ": there is more after the end of the list; wanted one list, or one object per line");
        }
        return null;
    }

    /// `name:line` of the row's beginning; of the second row in a line and those after it also the index in brackets,
    /// from 0.
    @Override
    public String place() {
        return name + ":" + rowLine + (sharesLine ? "[" + index + "]" : "");
    }

    /// The bytes up to the end of the value at hand: the bracket that closes it, or what ends a bare value. None of
    /// these marks is ever part of another character in UTF-8.
    private byte[] element() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        int depth = 0;
        boolean quoted = false;
        do {
            int here = at;
            bytes.write(here);
            advance();
            if (quoted && here == '\\' && at != END) {
                bytes.write(at);
                advance();
            } else if (here == '"') {
                quoted = !quoted;
            } else if (!quoted && (here == '{' || here == '[')) {
                depth++;
            } else if (!quoted && (here == '}' || here == ']') && --depth <= 0) {
                break;
            }
        } while (at != END && (depth > 0 || quoted || at != ',' && at != '\n' && at != ']'));
        return bytes.toByteArray();
    }

    private void skip(String marks) throws IOException {
        while (at == ' ' || at == '\t' || at == '\r' || at == '\n' || at > 0 && marks.indexOf(at) >= 0) {
            advance();
        }
    }

    private void advance() throws IOException {
        if (at == '\n') {
            line++;
        }
        at = in.read();
    }
}
