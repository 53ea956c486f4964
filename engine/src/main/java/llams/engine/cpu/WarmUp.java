package llams.engine.cpu;

import com.sun.management.ThreadMXBean;
import java.lang.foreign.Arena;
import java.lang.management.CompilationMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import llams.engine.device.HostSession;
import llams.engine.device.HostSession.Step;
import llams.engine.graph.Accumulate;
import llams.engine.graph.AdamW;
import llams.engine.graph.Attention;
import llams.engine.graph.Op;
import llams.engine.graph.PreferenceLoss;
import llams.engine.graph.Rope;
import llams.engine.plan.Program.Instruction;
import llams.engine.plan.Program.Place;
import llams.engine.plan.Program.Unused;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;

/// Gets kernels compiled before they are needed. Until Java's last compiler has a loop of vectors, each vector is an
/// object, and the loop some hundred times slower. When it compiles one depends on how often the loop went round, not on
/// how long that took. So what a training step does is first done in miniature, until it makes no more garbage. Programs
/// that generate start at once: their first token would wait longer than the next ones gain. So do small models.
final class WarmUp {
    /// The largest dimension of a miniature's tensors: loops that go round often enough to be compiled as loops. Where
    /// rows are made of larger blocks, one of these.
    private static final int LARGEST = 64;
    /// What a settled miniature may allocate in a call. A vector on the heap takes 64 bytes, and any loop makes hundreds.
    private static final long SETTLED_BYTES = 12_000;
    private static final int CALLS = 4;
    /// The compiler works meanwhile, so one miniature waits while others go on.
    private static final long VISIT_NANOS = 100_000_000;
    /// What all steps of a program make, if it is to be warmed up: smaller models take many steps in that time.
    private static final long WORTHWHILE_BYTES = 1 << 26;
    /// Then the program begins, however slow.
    private static final long LONGEST_NANOS = 5_000_000_000L;
    /// If the compiler has done less than `IDLE_MILLIS` for so long, what has not settled will not: now and then a loop's code
    /// keeps its vectors on the heap until other numbers come.
    private static final long IDLE_NANOS = 400_000_000;
    private static final long IDLE_MILLIS = 10;

    /// An op on tensors of certain types and small shapes.
    private record Kind(Op op, List<Object> tensors) {}

    /// What was done before: compiled code is the whole process's.
    private static final Set<Kind> DONE = ConcurrentHashMap.newKeySet();

    private WarmUp() {}

    /// Runs small copies of the large ones of these instructions, if they are those of programs that train. One thread at
    /// a time: another that asks meanwhile finds done what was begun before.
    static synchronized void run(List<Instruction> instructions, HostSession.Kernels kernels) {
        if (!trains(instructions) || resultBytes(instructions) < WORTHWHILE_BYTES) {
            return;
        }
        try (Arena arena = Arena.ofShared()) {
            List<Step> miniatures = new ArrayList<>();
            for (Instruction instruction : instructions) {
                if (isLarge(instruction) && DONE.add(kind(instruction))) {
                    miniatures.add(miniature(instruction, arena));
                }
            }
            if (!miniatures.isEmpty()) {
                settle(miniatures, kernels);
            }
        }
    }

    private static long resultBytes(List<Instruction> instructions) {
        long bytes = 0;
        for (Instruction instruction : instructions) {
            for (Place result : instruction.results()) {
                bytes += result instanceof Unused ? 0 : result.type().bytes();
            }
        }
        return bytes;
    }

    private static boolean trains(List<Instruction> instructions) {
        for (Instruction instruction : instructions) {
            if (instruction.op() instanceof Accumulate || instruction.op() instanceof AdamW) {
                return true;
            }
        }
        return false;
    }

    private static void settle(List<Step> steps, HostSession.Kernels kernels) {
        CompilationMXBean compiler = ManagementFactory.getCompilationMXBean();
        long compiledMillis = 0;
        long now = System.nanoTime();
        long end = now + LONGEST_NANOS;
        long idleSince = now;
        while (!steps.isEmpty() && compiler != null && now < end && now - idleSince < IDLE_NANOS
                && !Thread.currentThread().isInterrupted()) {
            steps.removeIf(step -> isSettled(step, kernels));
            now = System.nanoTime();
            if (compiler.getTotalCompilationTime() > compiledMillis + IDLE_MILLIS) {
                compiledMillis = compiler.getTotalCompilationTime();
                idleSince = now;
            }
        }
    }

