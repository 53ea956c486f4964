package llams.cli;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import llams.engine.device.Device;
import llams.engine.device.Devices;
import llams.engine.device.Options;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// Options of every command that computes.
final class ComputeOptions {
    @Spec(Spec.Target.MIXEE)
    CommandSpec spec;

    enum DeviceChoice {
        cpu, gpu, auto
    }

    @Option(
            names = "--device",
            paramLabel = "DEVICE",
            defaultValue = "auto",
            description = "cpu, gpu or auto (default: ${DEFAULT-VALUE}); 'llams devices' lists them.")
    DeviceChoice device;

    int threads = Runtime.getRuntime().availableProcessors();

    @Option(
            names = "--threads",
            paramLabel = "N",
            description = "CPU threads, at most one per core (default: all cores).")
    void setThreads(int count) {
        if (count < 1) {
            throw new ParameterException(spec.commandLine(), "--threads must be at least 1, not " + count);
        }
        threads = count;
    }

    /// The kernels fix their vector width when their classes load, so the choice has to stand before any of them does:
    /// here, while options are read.
    @Option(
            names = "--vector-bits",
            paramLabel = "BITS",
            description = "Vector width of the CPU kernels: 128, 256 or 512 (default: the widest this CPU has).")
    void setVectorBits(int bits) {
        if (bits != 128 && bits != 256 && bits != 512) {
            throw new ParameterException(spec.commandLine(), "--vector-bits must be 128, 256 or 512, not " + bits);
        }
        System.setProperty("llams.vectorBits", Integer.toString(bits));
    }

    Options options() {
        return new Options(threads);
    }

    /// The options that the command line has, with their values as written.
    Map<String, String> given() {
        Map<String, String> given = new TreeMap<>();
        for (OptionSpec option : spec.commandLine().getParseResult().matchedOptions()) {
            if (List.of("--device", "--threads", "--vector-bits").contains(option.longestName())) {
                given.put(option.longestName(), option.originalStringValues().getFirst());
            }
        }
        return given;
    }

    /// The name of the device that was opened: what `auto` came to.
    String used;

    /// The chosen device, which will work with the chosen number of threads.
    ///
    /// @throws IllegalArgumentException if it cannot be used: says why
    Device open() {
        Device opened = Devices.byName(device.name()).with(options());
        used = opened.name();
        return opened;
    }
}
