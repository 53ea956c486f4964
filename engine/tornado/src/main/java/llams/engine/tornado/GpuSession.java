package llams.engine.tornado;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import llams.engine.device.Executable;
import llams.engine.device.Session;
import llams.engine.graph.Leaf;
import llams.engine.graph.Program;
import llams.engine.tensor.DType;
import llams.engine.tensor.Tensor;
import llams.engine.tornado.Places.Ref;

/// Weights and state on the device, copied there once; programs compiled for it, which share graphs, the slab and scratch
/// memory.
final class GpuSession implements Session {
    /// Tasks of one graph, at most: more are faster to run, fewer compile faster.
    static final String TASKS = "llams.gpu.tasks";
    /// True to tell on stderr, when a session ends, what took the device's time.
    static final String PROFILE = "llams.gpu.profile";
    private static final int MAX_TASKS = 128;
    /// TornadoVM has 8 KiB for the tasks of a graph.
    private static final int MAX_TASK_BYTES = 7800;
    /// Room for the parameters and integer inputs of all programs of a session.
    private static final int INTS = 1 << 22;

    private final Map<String, Tensor> resident;
    private final Map<String, Ref> leaves = new HashMap<>();
    private final Memory memory = new Memory();
    private final Arena arena = Arena.ofShared();
    private final Constants constants = new Constants();
    private final Products products;
    private final Map<List<Launch.Shape>, Segment> segments = new HashMap<>();
    private final Profile profile = Boolean.getBoolean(PROFILE) ? new Profile() : null;
    private final Block ints;
    private final Block consts;
    private int intsUsed = Block.ALIGNMENT;
    private int constantsSent;
    private List<Block> slab = List.of();
    private Places.Workspace workspace;

    /// @param blockLimit elements of a block of weights or state, at most, if more than one tensor is in it
    GpuSession(Map<String, Tensor> resident, Products products, long blockLimit) {
        this.resident = Map.copyOf(resident);
        this.products = products.of(resident.values());
        try {
            ints = memory.make(Block.Kind.INTS, INTS);
            consts = memory.make(Block.Kind.FLOATS, Constants.CAPACITY);
            // Where parameters want a list of one zero.
            memory.write(arena.allocate((long) Block.ALIGNMENT * Integer.BYTES), ints, 0);
            workspace = new Places.Workspace(memory.make(Block.Kind.FLOATS, 1), memory.make(Block.Kind.SHORTS, 1),
                    memory.make(Block.Kind.SHORTS, 1));
            place(Block.Kind.FLOATS, blockLimit);
            place(Block.Kind.SHORTS, blockLimit);
        } catch (RuntimeException e) {
            close();
            throw e;
        }
    }

    private static Block.Kind kind(String name, DType dtype) {
        return switch (dtype) {
            case F32 -> Block.Kind.FLOATS;
            // A block of Q8_0 is a scale of 16 bits and 32 bytes: 17 shorts.
            case BF16, F16, Q8_0 -> Block.Kind.SHORTS;
            default -> throw new IllegalArgumentException("gpu: \"" + name + "\" is " + dtype
                    + ", and this device takes F32, BF16, F16 and Q8_0; use --device cpu");
        };
    }

    /// Gives every resident tensor of a kind its place, and copies it there. What has one name but for the numbers in it, as the
    /// layers' have, is in one block if it can be: so layers are alike, and share graphs.
    private void place(Block.Kind kind, long limit) {
        Map<String, Map<String, Tensor>> alike = new TreeMap<>();
        new TreeMap<>(resident).forEach((name, tensor) -> {
            if (kind(name, tensor.dtype()) == kind) {
                alike.computeIfAbsent(name.replaceAll("\\d+", "#"), pattern -> new LinkedHashMap<>()).put(name, tensor);
            }
        });
        Map<String, Tensor> together = new LinkedHashMap<>();
        for (Map<String, Tensor> tensors : alike.values()) {
            if (!together.isEmpty() && stored(together, kind) + stored(tensors, kind) > limit) {
                upload(kind, together);
                together.clear();
            }
            for (Map.Entry<String, Tensor> entry : tensors.entrySet()) {
                if (!together.isEmpty() && stored(together, kind) + stored(entry.getValue(), kind) > limit) {
                    upload(kind, together);
                    together.clear();
                }
                together.put(entry.getKey(), entry.getValue());
            }
        }
        if (!together.isEmpty()) {
            upload(kind, together);
        }
    }

    private static long stored(Map<String, Tensor> tensors, Block.Kind kind) {
        return tensors.values().stream().mapToLong(tensor -> stored(tensor, kind)).sum();
    }

    /// Elements of a block that a tensor takes.
    private static long stored(Tensor tensor, Block.Kind kind) {
        return Block.aligned(tensor.data().byteSize() / kind.bytes);
    }

    private void upload(Block.Kind kind, Map<String, Tensor> tensors) {
        Block block = memory.make(kind, stored(tensors, kind));
        long offset = 0;
        for (Map.Entry<String, Tensor> entry : tensors.entrySet()) {
            memory.write(entry.getValue().data(), block, offset);
            leaves.put(entry.getKey(), new Ref(block, Math.toIntExact(offset)));
            offset += stored(entry.getValue(), kind);
        }
    }

