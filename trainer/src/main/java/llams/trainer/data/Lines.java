package llams.trainer.data;

import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import llams.model.files.DataException;

/// Lines of UTF-8 text with their numbers. A line ends at `\n` alone: a `\r` is a character of its line. A byte order
/// mark at the start is dropped. Files in UTF-16 are read as well.
public final class Lines implements Rows, Closeable {
    private final InputStream in;
    private final String name;
    private final byte[] buffer = new byte[1 << 16];
    private int at;
    private int end;
    private long number;
    private boolean terminated;

    /// @param name how messages call the source
    public Lines(InputStream in, String name) {
        this.in = in;
        this.name = name;
    }

    public static Lines open(Path file) throws IOException {
        return new Lines(Source.open(file), Source.name(file));
    }

    /// The next line without its `\n`; null after the last.
    ///
    /// @throws DataException if it is not UTF-8; the next call continues with the line after it
    @Override
    public String next() throws IOException {
        ByteArrayOutputStream line = null;
        while (true) {
            if (at == end) {
                at = 0;
                end = Math.max(0, fill());
                if (end == 0) {
                    terminated = false;
                    return line == null ? null : line(line.toByteArray(), 0, line.size());
                }
            }
            int newline = at;
            while (newline < end && buffer[newline] != '\n') {
                newline++;
            }
            if (newline < end && line == null) {
                int from = at;
                at = newline + 1;
                terminated = true;
                return line(buffer, from, newline - from);
            }
            if (line == null) {
                line = new ByteArrayOutputStream();
            }
            line.write(buffer, at, newline - at);
            at = newline;
            if (newline < end) {
                at++;
                terminated = true;
                return line(line.toByteArray(), 0, line.size());
            }
        }
    }

    private int fill() throws IOException {
        try {
            return in.read(buffer);
        } catch (IOException e) {
            throw new IOException(name + ": " + e.getMessage(), e);
        }
    }

    /// Whether a whole line has been read already, so that [#next] need not wait for it.
    public boolean hasNextAtHand() {
        for (int i = at; i < end; i++) {
            if (buffer[i] == '\n') {
                return true;
            }
        }
        return false;
    }

    /// Whether the line last returned ended with `\n`: only the last one may not.
    public boolean terminated() {
        return terminated;
    }

    /// `name:number` of the line last returned, for messages; the first line is 1.
    @Override
    public String place() {
        return name + ":" + number;
    }

    private String line(byte[] bytes, int from, int length) {
        number++;
        String text = decode(ByteBuffer.wrap(bytes, from, length).slice(), place());
        return number == 1 && text.startsWith("\uFEFF") ? text.substring(1) : text;
    }

    static String decode(ByteBuffer source, String place) {
        try {
            return StandardCharsets.UTF_8.newDecoder()
                    .onMalformedInput(CodingErrorAction.REPORT)
                    .onUnmappableCharacter(CodingErrorAction.REPORT)
                    .decode(source)
                    .toString();
        } catch (CharacterCodingException e) {
            throw new DataException(place + ": not UTF-8 at byte " + source.position()
                    + " of the line; convert the file, for example with 'iconv -f CP949 -t UTF-8'", e);
        }
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
