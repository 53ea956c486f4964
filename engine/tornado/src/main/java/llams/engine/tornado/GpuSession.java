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
import llams.engine.plan.Program;
import llams.engine.tensor.DType;
import llams.engine.tensor.Tensor;
import llams.engine.tornado.Places.Ref;

/// Weights and state on the device, copied there once; programs compiled for it, which share memory for what they
/// compute.
final class GpuSession implements Session {
    /// True to tell on stderr, when a session ends, what took the device's time.
    static final String PROFILE = "llams.gpu.profile";

    /// How large things get.
    ///
    /// @param block   elements of a block of weights or state, at most, if more than one tensor is in it
    /// @param scratch numbers that an op which can work in pieces, as attention and the loss, holds at a time
    /// @param ints    integers of a session: all programs' inputs and, of as many as there is room for, the parameters
    record Limits(long block, long scratch, int ints) {
        /// Names another limit of scratch memory.
        static final String SCRATCH = "llams.gpu.scratch";

        static Limits usual() {
            return new Limits(Block.LIMIT, Long.getLong(SCRATCH, 1 << 26), 1 << 22);
        }
    }

    final Arena arena = Arena.ofShared();
    private final MemorySegment zeros = arena.allocate((long) Block.ALIGNMENT * Integer.BYTES);
    final Runner runner;
    final Block ints;
    final Block consts;
    /// Null to measure nothing.
    final Profile profile = Boolean.getBoolean(PROFILE) ? new Profile() : null;
    private final Map<String, Tensor> resident;
    private final Products products;
    private final Limits limits;
    private final Map<String, Ref> leaves = new HashMap<>();
    private final List<GpuExecutable> programs = new ArrayList<>();
    private final Constants constants = new Constants();
    private int constantsSent;
    /// Behind the inputs in `ints`, and where the parameters begin, which grow towards them.
    private int inputsEnd = Block.ALIGNMENT;
    private int parametersStart;
    /// What the largest program needs, and what there is.
    private Places.Sizes needs = new Places.Sizes(1, 1, 1, 1);
    private Places.Temporary temporary;

    GpuSession(Map<String, Tensor> resident, Products products, Limits limits) {
        this(resident, products, limits, Launches.chosen().runner());
    }