    private static boolean isSettled(Step step, HostSession.Kernels kernels) {
        ThreadMXBean thread = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long end = System.nanoTime() + VISIT_NANOS;
        while (System.nanoTime() < end) {
            long before = thread.getCurrentThreadAllocatedBytes();
            for (int call = 0; call < CALLS; call++) {
                kernels.run(step);
            }
            if (thread.getCurrentThreadAllocatedBytes() - before < CALLS * SETTLED_BYTES) {
                return true;
            }
            // It is the compiler's turn.
            LockSupport.parkNanos(1_000_000);
        }
        return false;
    }

    private static boolean isLarge(Instruction instruction) {
        if (instruction.op() instanceof PreferenceLoss) {
            // It has no loop of vectors, and zeros are not the numbers of answers.
            return false;
        }
        int largest = largest(instruction);
        for (List<Place> places : List.of(instruction.inputs(), instruction.results())) {
            for (Place place : places) {
                if (!(place instanceof Unused) && !place.type().shape().equals(small(place, largest, largest))) {
                    return true;
                }
            }
        }
        return false;
    }

    private static Kind kind(Instruction instruction) {
        List<Object> tensors = new ArrayList<>();
        for (List<Place> places : List.of(instruction.inputs(), instruction.results())) {
            for (Place place : places) {
                boolean isUnused = place instanceof Unused;
                tensors.add(isUnused ? "" : place.type().dtype());
                tensors.add(isUnused ? "" : small(place, largest(instruction), width(instruction)));
            }
        }
        return new Kind(ofOneSequence(instruction.op()), tensors);
    }

    /// The same op on small tensors of zeros; what was one tensor is one again.
    private static Step miniature(Instruction instruction, Arena arena) {
        int width = width(instruction);
        int rows = largest(instruction);
        Map<Place, Tensor> copies = new HashMap<>();
        Tensor[] inputs = small(instruction.inputs(), rows, width, copies, arena);
        if (instruction.op() instanceof Attention || instruction.op() instanceof Attention.Gradient) {
            seeAllBefore(inputs[Attention.LAST], inputs[Attention.K].dim(0));
        }
        return new Step(ofOneSequence(instruction.op()), inputs,
                small(instruction.results(), rows, width, copies, arena),
                small(instruction.workspace(), rows, width, copies, arena));
    }

    /// Few tokens are no whole number of sequences.
    private static Op ofOneSequence(Op op) {
        return switch (op) {
            case Attention(int headDim, _) -> new Attention(headDim, 0);
            case Attention.Gradient(int headDim, _) -> new Attention.Gradient(headDim, 0);
            case Accumulate(Accumulate.Summand summand, _) -> new Accumulate(summand, 0);
            default -> op;
        };
    }

    /// Token `t` of those that come last sees its own row and all before.
    private static void seeAllBefore(Tensor last, int rows) {
        int tokens = last.dim(0);
        for (int t = 0; t < tokens; t++) {
            last.setInt(t, rows - tokens + t);
        }
    }

    /// One head where there are heads.
    private static int width(Instruction instruction) {
        return switch (instruction.op()) {
            case Attention(int headDim, _) -> headDim;
            case Attention.Gradient(int headDim, _) -> headDim;
            case Rope(int headDim, _) -> headDim;
            default -> largest(instruction);
        };
    }

    private static int largest(Instruction instruction) {
        int largest = LARGEST;
        for (Place place : instruction.inputs()) {
            largest = Math.max(largest, place.type().dtype().blockElements);
        }
        return largest;
    }

    private static Tensor[] small(List<Place> places, int rows, int width, Map<Place, Tensor> copies, Arena arena) {
        Tensor[] small = new Tensor[places.size()];
        for (int i = 0; i < small.length; i++) {
            if (!(places.get(i) instanceof Unused)) {
                small[i] = copies.computeIfAbsent(places.get(i),
                        place -> Tensor.allocate(arena, place.type().dtype(), small(place, rows, width)));
            }
        }
        return small;
    }

    private static Shape small(Place place, int rows, int width) {
        long[] dims = place.type().shape().dims();
        for (int i = 0; i < dims.length; i++) {
            dims[i] = Math.min(dims[i], i == 0 ? rows : width);
        }
        return Shape.of(dims);
    }
}