    @Override
    public Executable compile(Program program) {
        Map<String, Ref> refs = new HashMap<>();
        Map<String, Tensor> inputs = new HashMap<>();
        long floats = 0;
        for (Leaf leaf : program.leaves()) {
            if (leaf.kind() == Leaf.Kind.INPUT) {
                inputs.put(leaf.name(), Tensor.allocate(arena, leaf.dtype(), leaf.shape()));
                floats += leaf.dtype() == DType.F32 ? Block.aligned(leaf.type().shape().elements()) : 0;
            } else {
                refs.put(leaf.name(), resident(leaf));
            }
        }
        Block floatInputs = floats > 0 ? memory.make(Block.Kind.FLOATS, floats) : null;
        long offset = 0;
        for (Map.Entry<String, Tensor> input : inputs.entrySet()) {
            Tensor tensor = input.getValue();
            long elements = tensor.elements();
            if (tensor.dtype() == DType.F32) {
                refs.put(input.getKey(), new Ref(floatInputs, (int) offset));
                offset += Block.aligned(elements);
            } else if (tensor.dtype() == DType.I32) {
                refs.put(input.getKey(), new Ref(ints, take(elements)));
            } else {
                throw new IllegalArgumentException("gpu: input \"" + input.getKey() + "\" is " + tensor.dtype()
                        + ", and this device takes F32 and I32");
            }
        }
        growSlab(program.slabBytes() / Float.BYTES);
        Places places = new Places(refs, slab, workspace, consts);
        Lowering.Lowered lowered = Lowering.lower(program, places, constants, products);
        Places.Workspace grown = new Places.Workspace(grown(workspace.floats(), lowered.needs().floats()),
                grown(workspace.halves(), lowered.needs().halves()), grown(workspace.rounded(), lowered.needs().rounded()));
        if (!grown.equals(workspace)) {
            workspace = grown;
            places = new Places(refs, slab, workspace, consts);
            lowered = Lowering.lower(program, places, constants, products);
        }
        sendConstants();
        return new GpuExecutable(program, inputs, places, steps(lowered.launches()), memory, arena, profile);
    }

    /// Elements of `ints` that nobody else has, the index of the first.
    private int take(long elements) {
        long first = intsUsed;
        if (first + elements > INTS) {
            throw new IllegalArgumentException("gpu: the programs of one session need more than " + INTS + " integers; "
                    + "use fewer different lengths, or fewer tokens");
        }
        intsUsed = (int) Math.min(INTS, Block.aligned(first + elements));
        return (int) first;
    }

    private Block grown(Block block, long elements) {
        return elements > block.elements ? memory.make(block.kind, elements) : block;
    }

    private void growSlab(long elements) {
        long have = slab.stream().mapToLong(block -> block.elements).sum();
        if (elements > have || slab.isEmpty()) {
            List<Block> grown = new ArrayList<>();
            for (long from = 0; from == 0 || from < elements; from += Places.WINDOW) {
                grown.add(memory.make(Block.Kind.FLOATS, Math.min(Places.WINDOW, elements - from)));
            }
            slab = List.copyOf(grown);
        }
    }

    private void sendConstants() {
        if (constants.size() > constantsSent) {
            memory.write(arena.allocateFrom(ValueLayout.JAVA_FLOAT, constants.all()), consts, 0);
            constantsSent = constants.size();
        }
    }

    private List<GpuExecutable.Step> steps(List<Launch> launches) {
        int count = launches.stream().mapToInt(Launch::room).sum();
        int first = take(count);
        MemorySegment table = arena.allocate(Math.max(1, count) * (long) Integer.BYTES);
        List<GpuExecutable.Step> steps = new ArrayList<>();
        int at = 0;
        for (Roll.Part part : Roll.parts(launches, Integer.getInteger(TASKS, MAX_TASKS), MAX_TASK_BYTES)) {
            List<Launch> these = launches.subList(part.from(), part.to());
            Segment segment = segments.computeIfAbsent(Launch.shapes(these),
                    shapes -> new Segment(these, ints, consts, profile));
            steps.add(new GpuExecutable.Step(segment, these, Launch.distinctBlocks(these), first + at));
            for (Launch launch : these) {
                MemorySegment.copy(launch.parameters(), 0, table, ValueLayout.JAVA_INT, (long) at * Integer.BYTES,
                        launch.parameters().length);
                at += launch.room();
            }
        }
        if (count > 0) {
            memory.write(table.asSlice(0, (long) count * Integer.BYTES), ints, first);
        }
        return List.copyOf(steps);
    }

    private Ref resident(Leaf leaf) {
        Session.resident(resident, leaf);
        return leaves.get(leaf.name());
    }

    /// Copies what the device has into the caller's own tensor.
    @Override
    public Tensor read(String name) {
        Tensor tensor = resident.get(name);
        if (tensor != null && tensor.dtype() == DType.F32 && !tensor.data().isReadOnly()) {
            Ref ref = leaves.get(name);
            memory.read(ref.block(), ref.offset(), tensor.data());
        }
        return tensor;
    }

    @Override
    public void close() {
        if (profile != null) {
            System.err.print(profile.text());
        }
        segments.values().forEach(Segment::close);
        memory.close();
        arena.close();
    }
}
