package llams.engine.tornado;

import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.util.Map;
import java.util.Optional;
import llams.engine.device.Device;
import llams.engine.device.Options;
import llams.engine.device.Session;
import llams.engine.tensor.Tensor;

/// A graphics card through TornadoVM.
public final class GpuDevice implements Device {
    private static final String HELP = "; docs/gpu.md tells every step";

    @Override
    public String name() {
        return "gpu";
    }

    @Override
    public String description() {
        return Gpu.description();
    }

    @Override
    public Optional<String> unavailable() {
        try {
            // Without starting it: that loads the driver.
            Class.forName("uk.ac.manchester.tornado.runtime.TornadoCoreRuntime", false,
                    GpuDevice.class.getClassLoader());
        } catch (ClassNotFoundException | LinkageError e) {
            return Optional.of("TornadoVM is not there: install its SDK and set TORNADOVM_HOME" + HELP);
        }
        // Otherwise a kernel that does not compile would run as sequential Java, and nobody would know.
        if (!System.getProperty("tornado.recover.bailout", "true").equalsIgnoreCase("false")) {
            return Optional.of("TornadoVM may fall back to the processor: start with"
                    + " -Dtornado.recover.bailout=False, as ./llams does" + HELP);
        }
        // TornadoVM's CUDA backend would end the whole program.
        if (isForCuda() && !isLoadable("libcuda.so.1")) {
            return Optional.of("there is no NVIDIA driver (libcuda.so.1): install it, until nvidia-smi lists the"
                    + " card" + HELP);
        }
        try {
            return Gpu.unavailable().or(Products::unavailable).map(reason -> reason + HELP);
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

    /// What TornadoVM's CUDA backend does not say if it is the reason.
    private static String compilerMissing() {
        return isForCuda() && !isLoadable("libnvrtc.so.13") && !isLoadable("libnvrtc.so.12")
                ? "; NVIDIA's compiler of kernels, libnvrtc.so.13 or .12, is not found: install the CUDA toolkit or"
                        + " Python's nvidia-cuda-nvrtc, and say where with LD_LIBRARY_PATH"
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
        Products.warning().ifPresent(warning -> System.err.println("gpu: " + warning));
        return new GpuSession(resident, Products.chosen(), GpuSession.Limits.usual());
    }
}
