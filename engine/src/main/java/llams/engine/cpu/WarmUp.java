package llams.engine.cpu;

import com.sun.management.ThreadMXBean;
import java.lang.foreign.Arena;
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

    /// An op on tensors of certain types and small shapes.
    private record Kind(Op op, List<Object> tensors) {}

    /// What was done before: compiled code is the whole process's.
    private static final Set<Kind> DONE = ConcurrentHashMap.newKeySet();

    private WarmUp() {}

    /// Runs small copies of the large ones of these steps, if they are those of a program that trains.
    static void run(List<Step> steps, HostSession.Kernels kernels) {
        if (!trains(steps) || resultBytes(steps) < WORTHWHILE_BYTES) {
            return;
        }
        try (Arena arena = Arena.ofShared()) {
            List<Step> miniatures = new ArrayList<>();
            for (Step step : steps) {
                if (isLarge(step) && DONE.add(kind(step))) {
                    miniatures.add(miniature(step, arena));
                }
            }
            if (!miniatures.isEmpty()) {
                settle(miniatures, kernels);
            }
        }
    }

    private static long resultBytes(List<Step> steps) {
        long bytes = 0;
        for (Step step : steps) {
            for (Tensor result : step.results()) {
                bytes += result == null ? 0 : result.data().byteSize();
            }
        }
        return bytes;
    }

    private static boolean trains(List<Step> steps) {
        for (Step step : steps) {
            if (step.op() instanceof Accumulate || step.op() instanceof AdamW) {
                return true;
            }
        }
        return false;
    }

    private static void settle(List<Step> steps, HostSession.Kernels kernels) {
        long end = System.nanoTime() + LONGEST_NANOS;
        while (!steps.isEmpty() && System.nanoTime() < end && !Thread.currentThread().isInterrupted()) {
            steps.removeIf(step -> isSettled(step, kernels));
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

    private static boolean isLarge(Step step) {
        if (step.op() instanceof PreferenceLoss) {
            // It has no loop of vectors, and zeros are not the numbers of answers.
            return false;
        }
        for (Tensor[] tensors : List.of(step.inputs(), step.results())) {
            for (Tensor tensor : tensors) {
                if (tensor != null && !tensor.shape().equals(small(tensor.shape(), largest(step), largest(step)))) {
                    return true;
                }
            }
        }
        return false;
    }

    private static Kind kind(Step step) {
        List<Object> tensors = new ArrayList<>();
        for (Tensor[] group : List.of(step.inputs(), step.results())) {
            for (Tensor tensor : group) {
                tensors.add(tensor == null ? "" : tensor.dtype());
                tensors.add(tensor == null ? "" : small(tensor.shape(), largest(step), width(step)));
            }
        }
        return new Kind(step.op(), tensors);
    }

    /// The same op on small tensors of zeros; what was one tensor is one again.
    private static Step miniature(Step step, Arena arena) {
        int width = width(step);
        int rows = largest(step);
        Map<Long, Tensor> copies = new HashMap<>();
        Tensor[] inputs = small(step.inputs(), rows, width, copies, arena);
        if (step.op() instanceof Attention || step.op() instanceof Attention.Gradient) {
            seeAllBefore(inputs[Attention.LAST], inputs[Attention.K].dim(0));
        }
        return new Step(ofOneSequence(step.op()), inputs, small(step.results(), rows, width, copies, arena),
                small(step.workspace(), rows, width, copies, arena));
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
    private static int width(Step step) {
        return switch (step.op()) {
            case Attention(int headDim, _) -> headDim;
            case Attention.Gradient(int headDim, _) -> headDim;
            case Rope(int headDim, _) -> headDim;
            default -> largest(step);
        };
    }

    private static int largest(Step step) {
        int largest = LARGEST;
        for (Tensor tensor : step.inputs()) {
            largest = Math.max(largest, tensor == null ? 0 : tensor.dtype().blockElements);
        }
        return largest;
    }

    private static Tensor[] small(Tensor[] tensors, int rows, int width, Map<Long, Tensor> copies, Arena arena) {
        Tensor[] small = new Tensor[tensors.length];
        for (int i = 0; i < tensors.length; i++) {
            Tensor tensor = tensors[i];
            if (tensor != null) {
                small[i] = copies.computeIfAbsent(tensor.data().address(),
                        _ -> Tensor.allocate(arena, tensor.dtype(), small(tensor.shape(), rows, width)));
            }
        }
        return small;
    }

    private static Shape small(Shape shape, int rows, int width) {
        long[] dims = shape.dims();
        for (int i = 0; i < dims.length; i++) {
            dims[i] = Math.min(dims[i], i == 0 ? rows : width);
        }
        return Shape.of(dims);
    }
}
