package llams.trainer.data;

import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import llams.model.files.DataException;

/// Text in UTF-16, as Windows writes it, as a stream of UTF-8. A byte order mark stays the first character.
final class Utf16Stream extends InputStream {
    private final Reader in;
    private final String name;
    private final char[] chars = new char[1 << 13];
    private byte[] bytes = {};
    private int at;

    /// @param name how messages call the source
    Utf16Stream(InputStream in, Charset order, String name) {
        this.in = new InputStreamReader(in, order.newDecoder().onMalformedInput(CodingErrorAction.REPORT));
        this.name = name;
    }

    @Override
    public int read() throws IOException {
        return fill() ? bytes[at++] & 0xFF : -1;
    }

    @Override
    public int read(byte[] to, int offset, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        if (!fill()) {
            return -1;
        }
        int count = Math.min(length, bytes.length - at);
        System.arraycopy(bytes, at, to, offset, count);
        at += count;
        return count;
    }

    /// Whether there is a byte at `at`. The decoder never gives half of a surrogate pair.
    private boolean fill() throws IOException {
        if (at == bytes.length) {
            int count;
            try {
                count = in.read(chars);
            } catch (CharacterCodingException e) {
                throw new DataException(
                        name + ": starts as UTF-16 but continues as something else; save it again as UTF-8", e);
            }
            bytes = count < 0 ? new byte[0] : new String(chars, 0, count).getBytes(StandardCharsets.UTF_8);
            at = 0;
        }
        return at < bytes.length;
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
