package llams.mpi;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.util.Optional;

/// What a library takes for the objects and constants that its `mpi.h` defines.
///
/// @param layout       of a handle: a pointer as a number, or an `int`
/// @param world        `MPI_COMM_WORLD`
/// @param bytes        `MPI_BYTE`
/// @param errorsReturn `MPI_ERRORS_RETURN`
/// @param ignored      `MPI_STATUS_IGNORE` and `MPI_STATUSES_IGNORE`
/// @param serialized   `MPI_THREAD_SERIALIZED`: any thread calls, one at a time
record MpiHandles(ValueLayout layout, Object world, Object bytes, Object errorsReturn, MemorySegment ignored,
        int serialized) {
    /// The standard ABI of MPI 5.0, chapter 20: numbers in the place of pointers.
    private static final MpiHandles STANDARD = new MpiHandles(ValueLayout.JAVA_LONG, 0x101L, 0x247L, 0x142L,
            MemorySegment.NULL, 2048);
    /// MPICH and what descends from it.
    private static final MpiHandles MPICH = new MpiHandles(ValueLayout.JAVA_INT, 0x44000000, 0x4c00010d, 0x54000001,
            MemorySegment.ofAddress(1), 2);

    /// The handles of a library.
    ///
    /// @param isStandard whether it is one of the standard ABI
    static MpiHandles of(SymbolLookup library, boolean isStandard) {
        if (isStandard) {
            return STANDARD;
        }
        // Open MPI's handles are addresses of its variables.
        Optional<MemorySegment> world = library.find("ompi_mpi_comm_world");
        return world.isEmpty()
                ? MPICH
                : new MpiHandles(ValueLayout.JAVA_LONG, world.get().address(), address(library, "ompi_mpi_byte"),
                        address(library, "ompi_mpi_errors_return"), MemorySegment.NULL, 2);
    }

    private static long address(SymbolLookup library, String name) {
        return library.findOrThrow(name).address();
    }

    /// Memory for an `int` that a function writes.
    static MemorySegment number(Arena arena) {
        return arena.allocate(ValueLayout.JAVA_INT);
    }
}
