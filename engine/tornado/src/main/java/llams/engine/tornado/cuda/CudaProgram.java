package llams.engine.tornado.cuda;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import llams.engine.tornado.kernels.Kernel;
import llams.engine.tornado.launch.DeviceBlock;
import llams.engine.tornado.launch.Launch;
import llams.engine.tornado.launch.LaunchMode;
import llams.engine.tornado.launch.Launcher;
import llams.engine.tornado.launch.Profile;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/// Launches whose arguments are ready in memory. The second run captures them as a CUDA graph, which later runs launch
/// with one call.
final class CudaProgram implements Launcher.Prepared {
    /// The most arguments of a kernel.
    private static final int MOST_ARGUMENTS = 20;

    private final List<Launch> launches;
    private final Setting setting;
    private final Arena arena = Arena.ofShared();
    /// The handle and arguments of each kernel; empty for a product of cuBLAS.
    private final long[] functions;
    private final MemorySegment[] arguments;
    private boolean hasRun;
    private boolean isCaptured;
    private long graph;
    /// When profiling, one before each launch and one after the last, created once, as that takes host time too.
    private final List<Long> events = new ArrayList<>();

    /// How and where launches run.
    ///
    /// @param library null if no product needs cuBLAS
    /// @param profile null when not profiling
    record Setting(long context, CuBlas.Stream stream, CuBlas library,
            BiFunction<Kernel, List<DeviceBlock.Kind>, CudaKernel> compiler, LaunchMode mode, Profile profile) {}

    /// What every kernel reads.
    record Shared(DeviceBlock ints, DeviceBlock consts) {}

    CudaProgram(List<Launch> all, Setting setting, Shared shared, int parameters) {
        launches = all.stream()
                .filter(launch -> launch.groupsX() > 0 && launch.groupsY() > 0 && launch.groupsZ() > 0)
                .toList();
        this.setting = setting;
        functions = new long[launches.size()];
        arguments = new MemorySegment[launches.size()];
        MemorySegment room = arena.allocate(ValueLayout.JAVA_LONG, (long) MOST_ARGUMENTS * 2 * launches.size());
        int start = parameters;
        int at = 0;
        for (Launch launch : all) {
            if (at < launches.size() && launches.get(at) == launch) {
                if (launch.product() == null) {
                    CudaKernel kernel = setting.compiler.apply(launch.kernel(),
                            launch.blocks().stream().map(block -> block.kind).toList());
                    functions[at] = kernel.function();
                    arguments[at] = room.asSlice((long) Long.BYTES * MOST_ARGUMENTS * 2 * at);
                    fill(arguments[at], kernel, launch, shared, start);
                }
                at++;
            }
            start += launch.room();
        }
    }

    /// Pointers to the arguments' values, followed, after room for [#MOST_ARGUMENTS] pointers, by the values.
    private static void fill(MemorySegment pointers, CudaKernel kernel, Launch launch, Shared shared, int start) {
        int count = CudaKernel.RESERVED + kernel.arguments().length;
        if (count > MOST_ARGUMENTS) {
            throw new IllegalStateException(
                    launch.kernel() + " has " + count + " arguments, more than the limit of " + MOST_ARGUMENTS);
        }
        for (int i = 0; i < count; i++) {
            int at = MOST_ARGUMENTS + i;
            long value = i < CudaKernel.RESERVED
                    ? 0
                    : array(kernel.arguments()[i - CudaKernel.RESERVED], launch, shared, start);
            pointers.setAtIndex(ValueLayout.JAVA_LONG, at, value);
            pointers.setAtIndex(ValueLayout.JAVA_LONG, i, pointers.address() + (long) Long.BYTES * at);
        }
    }

    /// The address where a kernel expects an array: its header, never read, precedes the elements.
    private static long array(int argument, Launch launch, Shared shared, int start) {
        long elements = switch (argument) {
            // The zeros at the start of the integers: parameters are indexed from there.
            case CudaKernel.PC, CudaKernel.INTS -> shared.ints.address;
            case CudaKernel.CONSTS -> shared.consts.address;
            case CudaKernel.START -> shared.ints.address + (long) Integer.BYTES * (start + Launch.OWN_START);
            default -> launch.blocks().get(argument).address;
        };
        return elements - TornadoNativeArray.ARRAY_HEADER;
    }

    @Override
    public void run() {
        CudaDriver.enter(setting.context);
        if (setting.mode == LaunchMode.GRAPH && setting.profile == null && hasRun && !isCaptured) {
            capture();
        }
        if (setting.profile != null) {
            putAndMeasure();
        } else if (graph != 0) {
            CudaDriver.launchGraph(graph, setting.stream.handle());
        } else {
            put(0, launches.size());
        }
        hasRun = true;
        CudaDriver.finish(setting.stream.handle());
    }

    private void put(int from, int to) {
        for (int i = from; i < to; i++) {
            Launch launch = launches.get(i);
            if (launch.product() == null) {
                CudaDriver.launch(launch, functions[i], arguments[i], setting.stream.handle());
            } else {
                setting.library.multiply(launch.product(), setting.stream, launch.blocks().get(0).address,
                        launch.blocks().get(1).address, launch.blocks().get(2).address);
            }
            if (setting.mode == LaunchMode.EACH) {
                waitFor(launch);
            }
        }
    }

    private void waitFor(Launch launch) {
        try {
            CudaDriver.finish(setting.stream.handle());
        } catch (IllegalStateException e) {
            throw new IllegalStateException(e.getMessage() + ", in " + launch.kernel() + " for " + launch.what(), e);
        }
    }

    /// Captures all launches as a graph. If that fails, it says so, and launches continue one by one.
    private void capture() {
        isCaptured = true;
        IllegalStateException failure = null;
        CudaDriver.beginCapture(setting.stream.handle());
        try {
            put(0, launches.size());
        } catch (IllegalStateException e) {
            failure = e;
        }
        // A stream left in capture would never run anything again.
        try {
            graph = CudaDriver.endCapture(setting.stream.handle());
        } catch (IllegalStateException e) {
            failure = failure == null ? e : failure;
        }
        if (failure != null) {
            // A graph captured up to the failure would lack launches.
            if (graph != 0) {
                CudaDriver.destroyGraph(graph);
                graph = 0;
            }
            System.err.println("gpu: no CUDA graph of " + launches.size() + " launches can be made ("
                    + failure.getMessage() + "); they run one by one, which costs the host more time");
        }
    }

    private void putAndMeasure() {
        long stream = setting.stream.handle();
        while (events.size() <= launches.size()) {
            events.add(CudaDriver.createEvent());
        }
        for (int i = 0; i < launches.size(); i++) {
            CudaDriver.recordEvent(events.get(i), stream);
            put(i, i + 1);
        }
        CudaDriver.recordEvent(events.getLast(), stream);
        CudaDriver.finish(stream);
        long[] nanos = new long[launches.size()];
        for (int i = 0; i < nanos.length; i++) {
            nanos[i] = CudaDriver.nanosBetween(events.get(i), events.get(i + 1));
        }
        setting.profile.add(launches, nanos);
    }

    @Override
    public void close() {
        if (graph != 0 || !events.isEmpty()) {
            CudaDriver.enter(setting.context);
        }
        if (graph != 0) {
            CudaDriver.destroyGraph(graph);
        }
        events.forEach(CudaDriver::destroyEvent);
        arena.close();
    }
}