    /// @param runner is closed with this session
    GpuSession(Map<String, Tensor> resident, Products products, Limits limits, Runner runner) {
        this.resident = Map.copyOf(resident);
        this.products = products.of(resident.values());
        this.limits = limits;
        this.runner = runner;
        try {
            ints = runner.make(Block.Kind.INTS, limits.ints);
            parametersStart = limits.ints;
            consts = runner.make(Block.Kind.FLOATS, Constants.CAPACITY);
            // Where parameters want a list of one zero.
            runner.write(zeros, ints, 0);
            long start = System.nanoTime();
            place(Block.Kind.FLOATS);
            place(Block.Kind.SHORTS);
            if (profile != null) {
                profile.sent(resident.values().stream().mapToLong(tensor -> tensor.data().byteSize()).sum(),
                        System.nanoTime() - start);
            }
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

    /// Gives every resident tensor of a kind its place, and copies it there. What has one name but for the numbers in
    /// it, as the layers' have, is in one block if it can be: so layers are alike, and share graphs.
    private void place(Block.Kind kind) {
        Map<String, Map<String, Tensor>> alike = new TreeMap<>();
        new TreeMap<>(resident).forEach((name, tensor) -> {
            if (kind(name, tensor.dtype()) == kind) {
                alike.computeIfAbsent(name.replaceAll("\\d+", "#"), pattern -> new LinkedHashMap<>()).put(name, tensor);
            }
        });
        Group group = new Group(kind);
        for (Map<String, Tensor> tensors : alike.values()) {
            long all = tensors.values().stream().mapToLong(tensor -> stored(tensor, kind)).sum();
            group.makeRoom(all);
            tensors.forEach((name, tensor) -> {
                group.makeRoom(stored(tensor, kind));
                group.add(name, tensor);
            });
        }
        group.upload();
    }

    /// Tensors that will be one block.
    private final class Group {
        final Block.Kind kind;
        final Map<String, Tensor> tensors = new LinkedHashMap<>();
        long elements;

        Group(Block.Kind kind) {
            this.kind = kind;
        }

        /// Starts a new block if so many elements more are too many for this one.
        void makeRoom(long more) {
            if (elements + more > limits.block) {
                upload();
            }
        }

        void add(String name, Tensor tensor) {
            tensors.put(name, tensor);
            elements += stored(tensor, kind);
        }

        void upload() {
            if (tensors.isEmpty()) {
                return;
            }
            Block block = runner.make(kind, elements);
            long offset = 0;
            for (Map.Entry<String, Tensor> entry : tensors.entrySet()) {
                MemorySegment data = entry.getValue().data();
                runner.write(data, block, offset);
                leaves.put(entry.getKey(), new Ref(block, Math.toIntExact(offset)));
                long behind = offset + data.byteSize() / kind.bytes;
                offset += stored(entry.getValue(), kind);
                if (behind < offset) {
                    // What is done for many tensors at once passes over it.
                    runner.write(zeros.asSlice(0, (offset - behind) * kind.bytes), block, behind);
                }
            }
            tensors.clear();
            elements = 0;
        }
    }

    /// Elements of a block that a tensor takes.
    private static long stored(Tensor tensor, Block.Kind kind) {
        return Block.aligned(tensor.data().byteSize() / kind.bytes);
    }

    @Override
    public Executable compile(Program program) {
        Map<String, Ref> refs = new HashMap<>();
        for (Leaf leaf : program.leaves()) {
            if (leaf.kind() != Leaf.Kind.INPUT) {
                refs.put(leaf.name(), resident(leaf));
            }
        }
        GpuExecutable.Inputs inputs = inputs(program, refs);
        // What an op needs for itself shows only when it is placed.
        Places.Sizes slab = new Places.Sizes(program.slabBytes() / Float.BYTES, 1, 1, 1);
        Lowering.Lowered lowered = lower(program, new Places(refs, Places.Temporary.imagined(slab), consts), Reach.ALL);
        needs = needs.most(lowered.needs());
        int room = lowered.launches().stream().mapToInt(Launch::room).sum();
        GpuExecutable executable = new GpuExecutable(this, program, inputs, Reach.of(lowered.lasts(), inputs.tensors()),
                refs, room);
        programs.add(executable);
        return executable;
    }

    /// Makes a program's inputs, and gives them their places.
    private GpuExecutable.Inputs inputs(Program program, Map<String, Ref> refs) {
        Map<String, Tensor> tensors = new HashMap<>();
        Map<MemorySegment, Ref> areas = new LinkedHashMap<>();
        for (DType dtype : List.of(DType.I32, DType.F32)) {
            List<Leaf> leaves = program.leaves()
                    .stream()
                    .filter(leaf -> leaf.kind() == Leaf.Kind.INPUT && leaf.dtype() == dtype)
                    .toList();
            long elements = leaves.stream().mapToLong(leaf -> Block.aligned(leaf.shape().elements())).sum();
            if (elements == 0) {
                continue;
            }
            Ref first = dtype == DType.I32
                    ? new Ref(ints, inputs(elements))
                    : new Ref(runner.make(Block.Kind.FLOATS, elements), 0);
            MemorySegment area = arena.allocate(elements * Integer.BYTES, Block.ALIGNMENT);
            areas.put(area, first);
            long offset = 0;
            for (Leaf leaf : leaves) {
                tensors.put(leaf.name(), new Tensor(dtype, leaf.shape(),
                        area.asSlice(offset * Integer.BYTES, leaf.shape().elements() * Integer.BYTES)));
                refs.put(leaf.name(), first.plus(offset));
                offset += Block.aligned(leaf.shape().elements());
            }
        }
        for (Leaf leaf : program.leaves()) {
            if (leaf.kind() == Leaf.Kind.INPUT && !tensors.containsKey(leaf.name())) {
                throw new IllegalArgumentException("gpu: input \"" + leaf.name() + "\" is " + leaf.dtype()
                        + ", and this device takes F32 and I32");
            }
        }
        return new GpuExecutable.Inputs(tensors, areas);
    }

    /// Elements of `ints` that stay a program's, the index of the first.
    private int inputs(long elements) {
        makeRoom(elements);
        int first = inputsEnd;
        inputsEnd += (int) Block.aligned(elements);
        return first;
    }

    /// Elements of `ints` that are a program's until others need them, the index of the first; see
    /// [GpuExecutable#release].
    int parameters(int elements) {
        makeRoom(elements);
        parametersStart -= (int) Block.aligned(elements);
        return parametersStart;
    }

    /// If there is too little of it, no program keeps its parameters.
    private void makeRoom(long elements) {
        if (Block.aligned(elements) > parametersStart - inputsEnd) {
            programs.forEach(GpuExecutable::release);
            parametersStart = limits.ints;
        }
        if (Block.aligned(elements) > parametersStart - inputsEnd) {
            throw new IllegalArgumentException("gpu: the programs of one session need more than " + limits.ints
                    + " integers; use fewer different lengths, or fewer tokens");
        }
    }

    /// Memory that suffices for every program so far. What has become too small is freed first: nothing is in it but
    /// what the last run left.
    Places.Temporary temporary() {
        Places.Temporary have = temporary;
        temporary = null;
        temporary = needs.made(have, runner::make, runner::free);
        return temporary;
    }

    /// @param reach rows of keys that tokens see, at most
    Lowering.Lowered lower(Program program, Places places, int reach) {
        Lowering.Lowered lowered = Lowering.lower(program, places, constants, products, limits.scratch, reach);
        if (constants.size() > constantsSent) {
            runner.write(arena.allocateFrom(ValueLayout.JAVA_FLOAT, constants.all()), consts, 0);
            constantsSent = constants.size();
        }
        return lowered;
    }

    /// Puts the parameters of launches into `ints`.
    void sendParameters(List<Launch> launches, int first) {
        try (Arena once = Arena.ofConfined()) {
            MemorySegment table = once.allocate(ValueLayout.JAVA_INT, launches.stream().mapToInt(Launch::room).sum());
            int at = 0;
            for (Launch launch : launches) {
                if (launch.room() > 0) {
                    int[] parameters = launch.parameters();
                    MemorySegment.copy(parameters, 0, table, ValueLayout.JAVA_INT, (long) at * Integer.BYTES,
                            parameters.length);
                    table.setAtIndex(ValueLayout.JAVA_INT, at + Launch.OWN_START, first + at);
                    at += launch.room();
                }
            }
            if (at > 0) {
                runner.write(table, ints, first);
            }
        }
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
            runner.read(ref.block(), ref.offset(), tensor.data());
        }
        return tensor;
    }

    @Override
    public void close() {
        if (profile != null) {
            System.err.print(profile.text());
        }
        programs.forEach(GpuExecutable::release);
        runner.close();
        arena.close();
    }
}
