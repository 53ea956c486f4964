package llams.engine.tornado.launch;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import uk.ac.manchester.tornado.api.enums.TornadoVMBackendType;

/// How launches reach the device.
public enum LaunchMode {
    /// Through TornadoVM's task graphs.
    TORNADO,
    /// Through the CUDA driver, one by one.
    STREAM,
    /// As [#STREAM], waiting for each launch, so that an error on the device names its op.
    EACH,
    /// As [#STREAM] on a program's first run, then as one CUDA graph.
    GRAPH;

    /// Names a mode; the default with CUDA is `graph`, otherwise `tornado`.
    public static final String PROPERTY = "llams.gpu.launches";

    /// @throws IllegalArgumentException if the setting is unknown, or not possible here
    public static LaunchMode chosen() {
        boolean isCuda = Gpu.backend() == TornadoVMBackendType.CUDA;
        String wanted = System.getProperty(PROPERTY, isCuda ? "graph" : "tornado");
        LaunchMode launches = Arrays.stream(values())
                .filter(value -> value.toString().equals(wanted))
                .findAny()
                .orElseThrow(() -> new IllegalArgumentException("-D" + PROPERTY + "=" + wanted + " is not one of "
                        + Arrays.stream(values()).map(LaunchMode::toString).collect(Collectors.joining(", "))));
        if (launches != TORNADO && !isCuda) {
            throw new IllegalArgumentException("-D" + PROPERTY + "=" + wanted + " needs TornadoVM's CUDA backend,"
                    + " and this is " + Gpu.backend());
        }
        return launches;
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
