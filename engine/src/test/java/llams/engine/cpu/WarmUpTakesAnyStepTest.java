package llams.engine.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import llams.engine.device.HostSession.Kernels;
import llams.engine.device.HostSession.Step;
import llams.engine.graph.Accumulate;
import llams.engine.graph.Attention;
import llams.engine.graph.LinearDistillation;
import llams.engine.graph.MatMul;
import llams.engine.graph.PreferenceLoss;
import llams.engine.graph.TopTokens;
import llams.engine.preference.Dpo;
import llams.engine.tensor.DType;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;
import org.junit.jupiter.api.Test;

/// Sequences may be longer than what a step is warmed up with.
class WarmUpTakesAnyStepTest {
    /// Enough for a program that is worth it.
    private static final int TOKENS = 1 << 15;
    private static final int HEAD_DIM = 128;
    /// More than a miniature has.
    private static final int COUNT = 100;
    private static final int VOCAB = 150;

    @Test
    void longSequences() {
        try (Arena arena = Arena.ofShared(); Kernels kernels = new CpuDevice.VectorKernels(new Parallel(1))) {
            Tensors make = new Tensors(arena, 1, 0);
            Set<Class<?>> warmed = new HashSet<>();
            WarmUp.run(List.of(attention(make), gradient(make), sum(make), top(make), distillation(make), pairs(make)),
                    new Kernels() {
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

    private static Step attention(Tensors make) {
        return new Step(new Attention(HEAD_DIM, TOKENS), sequence(make),
                new Tensor[] {make.poisoned(TOKENS, HEAD_DIM), make.poisoned(TOKENS, 1)}, new Tensor[0]);
    }

    private static Step gradient(Tensors make) {
        Tensor[] of = sequence(make);
        Tensor[] in = {of[0], of[1], of[2], of[3], of[4], make.random(TOKENS, HEAD_DIM), make.random(TOKENS, 1),
                make.random(TOKENS, HEAD_DIM)};
        Tensor[] out = {make.poisoned(TOKENS, HEAD_DIM), make.poisoned(TOKENS, HEAD_DIM),
                make.poisoned(TOKENS, HEAD_DIM)};
        return new Step(new Attention.Gradient(HEAD_DIM, TOKENS), in, out, new Tensor[0]);
    }

    private static Tensor[] sequence(Tensors make) {
        int[] last = new int[TOKENS];
        for (int t = 0; t < TOKENS; t++) {
            last[t] = t;
        }
        return new Tensor[] {make.random(TOKENS, HEAD_DIM), make.random(TOKENS, HEAD_DIM),
                make.random(TOKENS, HEAD_DIM), make.ints(new int[TOKENS]), make.ints(last)};
    }

    private static Step top(Tensors make) {
        Tensor[] in = {make.random(COUNT, 8), make.random(VOCAB, 8), make.ints(new int[COUNT])};
        return new Step(new TopTokens(COUNT, 2), in, new Tensor[] {ids(make), make.poisoned(COUNT, COUNT)},
                new Tensor[] {make.poisoned(COUNT, 8), make.poisoned(COUNT, VOCAB)});
    }

    private static Tensor ids(Tensors make) {
        return new Tensor(DType.I32, Shape.of(COUNT, COUNT), make.ints(new int[COUNT * COUNT]).data());
    }

    private static Step distillation(Tensors make) {
        Tensor[] in = {make.random(COUNT, 8), make.random(VOCAB, 8), make.ints(new int[COUNT]), make.random(1),
                ids(make), make.random(COUNT, COUNT)};
        Tensor[] out = {make.poisoned(1), make.poisoned(COUNT), make.poisoned(COUNT), make.poisoned(COUNT, 8), null};
        return new Step(new LinearDistillation(0.5, 2), in, out,
                new Tensor[] {make.poisoned(COUNT, 8), make.poisoned(COUNT, VOCAB), make.poisoned(COUNT, 8)});
    }

    /// Its miniature would have half a pair.
    private static Step pairs(Tensors make) {
        Tensor[] in = {make.random(COUNT), make.ints(new int[COUNT]), make.ints(new int[COUNT]), make.random(2),
                make.random(COUNT)};
        return new Step(new PreferenceLoss(new Dpo(0.1)), in, new Tensor[] {make.poisoned(1), make.poisoned(COUNT)},
                new Tensor[0]);
    }

    private static Step sum(Tensors make) {
        return new Step(new Accumulate(new MatMul(true, false), TOKENS), new Tensor[] {make.random(TOKENS, HEAD_DIM),
                make.random(TOKENS, HEAD_DIM), make.random(HEAD_DIM, HEAD_DIM)}, new Tensor[0], new Tensor[0]);
    }
}
