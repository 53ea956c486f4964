package llams.mpi;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/// Functions of C that return an `int`.
final class Functions {
    private static final Linker LINKER = Linker.nativeLinker();
    /// The C library's.
    static final SymbolLookup SYSTEM = LINKER.defaultLookup();

    private Functions() {}

    /// @throws java.util.NoSuchElementException if the library has no such function
    @SuppressWarnings("restricted")
    static MethodHandle of(SymbolLookup library, String name, MemoryLayout... parameters) {
        return LINKER.downcallHandle(library.findOrThrow(name),
                FunctionDescriptor.of(ValueLayout.JAVA_INT, parameters));
    }
}
