package llams.engine.tornado.graphs;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;
import llams.engine.tornado.launch.DeviceBlock;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/// Allocates blocks on the device and copies parts of them in and out through small arrays, the windows, so that the
/// host never holds anything of a model's size besides the mapped file.
final class WindowedMemory implements AutoCloseable {
    /// Elements of the windows; the smallest that holds a copy is used, or the largest repeatedly.
    private static final int[] WINDOWS = {1 << 10, 1 << 16, 1 << 20, 1 << 24};
    private static final int GROUP = 64;

    private final Arena arena = Arena.ofShared();
    private final Map<DeviceBlock, TornadoGraph> owners = new HashMap<>();
    private final Map<Key, Window> windows = new HashMap<>();

    private record Key(HostedBlock block, int elements, boolean in) {}

    private record Window(TornadoNativeArray array, IntArray range, TornadoGraph graph, TornadoGraph.Task task) {}

    /// A block on the device, not cleared.
    HostedBlock allocate(DeviceBlock.Kind kind, long elements) {
        HostedBlock block = new HostedBlock(kind, DeviceBlock.aligned(Math.max(1, elements)), arena);
        TornadoGraph graph = new TornadoGraph().allocate(block.array);
        owners.put(block, graph);
        TornadoGraph.Task task = graph.task(GROUP, 1, "the allocation of a block");
        TaskGraph g = graph.taskGraph();
        switch (kind) {
            case FLOATS -> g.task(task.id(), WindowKernels::makeFloats, TornadoGraph.CONTEXT, block.floats());
            case SHORTS -> g.task(task.id(), WindowKernels::makeShorts, TornadoGraph.CONTEXT, block.shorts());
            case INTS -> g.task(task.id(), WindowKernels::makeInts, TornadoGraph.CONTEXT, block.ints());
        }
        graph.run();
        graph.keepBuffer(block);
        return block;
    }

    /// A block of one integer.
    HostedBlock allocateNumber(int value) {
        HostedBlock block = new HostedBlock(DeviceBlock.Kind.INTS, DeviceBlock.ALIGNMENT, arena);
        block.ints().set(0, value);
        TornadoGraph graph = new TornadoGraph().sendOnce(block.array);
        owners.put(block, graph);
        TornadoGraph.Task task = graph.task(GROUP, 1, "the allocation of a number");
        graph.taskGraph().task(task.id(), WindowKernels::keepInts, TornadoGraph.CONTEXT, block.ints());
        graph.run();
        graph.keepBuffer(block);
        return block;
    }

    void free(DeviceBlock block) {
        windows.entrySet().removeIf(window -> {
            if (window.getKey().block == block) {
                window.getValue().graph.close();
                return true;
            }
            return false;
        });
        owners.remove(block).close();
    }

    /// Copies host memory unchanged to element `offset` of a block.
    void write(MemorySegment from, HostedBlock block, long offset) {
        long count = from.byteSize() / block.kind.bytes;
        for (long done = 0; done < count;) {
            Window window = window(block, count - done, true);
            int elements = (int) Math.min(count - done, window.array.getSize());
            MemorySegment.copy(from, done * block.kind.bytes, window.array.getSegment(), 0,
                    (long) elements * block.kind.bytes);
            move(window, offset + done, elements);
            done += elements;
        }
    }

    /// Copies from element `offset` of a block of floats.
    void read(HostedBlock block, long offset, MemorySegment to) {
        long count = to.byteSize() / block.kind.bytes;
        for (long done = 0; done < count;) {
            Window window = window(block, count - done, false);
            int elements = (int) Math.min(count - done, window.array.getSize());
            move(window, offset + done, elements);
            MemorySegment.copy(window.array.getSegment(), 0, to, done * block.kind.bytes,
                    (long) elements * block.kind.bytes);
            done += elements;
        }
    }

    private static void move(Window window, long offset, int elements) {
        window.range.set(0, Math.toIntExact(offset));
        window.range.set(1, elements);
        window.task.grid().setGlobalWork((elements + GROUP - 1) / GROUP * GROUP, 1, 1);
        window.graph.run();
    }

    private Window window(HostedBlock block, long count, boolean in) {
        int size = WINDOWS[WINDOWS.length - 1];
        for (int i = WINDOWS.length - 1; i >= 0 && WINDOWS[i] >= count; i--) {
            size = WINDOWS[i];
        }
        return windows.computeIfAbsent(new Key(block, size, in), WindowedMemory::window);
    }

    private static Window window(Key key) {
        IntArray range = new IntArray(2);
        TornadoGraph graph = new TornadoGraph();
        HostedBlock block = key.block;
        TornadoNativeArray array = switch (block.kind) {
            case FLOATS -> new FloatArray(key.elements);
            case SHORTS -> new ShortArray(key.elements);
            case INTS -> new IntArray(key.elements);
        };
        if (key.in) {
            graph.send(range, array).use(block);
        } else {
            graph.send(range).use(block);
        }
        TornadoGraph.Task task = graph.task(GROUP, 1, key.in ? "the copy into a block" : "the copy out of a block");
        TaskGraph g = graph.taskGraph();
        switch (array) {
            case FloatArray floats when key.in ->
                g.task(task.id(), WindowKernels::putFloats, TornadoGraph.CONTEXT, range, floats, block.floats());
            case FloatArray floats ->
                g.task(task.id(), WindowKernels::takeFloats, TornadoGraph.CONTEXT, range, block.floats(), floats);
            case ShortArray shorts ->
                g.task(task.id(), WindowKernels::putShorts, TornadoGraph.CONTEXT, range, shorts, block.shorts());
            case IntArray ints ->
                g.task(task.id(), WindowKernels::putInts, TornadoGraph.CONTEXT, range, ints, block.ints());
            default -> throw new IllegalStateException("gpu: no window of " + array.getClass());
        }
        if (!key.in) {
            graph.fetch(array);
        }
        return new Window(array, range, graph, task);
    }

    @Override
    public void close() {
        windows.values().forEach(window -> window.graph.close());
        owners.values().forEach(TornadoGraph::close);
        arena.close();
    }
}
