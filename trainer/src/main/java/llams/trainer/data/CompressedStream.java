package llams.trainer.data;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import llams.model.files.DataException;

/// What comes out of a compressed file. Damage is an error of the data, whatever the library calls it.
final class CompressedStream extends FilterInputStream {
    private final Path file;

    CompressedStream(Path file, InputStream decompressed) {
        super(decompressed);
        this.file = file;
    }

    static DataException damaged(Path file, Exception e) {
        return new DataException(file + ": cannot be decompressed: "
                + (e.getMessage() == null ? "it ends too early; is it cut short?" : e.getMessage()), e);
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] to, int offset, int length) throws IOException {
        try {
            return in.read(to, offset, length);
        } catch (IOException | RuntimeException e) {
            throw damaged(file, e);
        }
    }
}
