package llams.engine.device;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import llams.engine.graph.Leaf;
import llams.engine.graph.Op;
import llams.engine.plan.Program;
import llams.engine.tensor.Tensor;

/// A session whose tensors are the caller's own, in host memory: it finds every operand's memory once and then runs op
/// after op. All programs share one slab, as large as the largest needs.
public final class HostSession implements Session {
    /// One op with its operands. An optional result that nothing reads is null.
    public record Step(Op op, Tensor[] inputs, Tensor[] results, Tensor[] workspace) {}

    /// What runs ops.
    public interface Kernels extends AutoCloseable {
        void run(Step step);

        /// What runs one, or several that need not wait for each other; made once, run often.
        default Runnable prepare(List<Step> steps) {
            Step first = steps.getFirst();
            return steps.size() == 1 ? () -> run(first) : () -> steps.forEach(this::run);
        }

        /// Told once what is about to be run again and again.
        default void warmUp(Program program) {}

        @Override
        void close();
    }

    private final Map<String, Tensor> resident;
    private final Kernels kernels;
    private final Set<HostExecutable> executables = new HashSet<>();
    private Arena slabArena = Arena.ofShared();
    private MemorySegment slab = MemorySegment.NULL;
    private Observer observer;

    public HostSession(Map<String, Tensor> resident, Kernels kernels) {
        this.resident = Map.copyOf(resident);
        this.kernels = kernels;
    }

    @Override
    public Executable compile(Program program) {
        Arena inputs = Arena.ofShared();
        Map<String, Tensor> leaves = new HashMap<>();
        for (Leaf leaf : program.leaves()) {
            leaves.put(leaf.name(),
                    leaf.kind() == Leaf.Kind.INPUT
                            ? Tensor.allocate(inputs, leaf.dtype(), leaf.shape())
                            : Session.resident(resident, leaf));
        }
        if (program.slabBytes() > slab.byteSize()) {
            slabArena.close();
            slabArena = Arena.ofShared();
            slab = slabArena.allocate(program.slabBytes(), 64);
        }
        HostExecutable executable = new HostExecutable(program, leaves, inputs);
        executables.add(executable);
        return executable;
    }

    @Override
    public Tensor read(String name) {
        return resident.get(name);
    }

    @Override
    public void observe(Observer watching) {
        observer = watching;
    }

    @Override
    public void close() {
        kernels.close();
        slabArena.close();
        executables.forEach(executable -> executable.inputs.close());
    }

    private final class HostExecutable implements Executable {
        private final Program program;
        private final Map<String, Tensor> leaves;
        /// The memory of the inputs.
        private final Arena inputs;
        private List<Runnable> steps;
        private List<List<Program.Instruction>> groups;
        private MemorySegment boundSlab;

        HostExecutable(Program program, Map<String, Tensor> leaves, Arena inputs) {
            this.program = program;
            this.leaves = leaves;
            this.inputs = inputs;
        }

        @Override
        public Tensor input(String name) {
            Tensor input = leaves.get(name);
            if (input == null) {
                throw new IllegalArgumentException("the program has no input \"" + name + "\"");
            }
            return input;
        }

        @Override
        public void run() {
            prepare();
            if (observer != null) {
                observed();
                return;
            }
            for (Runnable step : steps) {
                step.run();
            }
        }

        private void observed() {
            observer.begins(program);
            for (int i = 0; i < steps.size(); i++) {
                observer.before(groups.get(i), this::bind);
                long start = System.nanoTime();
                steps.get(i).run();
                observer.after(groups.get(i), this::bind, System.nanoTime() - start);
            }
        }

        private void prepare() {
            if (boundSlab != slab) {
                groups = program.groups();
                kernels.warmUp(program);
                steps = groups.stream().map(group -> kernels.prepare(group.stream().map(this::bind).toList())).toList();
                boundSlab = slab;
            }
        }

        private Step bind(Program.Instruction i) {
            return new Step(i.op(), bind(i.inputs()), bind(i.results()), bind(i.workspace()));
        }

        private Tensor[] bind(List<Program.Place> places) {
            return places.stream().map(this::bind).toArray(Tensor[]::new);
        }

        private Tensor bind(Program.Place place) {
            return switch (place) {
                case Program.OfLeaf(Leaf leaf) -> leaves.get(leaf.name());
                case Program.InSlab(long offset, var type) ->
                    new Tensor(type.dtype(), type.shape(), slab.asSlice(offset, type.bytes()));
                case Program.Unused _ -> null;
            };
        }

        @Override
        public Tensor output(String name) {
            Program.Place place = program.outputs().get(name);
            if (place == null) {
                throw new IllegalArgumentException("the program has no output \"" + name + "\"");
            }
            return bind(place);
        }

        @Override
        public boolean givesBack() {
            return true;
        }

        @Override
        public void close() {
            executables.remove(this);
            inputs.close();
        }
    }
}
