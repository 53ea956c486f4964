package llams.model.create;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import llams.engine.llama.LlamaConfig;
import llams.engine.safetensors.TensorInfo;
import llams.engine.tensor.DType;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Any number of threads makes the weights that are made at once, in the order of the plan.
class RandomPartsTest {
    private static final List<TensorInfo> PLAN = List.of(info("norm.weight", DType.BF16, 3),
            info("large", DType.BF16, (5 << 20) + 2), info("odd", DType.F32, 1, 7),
            info("whole part", DType.F32, 1 << 10, 1 << 10));

    private static TensorInfo info(String name, DType dtype, long... dims) {
        return new TensorInfo(name, dtype, Shape.of(dims));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 7})
    void threadsDoNotMatter(int threads) {
        RandomWeights weights = new RandomWeights(LlamaConfig.standard(64, 176, 1, 4, 2, 512), 3);
        try (RandomParts parts = new RandomParts(weights, PLAN, threads)) {
            for (TensorInfo info : PLAN) {
                check(weights, info, parts);
            }
            assertFalse(parts.hasNext());
        }
    }

    private static void check(RandomWeights weights, TensorInfo info, RandomParts parts) {
        try (Arena arena = Arena.ofConfined()) {
            Tensor wanted = Tensor.allocate(arena, info.dtype(), info.shape());
            weights.fill(info.name(), 0, wanted);
            for (long at = 0; at < info.bytes();) {
                RandomParts.Part part = parts.next();
                assertEquals(info.name(), part.name());
                MemorySegment made = part.values().data();
                assertEquals(-1, made.mismatch(wanted.data().asSlice(at, made.byteSize())), info.name() + " at " + at);
                at += made.byteSize();
            }
        }
    }
}
