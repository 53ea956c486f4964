package llams.trainer.data;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/// A file's bytes, whose reader is watched.
final class CountedStream extends FilterInputStream {
    private static final long EVERY_BYTES = 1 << 20;

    private final String file;
    private final long totalBytes;
    private final ReadingListener listener;
    private long doneBytes;
    private long toldBytes;

    CountedStream(InputStream in, String file, long totalBytes, ReadingListener listener) {
        super(in);
        this.file = file;
        this.totalBytes = totalBytes;
        this.listener = listener;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] to, int offset, int length) throws IOException {
        int count = in.read(to, offset, length);
        doneBytes += Math.max(0, count);
        if (doneBytes - toldBytes >= EVERY_BYTES) {
            toldBytes = doneBytes;
            listener.reading(file, doneBytes, totalBytes);
        }
        return count;
    }

    @Override
    public void close() throws IOException {
        super.close();
        listener.ended(file);
    }
}
