package llams.model.hub;

import java.io.ByteArrayInputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongConsumer;

/// What a request sends. It can be sent again.
sealed interface Outgoing {
    /// How many bytes it has.
    long bytes();

    InputStream open() throws IOException;

    /// Bytes that are in memory.
    record Text(byte[] content) implements Outgoing {
        @Override
        public long bytes() {
            return content.length;
        }

        @Override
        public InputStream open() {
            return new ByteArrayInputStream(content);
        }
    }

    /// A part of a file, which is read while it is sent.
    record Part(Path file, long from, long bytes) implements Outgoing {
        @Override
        public InputStream open() throws IOException {
            FileChannel channel = FileChannel.open(file);
            channel.position(from);
            return Channels.newInputStream(channel);
        }
    }

    /// For Java's client; the length is stated, which stores insist on.
    ///
    /// @param sent     counts the bytes that are on their way, from 0
    /// @param progress receives that count
    default BodyPublisher publisher(AtomicLong sent, LongConsumer progress) {
        return BodyPublishers.fromPublisher(BodyPublishers.ofInputStream(() -> {
            try {
                sent.set(0);
                return new Counted(open(), bytes(), sent, progress);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }), bytes());
    }

    /// The first `left` bytes of a stream, counted.
    final class Counted extends FilterInputStream {
        private final AtomicLong sent;
        private final LongConsumer progress;
        private long left;

        private Counted(InputStream in, long left, AtomicLong sent, LongConsumer progress) {
            super(in);
            this.left = left;
            this.sent = sent;
            this.progress = progress;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            int count = left == 0 ? -1 : in.read(bytes, offset, (int) Math.min(left, length));
            if (count > 0) {
                left -= count;
                progress.accept(sent.addAndGet(count));
            }
            return count;
        }
    }
}
