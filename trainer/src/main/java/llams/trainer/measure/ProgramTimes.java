package llams.trainer.measure;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import llams.engine.device.Device;
import llams.engine.device.Executable;
import llams.engine.device.Session;
import llams.engine.graph.Inputs;
import llams.engine.graph.Leaf;
import llams.engine.llama.LlamaConfig;
import llams.engine.llama.RopeTable;
import llams.engine.plan.Program;
import llams.engine.tensor.CounterRandom;
import llams.engine.tensor.DType;
import llams.engine.tensor.Tensor;

/// How long each part of a program takes.
public final class ProgramTimes {
    private static final int FEWEST_RUNS = 5;
    private static final float DEVIATION = 0.02f;

    private ProgramTimes() {}

    /// The median of several runs, once the first are over: nanoseconds of each of [Program#groups].
    ///
    /// @param tensors what is known of the leaves, by name; others get random numbers, moments zeros
    /// @param fill    sets the inputs
    /// @param seconds that the measured runs take together, at least
    /// @throws UnsupportedOperationException if the device does not run instruction by instruction
    public static long[] of(Device device, Program program, LlamaConfig config, Map<String, Tensor> tensors,
            Consumer<Inputs> fill, double seconds) {
        try (Arena arena = Arena.ofShared(); Session session = device.open(resident(arena, program, config, tensors))) {
            Executable executable = session.compile(program);
            fill.accept(executable);
            // The second may still compile for what the first has changed.
            executable.run();
            executable.run();
            List<List<Long>> times = new ArrayList<>();
            session.observe((_, _, nanos) -> times.getLast().add(nanos));
            for (long from = System.nanoTime(); times.size() < FEWEST_RUNS
                    || System.nanoTime() - from < seconds * 1e9;) {
                times.add(new ArrayList<>());
                executable.run();
            }
            long[] medians = new long[times.getFirst().size()];
            for (int group = 0; group < medians.length; group++) {
                int one = group;
                medians[group] = times.stream().map(run -> run.get(one)).sorted().toList().get(times.size() / 2);
            }
            return medians;
        }
    }

    private static Map<String, Tensor> resident(Arena arena, Program program, LlamaConfig config,
            Map<String, Tensor> tensors) {
        Map<String, Tensor> resident = new LinkedHashMap<>();
        for (Leaf leaf : program.leaves()) {
            if (leaf.kind() != Leaf.Kind.INPUT) {
                resident.put(leaf.name(),
                        leaf.name().equals(RopeTable.NAME)
                                ? RopeTable.create(arena, config, (int) leaf.dim(0))
                                : tensor(arena, leaf, tensors.get(leaf.name())));
            }
        }
        return resident;
    }

    private static Tensor tensor(Arena arena, Leaf leaf, Tensor known) {
        boolean isAsKnown = known != null && known.dtype() == leaf.dtype() && known.shape().equals(leaf.shape());
        if (isAsKnown && leaf.kind() == Leaf.Kind.WEIGHT) {
            return known;
        }
        Tensor made = Tensor.allocate(arena, leaf.dtype(), leaf.shape());
        if (isAsKnown) {
            made.data().copyFrom(known.data());
        } else if (leaf.dtype() != DType.U8 && !leaf.name().startsWith("adamw")) {
            CounterRandom random = CounterRandom.named(0, leaf.name());
            RandomFill.fill(made, i -> DEVIATION * (float) random.gaussian(i));
        }
        return made;
    }
}
