package llams.engine.tornado.launch;

import java.util.Arrays;
import java.util.Optional;
import llams.engine.tornado.kernels.Kernel;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.TornadoVMBackendType;
import uk.ac.manchester.tornado.api.runtime.TornadoRuntimeProvider;

/// What TornadoVM says of its device. Loaded only once its classes are known to be there.
public final class Gpu {
    private Gpu() {}

    public static Optional<String> unavailable() {
        if (TornadoRuntimeProvider.getTornadoRuntime().getNumBackends() == 0) {
            return Optional.of("TornadoVM found no driver: install that of the graphics card (nvidia-smi must list"
                    + " it), or for tests on the processor pocl-opencl-icd");
        }
        return groupTooSmall(groupLimit());
    }

    /// @param limit threads of a group that the device has, at most
    public static Optional<String> groupTooSmall(long limit) {
        int needed = Arrays.stream(Kernel.values()).mapToInt(kernel -> kernel.localX * kernel.localY).max().orElse(0);
        return limit >= needed
                ? Optional.empty()
                : Optional.of(name() + " has groups of " + limit + " threads at most, and " + needed + " are needed");
    }

    /// Threads of a group, at most.
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
