package llams.engine.tornado.cuda;

import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiFunction;
import llams.engine.tornado.kernels.Kernel;
import llams.engine.tornado.launch.DeviceBlock;
import llams.engine.tornado.launch.Launch;
import llams.engine.tornado.launch.LaunchMode;
import llams.engine.tornado.launch.Launcher;
import llams.engine.tornado.launch.Profile;
import uk.ac.manchester.tornado.runtime.common.TornadoOptions;

/// Runs launches through the CUDA driver: TornadoVM only compiles the kernels, while memory, copies and launches are
/// the driver's. A launch costs the host a few microseconds, and what the driver refuses is always an error.
///
/// All work of a process goes through one stream, in order.
public final class CudaLauncher implements Launcher {
    /// The limit of device memory, as [TornadoOptions] reads it.
    private static final String MEMORY = "tornado.device.memory";
    private static final double GIBIBYTE = 1L << 30;
    /// Elements are aligned for copies and cuBLAS, after room for the header that kernels skip.
    private static final int HEAD_BYTES = 256;
    /// What NVIDIA recommends for Hopper.
    private static final long LIBRARY_BYTES = 32L << 20;
    private static CuBlas.Stream stream;
    private static long context;

    private final LaunchMode mode;
    private final BiFunction<Kernel, List<DeviceBlock.Kind>, CudaKernel> compiler;
    private final Map<DeviceBlock, Long> made = new HashMap<>();
    private long used;
    private CuBlas library;

    /// @param compiler compiles a kernel for the kinds of its operands
    public CudaLauncher(LaunchMode mode, BiFunction<Kernel, List<DeviceBlock.Kind>, CudaKernel> compiler) {
        this.mode = mode;
        this.compiler = compiler;
        synchronized (CudaLauncher.class) {
            if (stream == null) {
                context = compiler.apply(Kernel.FILL, List.of(DeviceBlock.Kind.FLOATS)).context();
                CudaDriver.enter(context);
                long workspace = CudaDriver.allocate(LIBRARY_BYTES);
                stream = new CuBlas.Stream(CudaDriver.createStream(), workspace, workspace == 0 ? 0 : LIBRARY_BYTES);
            }
        }
    }

    @Override
    public DeviceBlock allocate(DeviceBlock.Kind kind, long elements) {
        CudaDriver.enter(context);
        long count = DeviceBlock.aligned(Math.max(1, elements));
        long bytes = HEAD_BYTES + count * kind.bytes;
        boolean isTooMuch = System.getProperty(MEMORY) != null && used + bytes > TornadoOptions.DEVICE_AVAILABLE_MEMORY;
        long address = isTooMuch ? 0 : CudaDriver.allocate(bytes);
        if (address == 0) {
            throw outOfMemory(bytes, isTooMuch);
        }
        DeviceBlock block = new DeviceBlock(kind, count, address + HEAD_BYTES);
        made.put(block, address);
        used += bytes;
        return block;
    }

    private IllegalStateException outOfMemory(long bytes, boolean isTooMuch) {
        String why = isTooMuch
                ? "LLAMS_GPU_MEMORY allows " + System.getProperty(MEMORY)
                : String.format(Locale.ROOT, "the card has %.3f GiB left", CudaDriver.unused() / GIBIBYTE);
        return new IllegalStateException(String.format(Locale.ROOT,
                "gpu: out of device memory: %.3f GiB were asked for on top of %.3f GiB,"
                        + " and %s; use fewer tokens, --recompute or a smaller rank%s",
                bytes / GIBIBYTE, used / GIBIBYTE, why,
                isTooMuch ? ", or allow more of the card: LLAMS_GPU_MEMORY=40GB ./llams ..." : ""));
    }

    @Override
    public void free(DeviceBlock block) {
        CudaDriver.enter(context);
        // Work under way may still use it.
        CudaDriver.finish(stream.handle());
        CudaDriver.free(made.remove(block));
        used -= HEAD_BYTES + block.bytes();
    }

    @Override
    public void write(MemorySegment from, DeviceBlock block, long offset) {
        CudaDriver.enter(context);
        CudaDriver.copyIn(from, block.address + offset * block.kind.bytes, stream.handle());
    }

    @Override
    public void read(DeviceBlock block, long offset, MemorySegment to) {
        CudaDriver.enter(context);
        CudaDriver.copyOut(block.address + offset * block.kind.bytes, to, stream.handle());
    }

    @Override
    public Prepared prepare(List<Launch> all, DeviceBlock ints, DeviceBlock consts, int parameters, Profile profile) {
        CudaDriver.enter(context);
        if (library == null && all.stream().anyMatch(launch -> launch.product() != null)) {
            CuBlas loaded = CuBlas.load();
            loaded.acquire();
            library = loaded;
        }
        return new CudaProgram(all, new CudaProgram.Setting(context, stream, library, compiler, mode, profile),
                new CudaProgram.Shared(ints, consts), parameters);
    }

    @Override
    public void close() {
        CudaDriver.enter(context);
        List.copyOf(made.keySet()).forEach(this::free);
        if (library != null) {
            library.release();
        }
    }
}
