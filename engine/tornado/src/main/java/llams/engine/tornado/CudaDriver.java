package llams.engine.tornado;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/// What is needed of the CUDA driver beside TornadoVM.
@SuppressWarnings("restricted")
final class CudaDriver {
    static final String LIBRARY = "libcuda.so.1";
    private static final SymbolLookup SYMBOLS = SymbolLookup.libraryLookup(LIBRARY, Arena.global());
    private static final MethodHandle SET_CONTEXT = function(SYMBOLS, "cuCtxSetCurrent", ValueLayout.JAVA_LONG);
    private static final MethodHandle SYNCHRONIZE = function(SYMBOLS, "cuCtxSynchronize");

    private CudaDriver() {
    }

    /// A C function that returns a status.
    ///
    /// @throws IllegalStateException if the library has none of this name
    static MethodHandle function(SymbolLookup library, String name, MemoryLayout... arguments) {
        return Linker.nativeLinker().downcallHandle(
                library.find(name).orElseThrow(() -> new IllegalStateException("gpu: the library has no " + name)),
                FunctionDescriptor.of(ValueLayout.JAVA_INT, arguments));
    }

    /// What was thrown where a foreign function was called: only a checked exception comes back.
    static IllegalStateException unexpected(Throwable thrown) {
        switch (thrown) {
            case Error error -> throw error;
            case RuntimeException own -> throw own;
            default -> {
            }
        }
        return new IllegalStateException("gpu: " + thrown, thrown);
    }

    /// Makes a context that of this thread: the driver's and its libraries' functions work in that.
    static void enter(long context) {
        try {
            check("cuCtxSetCurrent", (int) SET_CONTEXT.invokeExact(context));
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    /// Waits for the device. TornadoVM prints what goes wrong there and carries on; this does not.
    ///
    /// @throws IllegalStateException if work failed on the device: from then on it refuses all
    static void finish() {
        try {
            check("the work on the device", (int) SYNCHRONIZE.invokeExact());
        } catch (Throwable e) {
            throw unexpected(e);
        }
    }

    private static void check(String what, int status) {
        if (status != 0) {
            throw new IllegalStateException("gpu: " + what + " failed with CUDA's error " + status
                    + (status == 2 ? ", out of memory" : status == 700 ? ", an illegal address" : ""));
        }
    }
}
