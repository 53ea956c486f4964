package llams.trainer.run;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.Collection;
import java.util.List;
import llams.engine.graph.Leaf;
import llams.engine.llama.Llama;
import llams.engine.llama.LlamaConfig;
import llams.engine.llama.Parameters;
import llams.engine.plan.Program;
import llams.engine.tensor.DType;
import llams.engine.tensor.Tensor;
import llams.engine.weights.LlamaWeights;
import llams.model.lora.LoraConfig;
import llams.trainer.optim.Optimizer;
import llams.trainer.watch.Machine;

/// What training will need, before anything is allocated.
public final class Forecast {
    /// What Java will come to need in addition while it compiles the kernels and its heap reaches its usual size:
    /// measured, and much the same for every model.
    private static final long JAVA_BYTES = 64L << 20;
    /// Java's own files that are mapped, at least.
    private static final long JAVA_FILE_BYTES = 26L << 20;

    private Forecast() {}

    /// Bytes of the machine, or of the container around this program.
    public static long machineBytes() {
        return ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize();
    }

    /// Bytes that the program itself will need beside what it is going to allocate; 0 if the system does not tell.
    public static long programBytes() {
        return programBytes(List.of());
    }

    /// The same beside tensors that are there already.
    static long programBytes(Collection<Tensor> resident) {
        double now = Machine.anonymousBytes();
        long made = 0;
        long mapped = 0;
        for (Tensor tensor : resident) {
            if (tensor.data().isMapped()) {
                mapped += tensor.data().byteSize();
            } else {
                made += tensor.data().byteSize();
            }
        }
        // Mapped files that are no weights here are those that weights were made from.
        long files = Math.max(JAVA_FILE_BYTES, (long) Machine.mappedBytes() - mapped);
        return Double.isNaN(now) ? 0 : Math.max(0, (long) now - made) + files + JAVA_BYTES;
    }

    /// Bytes that a run with these settings needs.
    ///
    /// @param frozen the base model's leaves; an adapter keeps them, full training has copies instead
    public static Program.Memory of(LlamaConfig config, Parameters frozen, TrainSettings settings) {
        return of(StepPrograms.of(config, frozen, settings, 0), settings);
    }

    /// The same for a model with the leaves that are to be trained.
    public static Program.Memory of(Llama model, List<Leaf> trained, TrainSettings settings) {
        return of(StepPrograms.of(new Objective.Models(model, null), trained, trained, settings, 0), settings);
    }

    /// For data of which nothing is known: unpacked, its documents may have every length.
    private static Program.Memory of(StepPrograms programs, TrainSettings settings) {
        int tokens = settings.objective().mostTokens(settings.tokens(), settings.batch());
        long sizes = settings.isOfOneSize() ? 0 : tokens;
        return of(programs, settings, sizes, sizes);
    }

    /// @param sizes    of micro-batches for which there will be a program beside the largest
    /// @param measured the same for held-out data
    static Program.Memory of(StepPrograms planned, TrainSettings settings, long sizes, long measured) {
        int tokens = settings.objective().mostTokens(settings.tokens(), settings.batch());
        Llama model = planned.model();
        Optimizer optimizer = settings.optimizer();
        List<Leaf> trained = planned.trained();
        List<Leaf> summed = planned.summed();
        boolean isFused = planned.isFused();
        Program pass = planned.pass();
        long update = isFused ? 0 : planned.update().memory().temporaries();
        List<Leaf> moments = trained.stream().flatMap(leaf -> optimizer.moments(leaf).stream()).toList();
        List<Leaf> gradients = summed.stream()
                .filter(leaf -> !isFused || !FusedUpdate.isShared(model, leaf))
                .map(Optimizer::gradient)
                .toList();
        long shared = isFused ? FusedUpdate.sharedBytes(model, trained) : 0;
        Summation summation = settings.summation();
        long held = summation.levels(summation.own(settings.accumulate())) * bytes(gradients);
        long ofMoments = settings.areMomentsShared() ? bytes(moments) / summation.workers() : bytes(moments);
        long state = bytes(summed) + bytes(gradients) + shared + held + ofMoments;
        long programs = RecentPrograms.mostBytes(pass, tokens, sizes)
                + RecentPrograms.mostBytes(pass, tokens, measured);
        return new Program.Memory(pass.memory().weights(), state,
                Math.max(pass.memory().temporaries(), update) + programs);
    }

    static long bytes(List<Leaf> leaves) {
        return leaves.stream().mapToLong(leaf -> leaf.type().bytes()).sum();
    }

    /// Refuses a run that this machine has no memory for.
    ///
    /// @param programs of its steps
    /// @param base     of an existing model; null for a new one
    /// @throws TooLittleMemoryException if state and temporaries do not fit beside the weights that are not mapped
    static void check(StepPrograms programs, LlamaConfig config, LlamaWeights base, TrainSettings settings)
            throws IOException {
        Parameters frozen = base == null ? null : base.frozen();
        long made = base == null ? 0 : base.allocatedBytes();
        Program.Memory memory = of(programs, settings);
        if (memory.state() + memory.temporaries() + made > machineBytes()) {
            String advice = new Remedy(config, frozen, made, all -> all.state() + all.temporaries(), machineBytes())
                    .of(settings, base == null ? null : LoraConfig.standard())
                    .orElse("a smaller model or a larger machine");
            throw new TooLittleMemoryException(memory, made, advice);
        }
    }
}
