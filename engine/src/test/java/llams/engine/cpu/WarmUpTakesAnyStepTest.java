package llams.engine.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.MemorySegment;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import llams.engine.device.HostSession.Kernels;
import llams.engine.device.HostSession.Step;
import llams.engine.graph.Accumulate;
import llams.engine.graph.Attention;
import llams.engine.graph.Leaf;
import llams.engine.graph.LinearDistillation;
import llams.engine.graph.MatMul;
import llams.engine.graph.Op;
import llams.engine.graph.PreferenceLoss;
import llams.engine.graph.TopTokens;
import llams.engine.plan.Program.Instruction;
import llams.engine.plan.Program.OfLeaf;
import llams.engine.plan.Program.Place;
import llams.engine.plan.Program.Unused;
import llams.engine.preference.Dpo;
import llams.engine.tensor.DType;
import org.junit.jupiter.api.Test;

/// Sequences may be longer than what a step is warmed up with.
class WarmUpTakesAnyStepTest {
    /// Enough for a program that is worth it.
    private static final int TOKENS = 1 << 15;
    private static final int HEAD_DIM = 128;
    /// More than a miniature has.
    private static final int COUNT = 100;
    private static final int VOCAB = 150;

    private int names;

    @Test
    void longSequences() {
        try (Kernels kernels = new CpuDevice.VectorKernels(new Parallel(1))) {
            Set<Class<?>> warmed = new HashSet<>();
            WarmUp.run(List.of(attention(), gradient(), sum(), top(), distillation(), pairs()), new Kernels() {
                @Override
                public void run(Step step) {
                    warmed.add(step.op().getClass());
                    kernels.run(step);
                }

                @Override
                public long hash(MemorySegment data) {
                    return kernels.hash(data);
                }

                @Override
                public void close() {}
            });
            assertEquals(Set.of(Attention.class, Attention.Gradient.class, Accumulate.class, TopTokens.class,
                    LinearDistillation.class), warmed);
        }
    }

    private Place of(DType dtype, long... shape) {
        return new OfLeaf(Leaf.input("value" + names++, dtype, shape));
    }

    private Place floats(long... shape) {
        return of(DType.F32, shape);
    }

    private Place ints(long... shape) {
        return of(DType.I32, shape);
    }

    private static Instruction instruction(Op op, List<Place> inputs, List<Place> results, List<Place> workspace) {
        return new Instruction(op, inputs, results, workspace, null, false);
    }

    private Instruction attention() {
        return instruction(
                new Attention(HEAD_DIM, TOKENS), List.of(floats(TOKENS, HEAD_DIM), floats(TOKENS, HEAD_DIM),
                        floats(TOKENS, HEAD_DIM), ints(TOKENS), ints(TOKENS)),
                List.of(floats(TOKENS, HEAD_DIM), floats(TOKENS, 1)), List.of());
    }

    private Instruction gradient() {
        return instruction(new Attention.Gradient(HEAD_DIM, TOKENS),
                List.of(floats(TOKENS, HEAD_DIM), floats(TOKENS, HEAD_DIM), floats(TOKENS, HEAD_DIM), ints(TOKENS),
                        ints(TOKENS), floats(TOKENS, HEAD_DIM), floats(TOKENS, 1), floats(TOKENS, HEAD_DIM)),
                List.of(floats(TOKENS, HEAD_DIM), floats(TOKENS, HEAD_DIM), floats(TOKENS, HEAD_DIM)), List.of());
    }

    private Instruction top() {
        return instruction(new TopTokens(COUNT, 2), List.of(floats(COUNT, 8), floats(VOCAB, 8), ints(COUNT)),
                List.of(ints(COUNT, COUNT), floats(COUNT, COUNT)), List.of(floats(COUNT, 8), floats(COUNT, VOCAB)));
    }

    private Instruction distillation() {
        return instruction(new LinearDistillation(0.5, 2),
                List.of(floats(COUNT, 8), floats(VOCAB, 8), ints(COUNT), floats(1), ints(COUNT, COUNT),
                        floats(COUNT, COUNT)),
                List.of(floats(1), floats(COUNT), floats(COUNT), floats(COUNT, 8),
                        new Unused(Leaf.input("unused", DType.F32, VOCAB, 8).type())),
                List.of(floats(COUNT, 8), floats(COUNT, VOCAB), floats(COUNT, 8)));
    }

    /// Its miniature would have half a pair.
    private Instruction pairs() {
        return instruction(new PreferenceLoss(new Dpo(0.1)),
                List.of(floats(COUNT), ints(COUNT), ints(COUNT), floats(2), floats(COUNT)),
                List.of(floats(1), floats(COUNT)), List.of());
    }

    private Instruction sum() {
        return instruction(new Accumulate(new MatMul(true, false), TOKENS),
                List.of(floats(TOKENS, HEAD_DIM), floats(TOKENS, HEAD_DIM), floats(HEAD_DIM, HEAD_DIM)), List.of(),
                List.of());
    }
}
