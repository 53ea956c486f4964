package llams.mpi;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/// Who handles SIGSEGV. The JVM does, as compiled code finds out by it that a reference is null; a library that takes the
/// signal makes the first NullPointerException a crash.
final class SignalHandler {
    private static final int SIGSEGV = 11;
    /// `struct sigaction` is smaller on every system.
    private static final int MOST_BYTES = 256;

    private SignalHandler() {}

    /// The address of the handler's code; on Linux and macOS it comes first in `struct sigaction`.
    static long address() {
        MethodHandle sigaction = Functions.of(Functions.SYSTEM, "sigaction", ValueLayout.JAVA_INT, ValueLayout.ADDRESS,
                ValueLayout.ADDRESS);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment action = arena.allocate(MOST_BYTES, Long.BYTES);
            int _ = (int) sigaction.invokeExact(SIGSEGV, MemorySegment.NULL, action);
            return action.get(ValueLayout.JAVA_LONG, 0);
        } catch (Throwable e) {
            throw new IllegalStateException("sigaction: " + e.getMessage(), e);
        }
    }

    /// Sets a variable of the environment that libraries see, unless it is set.
    static void setDefault(String name, String value) {
        MethodHandle setenv = Functions.of(Functions.SYSTEM, "setenv", ValueLayout.ADDRESS, ValueLayout.ADDRESS,
                ValueLayout.JAVA_INT);
        try (Arena arena = Arena.ofConfined()) {
            int _ = (int) setenv.invokeExact(arena.allocateFrom(name), arena.allocateFrom(value), 0);
        } catch (Throwable e) {
            throw new IllegalStateException("setenv: " + e.getMessage(), e);
        }
    }
}
