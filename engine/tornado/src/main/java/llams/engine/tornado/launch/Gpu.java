package llams.engine.tornado.launch;

import java.util.Arrays;
import java.util.Optional;
import llams.engine.tornado.kernels.Kernel;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.TornadoVMBackendType;
import uk.ac.manchester.tornado.api.runtime.TornadoRuntimeProvider;

/// What TornadoVM says about its device. Loaded only once TornadoVM is known to be present.
public final class Gpu {
    private Gpu() {}

    public static Optional<String> unavailable() {
        if (TornadoRuntimeProvider.getTornadoRuntime().getNumBackends() == 0) {
            return Optional.of("TornadoVM found no driver: install the graphics card's (nvidia-smi must list the"
                    + " card), or pocl-opencl-icd to test on the processor");
        }
        return groupTooSmall(groupLimit());
    }

    /// @param limit the device's largest work-group, in threads
    public static Optional<String> groupTooSmall(long limit) {
        int needed = Arrays.stream(Kernel.values()).mapToInt(kernel -> kernel.localX * kernel.localY).max().orElse(0);
        return limit >= needed
                ? Optional.empty()
                : Optional.of(name() + " has groups of " + limit + " threads at most, and " + needed + " are needed");
    }

    /// The largest work-group, in threads.
    public static long groupLimit() {
        return device().getPhysicalDevice().getDeviceMaxWorkGroupSize()[0];
    }

    public static String name() {
        return device().getPhysicalDevice().getDeviceName();
    }

    public static String description() {
        return "%s through TornadoVM (%s), %.1f GiB memory".formatted(name(), backend(),
                device().getPhysicalDevice().getDeviceGlobalMemorySize() / (double) (1L << 30));
    }

    public static TornadoVMBackendType backend() {
        return device().getTornadoVMBackend();
    }

    public static TornadoDevice device() {
        return TornadoExecutionPlan.DEFAULT_DEVICE;
    }
}
