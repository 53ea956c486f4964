package llams.engine.tornado.device;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import llams.engine.device.Executable;
import llams.engine.device.Session;
import llams.engine.graph.Leaf;
import llams.engine.plan.Program;
import llams.engine.tensor.DType;
import llams.engine.tensor.Tensor;
import llams.engine.tornado.cuda.CudaLauncher;
import llams.engine.tornado.graphs.GraphLauncher;
import llams.engine.tornado.graphs.KernelCompiler;
import llams.engine.tornado.launch.DeviceBlock;
import llams.engine.tornado.launch.Launch;
import llams.engine.tornado.launch.LaunchMode;
import llams.engine.tornado.launch.Launcher;
import llams.engine.tornado.launch.Profile;
import llams.engine.tornado.launch.Ref;
import llams.engine.tornado.lowering.ConstantTable;
import llams.engine.tornado.lowering.DeviceLayout;
import llams.engine.tornado.lowering.Lowering;
import llams.engine.tornado.lowering.ProductMode;
import llams.engine.tornado.lowering.VisibleRows;

/// Weights and state, copied to the device once, and the programs compiled for it, which share memory for their
/// temporaries.
final class GpuSession implements Session {
    /// True to print a profile of the device's time to stderr when the session ends.
    static final String PROFILE = "llams.gpu.profile";

    /// Upper limits of sizes.
    ///
    /// @param block   elements of a block of weights or state that holds more than one tensor
    /// @param scratch numbers that an op that can work in pieces (attention, the loss) holds at a time
    /// @param ints    integers of a session: the inputs of all programs, and the parameters of those that fit
    record Limits(long block, long scratch, int ints) {
        /// Overrides the limit of scratch memory.
        static final String SCRATCH = "llams.gpu.scratch";

        static Limits usual() {
            return new Limits(DeviceBlock.LIMIT, Long.getLong(SCRATCH, 1 << 26), 1 << 22);
        }
    }

    final Arena arena = Arena.ofShared();
    final Launcher launcher;
    final DeviceBlock ints;
    final DeviceBlock consts;
    /// Null when not profiling.
    final Profile profile = Boolean.getBoolean(PROFILE) ? new Profile() : null;
    private final Map<String, Tensor> resident;
    private final ProductMode products;
    private final Limits limits;
    private final Map<String, Ref> leaves;
    private final List<GpuExecutable> programs = new ArrayList<>();
    private final ConstantTable constants = new ConstantTable();
    private int constantsSent;
    /// The end of the inputs in `ints`, and the start of the parameters, which grow towards them.
    private int inputsEnd = DeviceBlock.ALIGNMENT;
    private int parametersStart;
    /// What the largest program needs, and what has been allocated.
    private DeviceLayout.Sizes needs = new DeviceLayout.Sizes(1, 1, 1, 1);
    private DeviceLayout.Temporary temporary;

    GpuSession(Map<String, Tensor> resident, ProductMode products, Limits limits) {
        this(resident, products, limits, launcher(LaunchMode.chosen()));
    }

    /// The one place that chooses a launcher.
    static Launcher launcher(LaunchMode mode) {
        return switch (mode) {
            case TORNADO -> new GraphLauncher();
            case STREAM, EACH, GRAPH -> new CudaLauncher(mode, KernelCompiler::compiled);
        };
    }

    /// @param launcher closed with this session
    GpuSession(Map<String, Tensor> resident, ProductMode products, Limits limits, Launcher launcher) {
        this.resident = Map.copyOf(resident);
        this.products = products.of(resident.values());
        this.limits = limits;
        this.launcher = launcher;
        try {
            ints = launcher.allocate(DeviceBlock.Kind.INTS, limits.ints);
            parametersStart = limits.ints;
            consts = launcher.allocate(DeviceBlock.Kind.FLOATS, ConstantTable.CAPACITY);
            // Parameters that need a list of one zero point here.
            launcher.write(arena.allocate((long) DeviceBlock.ALIGNMENT * Integer.BYTES), ints, 0);
            long start = System.nanoTime();
            leaves = ResidentUpload.of(resident, launcher, limits.block);
            if (profile != null) {
                profile.sent(resident.values().stream().mapToLong(tensor -> tensor.data().byteSize()).sum(),
                        System.nanoTime() - start);
            }
        } catch (RuntimeException e) {
            close();
            throw e;
        }
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
        // An op's own scratch is known only once it has been lowered.
        DeviceLayout.Sizes slab = new DeviceLayout.Sizes(program.slabBytes() / Float.BYTES, 1, 1, 1);
        Lowering.Lowered lowered = lower(program, new DeviceLayout(refs, DeviceLayout.Temporary.imagined(slab), consts),
                VisibleRows.ALL);
        needs = needs.most(lowered.needs());
        int room = lowered.launches().stream().mapToInt(Launch::room).sum();
        GpuExecutable executable = new GpuExecutable(this, program, inputs,
                VisibleRows.of(lowered.lasts(), inputs.tensors()), refs, room);
        programs.add(executable);
        return executable;
    }

