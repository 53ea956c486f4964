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

/// Launches whose arguments stand ready in memory. The second run keeps them as a CUDA graph, and from then on the host
/// asks for that alone.
final class CudaProgram implements Launcher.Prepared {
    /// A kernel's, at most.
    private static final int MOST_ARGUMENTS = 20;

    private final List<Launch> launches;
    private final Setting setting;
    private final Arena arena = Arena.ofShared();
    /// A kernel's handle and its arguments; none for a product of the library.
    private final long[] functions;
    private final MemorySegment[] arguments;
    private boolean hasRun;
    private boolean isCaptured;
    private long graph;
    /// One before each launch and one behind the last, where they are measured: made once, for that takes the host time
    /// as well.
    private final List<Long> events = new ArrayList<>();

    /// Where launches go.
    ///
    /// @param library null if no product needs it
    /// @param profile null to measure nothing
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

    /// Pointers to the values of the arguments, and behind room for the most of them the values.
    private static void fill(MemorySegment pointers, CudaKernel kernel, Launch launch, Shared shared, int start) {
        int count = CudaKernel.RESERVED + kernel.arguments().length;
        if (count > MOST_ARGUMENTS) {
            throw new IllegalStateException(
                    launch.kernel() + " has " + count + " arguments, at most " + MOST_ARGUMENTS + " are possible");
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

    /// Where a kernel takes an array to begin: its header, which is never read, stands before the elements.
    private static long array(int argument, Launch launch, Shared shared, int start) {
        long elements = switch (argument) {
            // The zeros at the start of the integers: parameters are counted from there.
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

    /// Keeps all launches as a graph. If that cannot be, it says so, and they go on one by one.
    private void capture() {
        isCaptured = true;
        IllegalStateException failure = null;
        CudaDriver.beginCapture(setting.stream.handle());
        try {
            put(0, launches.size());
        } catch (IllegalStateException e) {
            failure = e;
        }
        // A stream that is not brought back from keeping to running would run nothing ever again.
        try {
            graph = CudaDriver.endCapture(setting.stream.handle());
        } catch (IllegalStateException e) {
            failure = failure == null ? e : failure;
        }
        if (failure != null) {
            // What was kept before the failure would be a program with launches missing.
            if (graph != 0) {
                CudaDriver.destroyGraph(graph);
                graph = 0;
            }
            System.err.println("gpu: no CUDA graph of " + launches.size() + " launches can be made ("
                    + failure.getMessage() + "); they go one by one, which costs the host more time");
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
