package llams.engine.tornado.launch;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import uk.ac.manchester.tornado.api.enums.TornadoVMBackendType;

/// Who puts launches onto the device.
public enum LaunchMode {
    /// TornadoVM, as graphs of its own.
    TORNADO,
    /// The CUDA driver, one after the other.
    STREAM,
    /// As [#STREAM], but each is waited for, so that an error on the device names its op.
    EACH,
    /// As [#STREAM] for a program's first run, and then as one CUDA graph.
    GRAPH;

    /// Names one of them; by default it is a CUDA graph where there is CUDA.
    public static final String PROPERTY = "llams.gpu.launches";

    /// @throws IllegalArgumentException if the setting is none, or not possible here
    public static LaunchMode chosen() {
        boolean isCuda = Gpu.backend() == TornadoVMBackendType.CUDA;
        String wanted = System.getProperty(PROPERTY, isCuda ? "graph" : "tornado");
        LaunchMode launches = Arrays.stream(values())
                .filter(value -> value.toString().equals(wanted))
                .findAny()
                .orElseThrow(() -> new IllegalArgumentException("-D" + PROPERTY + "=" + wanted + " is none of "
                        + Arrays.stream(values()).map(LaunchMode::toString).collect(Collectors.joining(", "))));
        if (launches != TORNADO && !isCuda) {
            throw new IllegalArgumentException("-D" + PROPERTY + "=" + wanted + " is for TornadoVM's CUDA backend,"
                    + " and this is " + Gpu.backend());
        }
        return launches;
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