    /// Allocates a program's inputs, here and on the device.
    private GpuExecutable.Inputs inputs(Program program, Map<String, Ref> refs) {
        Map<String, Tensor> tensors = new HashMap<>();
        Map<MemorySegment, Ref> areas = new LinkedHashMap<>();
        for (DType dtype : List.of(DType.I32, DType.F32)) {
            List<Leaf> leaves = program.leaves()
                    .stream()
                    .filter(leaf -> leaf.kind() == Leaf.Kind.INPUT && leaf.dtype() == dtype)
                    .toList();
            long elements = leaves.stream().mapToLong(leaf -> DeviceBlock.aligned(leaf.shape().elements())).sum();
            if (elements == 0) {
                continue;
            }
            Ref first = dtype == DType.I32
                    ? new Ref(ints, inputs(elements))
                    : new Ref(launcher.allocate(DeviceBlock.Kind.FLOATS, elements), 0);
            MemorySegment area = arena.allocate(elements * Integer.BYTES, DeviceBlock.ALIGNMENT);
            areas.put(area, first);
            long offset = 0;
            for (Leaf leaf : leaves) {
                tensors.put(leaf.name(), new Tensor(dtype, leaf.shape(),
                        area.asSlice(offset * Integer.BYTES, leaf.shape().elements() * Integer.BYTES)));
                refs.put(leaf.name(), first.plus(offset));
                offset += DeviceBlock.aligned(leaf.shape().elements());
            }
        }
        for (Leaf leaf : program.leaves()) {
            if (leaf.kind() == Leaf.Kind.INPUT && !tensors.containsKey(leaf.name())) {
                throw new IllegalArgumentException(
                        "gpu: input \"" + leaf.name() + "\" is " + leaf.dtype() + "; this device takes F32 and I32");
            }
        }
        return new GpuExecutable.Inputs(tensors, areas);
    }

    /// Reserves elements of `ints` for a program for good; returns the first.
    private int inputs(long elements) {
        makeRoom(elements);
        int first = inputsEnd;
        inputsEnd += (int) DeviceBlock.aligned(elements);
        return first;
    }

    /// Reserves elements of `ints` for a program until others need them, see [GpuExecutable#release]; returns the
    /// first.
    int parameters(int elements) {
        makeRoom(elements);
        parametersStart -= (int) DeviceBlock.aligned(elements);
        return parametersStart;
    }

    /// When room runs out, every program gives up its parameters.
    private void makeRoom(long elements) {
        if (DeviceBlock.aligned(elements) > parametersStart - inputsEnd) {
            programs.forEach(GpuExecutable::release);
            parametersStart = limits.ints;
        }
        if (DeviceBlock.aligned(elements) > parametersStart - inputsEnd) {
            throw new IllegalArgumentException("gpu: the programs of one session need more than " + limits.ints
                    + " integers; use fewer different lengths or fewer tokens");
        }
    }

    /// Memory large enough for every program so far. What has become too small is freed first: it holds nothing but
    /// what the last run left.
    DeviceLayout.Temporary temporary() {
        DeviceLayout.Temporary have = temporary;
        temporary = null;
        temporary = needs.provide(have, launcher::allocate, launcher::free);
        return temporary;
    }

    /// @param visibleRows  the most rows of keys that a token sees
    Lowering.Lowered lower(Program program, DeviceLayout layout, int visibleRows) {
        Lowering.Lowered lowered = Lowering.lower(program, layout, constants, products, limits.scratch, visibleRows);
        if (constants.size() > constantsSent) {
            launcher.write(arena.allocateFrom(ValueLayout.JAVA_FLOAT, constants.all()), consts, 0);
            constantsSent = constants.size();
        }
        return lowered;
    }

    /// Copies the parameters of launches into `ints`.
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
                launcher.write(table, ints, first);
            }
        }
    }

    private Ref resident(Leaf leaf) {
        Session.resident(resident, leaf);
        return leaves.get(leaf.name());
    }

    /// Copies the device's values into the caller's own tensor.
    @Override
    public Tensor read(String name) {
        Tensor tensor = resident.get(name);
        if (tensor != null && tensor.dtype() == DType.F32 && !tensor.data().isReadOnly()) {
            Ref ref = leaves.get(name);
            launcher.read(ref.block(), ref.offset(), tensor.data());
        }
        return tensor;
    }

    @Override
    public void close() {
        if (profile != null) {
            System.err.print(profile.text());
        }
        programs.forEach(GpuExecutable::release);
        launcher.close();
        arena.close();
    }
}
