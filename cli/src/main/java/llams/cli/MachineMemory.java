package llams.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import llams.engine.plan.Program;
import llams.trainer.run.Forecast;

/// The memory that work needs, compared with what the machine has.
final class MachineMemory {
    /// What Java takes besides the memory of any work: heap, code, classes, threads.
    static final long JAVA_BYTES = 150L << 20;

    private MachineMemory() {}

    /// Bytes of the machine, or of the container around this program.
    static long machineBytes() {
        return Forecast.machineBytes();
    }

    /// Bytes that are free on the disk where `path` is, or will be.
    static long usableDiskBytes(Path path) throws IOException {
        Path place = path.toAbsolutePath().normalize();
        while (!Files.exists(place)) {
            place = place.getParent();
        }
        return Files.getFileStore(place).getUsableSpace();
    }

    /// Whether state and temporaries fit. Frozen weights are mapped from their files: what is not there is read again.
    static boolean fits(Program.Memory memory) {
        return fits(memory, 0);
    }

    /// @param madeBytes weights that are in memory: not in a file as they are needed, or copied
    static boolean fits(Program.Memory memory, long madeBytes) {
        return allocated(memory) + madeBytes <= machineBytes();
    }

    static long allocated(Program.Memory memory) {
        return memory.state() + memory.temporaries();
    }

    /// @param madeBytes as in [#fits]
    /// @param remedy    what would need less
    /// @throws IllegalStateException if it does not fit
    static void check(Program.Memory memory, long madeBytes, String remedy) {
        if (!fits(memory, madeBytes)) {
            throw tooLittle(memory, madeBytes, remedy);
        }
    }

    static IllegalStateException tooLittle(Program.Memory memory, long madeBytes, String remedy) {
        String made = madeBytes == 0 ? "" : text(madeBytes) + " weights that are not mapped, ";
        return new IllegalStateException(
                "this needs " + text(allocated(memory) + madeBytes) + " of memory besides the mapped weights (" + made
                        + text(memory.state()) + " state, " + text(memory.temporaries())
                        + " temporary), but the machine has " + text(machineBytes()) + "; try " + remedy);
    }

    /// As `15.0 GiB`, in binary units like other tools that show memory and files.
    static String text(long bytes) {
        if (bytes < 1024) {
            return bytes + " B";
        }
        double value = bytes;
        String[] units = {"KiB", "MiB", "GiB", "TiB"};
        int unit = -1;
        do {
            value /= 1024;
            unit++;
        } while (value >= 1023.5 && unit + 1 < units.length);
        return String.format(Locale.ROOT, value < 10 ? "%.2f %s" : value < 100 ? "%.1f %s" : "%.0f %s", value,
                units[unit]);
    }
}
