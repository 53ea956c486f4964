package llams.engine.tornado.device;

import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.util.Map;
import java.util.Optional;
import llams.engine.device.Device;
import llams.engine.device.Options;
import llams.engine.device.Session;
import llams.engine.tensor.Tensor;
import llams.engine.tornado.launch.Gpu;
import llams.engine.tornado.lowering.ProductMode;

/// A graphics card through TornadoVM.
public final class GpuDevice implements Device {
    private static final String HELP = "; docs/gpu.md describes every step";

    @Override
    public String name() {
        return "gpu";
    }

    @Override
    public String description() {
        return Gpu.description() + ", products: " + ProductMode.chosen()
                + ProductMode.warning().map(warning -> "; " + warning).orElse("");
    }

    @Override
    public Optional<String> unavailable() {
        try {
            // Not initialized here: that loads the driver.
            Class.forName("uk.ac.manchester.tornado.runtime.TornadoCoreRuntime", false,
                    GpuDevice.class.getClassLoader());
        } catch (ClassNotFoundException | LinkageError e) {
            return Optional.of("TornadoVM is not installed: install its SDK and set TORNADOVM_HOME" + HELP);
        }
        // Without the flag, a kernel that does not compile silently runs as sequential Java.
        if (!System.getProperty("tornado.recover.bailout", "true").equalsIgnoreCase("false")) {
            return Optional.of("TornadoVM may fall back to the processor: start with"
                    + " -Dtornado.recover.bailout=False, as ./llams does" + HELP);
        }
        // Without the driver, TornadoVM's CUDA backend ends the whole process.
        if (isForCuda() && !isLoadable("libcuda.so.1")) {
            return Optional.of("there is no NVIDIA driver (libcuda.so.1): install it and check that nvidia-smi"
                    + " lists the card" + HELP);
        }
        try {
            return Gpu.unavailable().or(ProductMode::unavailable).map(reason -> reason + HELP);
        } catch (RuntimeException | LinkageError e) {
            Throwable first = e;
            while (first.getCause() != null) {
                first = first.getCause();
            }
            return Optional.of("TornadoVM does not start: " + first.getMessage() + compilerMissing() + HELP);
        }
    }

    private static boolean isForCuda() {
        return ModuleLayer.boot().findModule("tornado.drivers.cuda").isPresent();
    }

    /// A cause that TornadoVM's CUDA backend does not name.
    private static String compilerMissing() {
        return isForCuda() && !isLoadable("libnvrtc.so.13") && !isLoadable("libnvrtc.so.12")
                ? "; NVIDIA's kernel compiler, libnvrtc.so.13 or .12, is not found: install the CUDA toolkit or"
                        + " Python's nvidia-cuda-nvrtc, and add its directory to LD_LIBRARY_PATH"
                : "";
    }

    @SuppressWarnings("restricted")
    private static boolean isLoadable(String library) {
        try (Arena arena = Arena.ofConfined()) {
            SymbolLookup.libraryLookup(library, arena);
            return true;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    @Override
    public Session open(Map<String, Tensor> resident, Options options) {
        ProductMode.warning().ifPresent(warning -> System.err.println("gpu: " + warning));
        return new GpuSession(resident, ProductMode.chosen(), GpuSession.Limits.usual());
    }
}
