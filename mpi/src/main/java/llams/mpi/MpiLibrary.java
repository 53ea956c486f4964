package llams.mpi;

import java.lang.foreign.Arena;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// An MPI library, found by the names that packages give it.
///
/// @param version what it says of itself, one line
record MpiLibrary(SymbolLookup symbols, MpiHandles handles, String version) {
    /// Its file or the name by which the system finds it, in place of the usual names.
    static final String PATH = "LLAMS_MPI_LIBRARY";
    private static final String OPEN_MPI = "Open MPI";
    /// The standard ABI first; then Open MPI, and MPICH under the names of its own and of Debian.
    private static final List<String> NAMES = List.of("libmpi_abi.so.1", "libmpi_abi.so.0", "libmpi_abi.so",
            "libmpi.so.40", "libmpich.so.12", "libmpi.so.12", "libmpi.so");
    private static final int MOST_VERSION_BYTES = 8192;

    /// The library that goes with the launcher: others would take each process for the only one.
    ///
    /// @param environment of this process
    /// @throws IllegalStateException if there is none: says what would help
    @SuppressWarnings("restricted")
    static MpiLibrary open(Map<String, String> environment) {
        List<String> names = environment.containsKey(PATH) ? List.of(environment.get(PATH)) : NAMES;
        List<String> others = new ArrayList<>();
        for (String name : names) {
            SymbolLookup symbols;
            try {
                symbols = SymbolLookup.libraryLookup(name, Arena.global());
            } catch (IllegalArgumentException _) {
                continue;
            }
            if (symbols.find("MPI_Get_library_version").isEmpty()) {
                continue;
            }
            boolean isStandard = name.contains("mpi_abi");
            String version = version(symbols);
            if (fits(version, environment)) {
                return new MpiLibrary(symbols, MpiHandles.of(symbols, isStandard), version);
            }
            others.add(name + " (" + version + ")");
        }
        throw new IllegalStateException("this process was launched by " + launcher(environment)
                + ", and there is no MPI library that goes with it"
                + (others.isEmpty() ? "" : ", only " + String.join(", ", others))
                + "; install it on every machine (on Debian and Ubuntu: apt-get install openmpi-bin libopenmpi-dev), or"
                + " name its file in " + PATH);
    }

    /// Whether a library is the one that a launcher talks to: Open MPI's mpirun needs its own, and that of MPICH any
    /// other. Slurm serves both.
    private static boolean fits(String version, Map<String, String> environment) {
        return switch (launcher(environment)) {
            case "Open MPI" -> version.startsWith(OPEN_MPI);
            case "MPICH" -> !version.startsWith(OPEN_MPI);
            default -> true;
        };
    }

    private static String launcher(Map<String, String> environment) {
        return environment.containsKey(MpiLauncher.OPEN_MPI_SIZE)
                ? "Open MPI"
                : environment.containsKey(MpiLauncher.MPICH_SIZE) && !environment.containsKey(MpiLauncher.SLURM_SIZE)
                        ? "MPICH"
                        : "Slurm or a launcher like it";
    }

    private static String version(SymbolLookup symbols) {
        MethodHandle function = Functions.of(symbols, "MPI_Get_library_version", ValueLayout.ADDRESS,
                ValueLayout.ADDRESS);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment text = arena.allocate(MOST_VERSION_BYTES);
            int _ = (int) function.invokeExact(text, MpiHandles.number(arena));
            return text.getString(0).lines().findFirst().orElse("").strip();
        } catch (Throwable e) {
            throw new IllegalStateException("MPI_Get_library_version: " + e.getMessage(), e);
        }
    }

    /// A function that returns an error code, 0 for none.
    MethodHandle function(String name, MemoryLayout... parameters) {
        return Functions.of(symbols, name, parameters);
    }
}
