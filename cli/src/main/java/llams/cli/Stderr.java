package llams.cli;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;

/// Standard error, as the launcher keeps it.
final class Stderr {
    private Stderr() {}

    /// Puts the true standard error back. While Java starts, the launcher lets descriptor 2 pass through a filter that
    /// drops the incubator warning, and keeps the true one as the descriptor that the property `llams.stderr` names;
    /// without the launcher there is nothing to do. Costs about 45 ms, once.
    @SuppressWarnings("restricted") // native access: the launcher grants it
    static void restore() {
        Integer kept = Integer.getInteger("llams.stderr");
        if (kept == null) {
            return;
        }
        Linker linker = Linker.nativeLinker();
        var dup2 = linker.downcallHandle(linker.defaultLookup().findOrThrow("dup2"),
                FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
        try {
            // On failure descriptor 2 stays what it was, the filter: messages still arrive.
            int descriptor = (int) dup2.invokeExact((int) kept, 2);
            assert descriptor == 2 || descriptor == -1;
        } catch (Throwable e) {
            throw new AssertionError("dup2 does not throw", e);
        }
    }
}
