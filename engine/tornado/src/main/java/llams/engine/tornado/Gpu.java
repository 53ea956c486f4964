package llams.engine.tornado;

import java.util.Optional;
import uk.ac.manchester.tornado.api.TornadoExecutionPlan;
import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.TornadoVMBackendType;
import uk.ac.manchester.tornado.api.runtime.TornadoRuntimeProvider;

/// What TornadoVM says of its device. Loaded only once its classes are known to be there.
final class Gpu {
    private Gpu() {
    }

    static Optional<String> unavailable() {
        if (TornadoRuntimeProvider.getTornadoRuntime().getNumBackends() == 0) {
            return Optional.of("TornadoVM found no driver: install that of the graphics card (nvidia-smi must list it), or for "
                    + "tests on the processor pocl-opencl-icd");
        }
        return Optional.empty();
    }

    static String description() {
        TornadoDevice device = TornadoExecutionPlan.DEFAULT_DEVICE;
        return "%s through TornadoVM (%s), %.1f GiB memory, products: %s".formatted(device.getPhysicalDevice().getDeviceName(),
                backend(), device.getPhysicalDevice().getDeviceGlobalMemorySize() / (double) (1L << 30), Products.chosen())
                + Products.warning().map(warning -> "; " + warning).orElse("");
    }

    static TornadoVMBackendType backend() {
        return TornadoExecutionPlan.DEFAULT_DEVICE.getTornadoVMBackend();
    }
}
