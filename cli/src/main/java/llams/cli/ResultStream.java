package llams.cli;

import java.io.BufferedOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;

/// Standard output as commands write it. `PrintStream` swallows every `IOException`: a command would go on for hours
/// into a closed pipe, or call a result done that a full disk refused. This one throws what `PrintStream` passes on.
final class ResultStream extends FilterOutputStream {
    /// Standard output took no more.
    static final class Unwritable extends RuntimeException {
        private static final long serialVersionUID = 1;

        Unwritable(IOException cause) {
            super(cause);
        }

        /// The reader has gone away, as in `llams ... | head -1`: no error that anyone wants to read about.
        boolean closedPipe() {
            String message = getCause().getMessage();
            return message != null && (message.contains("Broken pipe") || message.contains("Pipe closed"));
        }
    }

    ResultStream(OutputStream out) {
        super(new BufferedOutputStream(out, 1 << 16));
    }

    @Override
    public void write(int b) {
        try {
            out.write(b);
        } catch (IOException e) {
            throw new Unwritable(e);
        }
    }

    @Override
    public void write(byte[] bytes, int offset, int length) {
        try {
            out.write(bytes, offset, length);
        } catch (IOException e) {
            throw new Unwritable(e);
        }
    }

    @Override
    public void flush() {
        try {
            out.flush();
        } catch (IOException e) {
            throw new Unwritable(e);
        }
    }
}
