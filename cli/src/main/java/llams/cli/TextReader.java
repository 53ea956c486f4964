package llams.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.Reader;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.Charset;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import llams.model.files.DataException;

/// A text of any length, decoded as [TextFile#decode] does it, without ever having all of it in memory. Only UTF-16 without
/// a mark is read as a whole, since it shows by its length.
final class TextReader extends Reader {
    private static final int BUFFER_BYTES = 1 << 16;

    private final InputStream in;
    private final String place;
    private final Charset charset;
    private final CharsetDecoder decoder;
    /// Read, and not yet decoded.
    private final ByteBuffer bytes;
    /// Bytes of the text before `bytes`.
    private long before;
    private boolean ended;

    /// @param place where the bytes are from, for messages
    TextReader(InputStream in, String place) throws IOException {
        this.in = in;
        this.place = place;
        byte[] start = in.readNBytes(BUFFER_BYTES);
        Charset guess = TextFile.charset(start);
        if (guess == StandardCharsets.UTF_8 || guess == StandardCharsets.UTF_16) {
            charset = guess;
        } else {
            byte[] more = in.readAllBytes();
            byte[] whole = new byte[Math.addExact(start.length, more.length)];
            System.arraycopy(start, 0, whole, 0, start.length);
            System.arraycopy(more, 0, whole, start.length, more.length);
            start = whole;
            charset = TextFile.charset(whole);
        }
        bytes = ByteBuffer.wrap(start);
        decoder = charset.newDecoder();
        ended = start.length < BUFFER_BYTES;
    }

    /// @throws DataException if the bytes are not what they seem to be
    @Override
    public int read(char[] chars, int offset, int length) throws IOException {
        CharBuffer text = CharBuffer.wrap(chars, offset, length);
        while (true) {
            CoderResult result = decoder.decode(bytes, text, ended);
            if (result.isError()) {
                throw new DataException(place + ": not " + charset + " at byte " + (before + bytes.position()));
            }
            if (text.position() > offset || length == 0) {
                return text.position() - offset;
            }
            if (ended) {
                return -1;
            }
            fill();
        }
    }

    private void fill() throws IOException {
        before += bytes.position();
        bytes.compact();
        int count = in.readNBytes(bytes.array(), bytes.position(), bytes.remaining());
        ended = count < bytes.remaining();
        bytes.position(bytes.position() + count).flip();
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
