package llams.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;

/// Standard error, as the launcher keeps it. While Java starts, descriptor 2 passes through a filter that drops the
/// incubator warning, and the property `llams.stderr` names the descriptor of the true one. The first write puts that
/// back in its place, which costs some 45 ms: a program that says nothing does not pay them. Without the launcher there
/// is nothing to do.
final class Stderr extends OutputStream {
    /// Initialized once, by whichever thread writes first.
    private static final class Restored {
        static final OutputStream STREAM = restored();
    }

    @Override
    public void write(int b) throws IOException {
        Restored.STREAM.write(b);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        Restored.STREAM.write(bytes, offset, length);
    }

    private static OutputStream restored() {
        Integer kept = Integer.getInteger("llams.stderr");
        if (kept != null) {
            restore(kept);
        }
        return new FileOutputStream(FileDescriptor.err);
    }

    @SuppressWarnings("restricted") // native access: the launcher grants it
    private static void restore(int kept) {
        Linker linker = Linker.nativeLinker();
        var dup2 = linker.downcallHandle(linker.defaultLookup().findOrThrow("dup2"),
                FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
        try {
            // On failure descriptor 2 stays what it was, the filter: messages still arrive.
            int descriptor = (int) dup2.invokeExact(kept, 2);
            assert descriptor == 2 || descriptor == -1;
        } catch (Throwable e) {
            throw new AssertionError("dup2 does not throw", e);
        }
    }
}
