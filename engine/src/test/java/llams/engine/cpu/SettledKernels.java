package llams.engine.cpu;

import com.sun.management.OperatingSystemMXBean;
import com.sun.management.ThreadMXBean;
import java.lang.foreign.Arena;
import java.lang.management.ManagementFactory;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import llams.engine.graph.AdamW;
import llams.engine.graph.CompactAdamW;
import llams.engine.graph.LinearCrossEntropy;
import llams.engine.graph.LinearDistillation;
import llams.engine.graph.TopTokens;
import llams.engine.tensor.CounterRandom;
import llams.engine.tensor.DType;
import llams.engine.tensor.DynamicMap;
import llams.engine.tensor.KBlock;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;

/// Calls every kernel until it makes no garbage. Prints those that still do after a long time, and what a call leaves.
final class SettledKernels {
    private static final int TOKENS = 48;
    private static final int DIM = 128;
    private static final int HEAD_DIM = 64;
    private static final int VOCAB = 512;
    /// For what a call needs besides, as lists of blocks; a loop here makes thousands of vectors of 48 bytes or more.
    private static final long MOST_BYTES = 24_000;
    private static final int CALLS = 8;
    /// Of processor time, the compiler's included, for all kernels together; they take a small part of it.
    private static final long LONGEST_NANOS = 90_000_000_000L;
    /// By the clock: a single kernel that is left spends most of the time waiting for the compiler.
    private static final long LONGEST_WAIT_NANOS = 100_000_000_000L;

    private final Map<String, Runnable> kernels = new LinkedHashMap<>();

    private SettledKernels() {}

    public static void main(String[] args) {
        try (Arena arena = Arena.ofShared(); Parallel p = new Parallel(1)) {
            SettledKernels all = new SettledKernels();
            Tensors make = new Tensors(arena, 1, 0);
            all.rows(make, p);
            all.compactUpdates(make, p);
            all.attention(make, p);
            all.loss(make, p);
            all.products(make, p);
            System.out.println("bytes a call: " + all.settle());
        }
    }

    private void rows(Tensors make, Parallel p) {
        Tensor x = make.random(TOKENS, DIM);
        Tensor other = make.random(TOKENS, DIM);
        Tensor y = make.poisoned(TOKENS, DIM);
        Tensor z = make.poisoned(TOKENS, DIM);
        Tensor weight = make.random(DType.BF16, DIM);
        kernels.put("add", () -> ElementwiseKernel.add(x, other, 1, y, p));
        kernels.put("scale", () -> ElementwiseKernel.scale(x, 2, y, p));
        Tensor seed = make.ints(3, 4);
        kernels.put("dropout", () -> ElementwiseKernel.dropout(x, seed, 1, 0.1f, y, p));
        kernels.put("rmsNorm", () -> NormKernel.rmsNorm(x, weight, 1e-5f, y, p));
        kernels.put("rmsNormGradient", () -> NormKernel.rmsNormGradient(x, weight, 1e-5f, other, y, p));
        Tensor dWeight = make.poisoned(DIM);
        kernels.put("rmsNormWeightGradient",
                () -> NormKernel.rmsNormWeightGradient(x, 1e-5f, other, dWeight, false, 0, p));
        kernels.put("swiGlu", () -> SwiGluKernel.forward(x, other, y, p));
        Tensor dy = make.random(TOKENS, DIM);
        kernels.put("swiGluGradient", () -> SwiGluKernel.gradient(x, other, dy, y, z, p));
        Tensor angles = make.random(TOKENS, HEAD_DIM);
        Tensor positions = make.ints(counted(0));
        kernels.put("rope", () -> RopeKernel.apply(x, angles, positions, HEAD_DIM, false, y, p));
        Tensor table = make.random(DType.BF16, VOCAB, DIM);
        kernels.put("embedding", () -> EmbeddingKernel.forward(table, positions, y, p));
        Tensor dTable = make.poisoned(VOCAB, DIM);
        kernels.put("embeddingGradient", () -> EmbeddingKernel.gradient(positions, x, dTable, false, p));
        Tensor norm = make.poisoned(1);
        kernels.put("squaredNorm", () -> AdamWKernel.squaredNorm(x, norm, p));
        Tensor parameter = make.random(TOKENS, DIM);
        Tensor m = make.random(TOKENS, DIM);
        Tensor v = make.random(TOKENS, DIM);
        Tensor schedule = make.random(3);
        kernels.put("adamW", () -> AdamWKernel.step(parameter, m, v, x, norm, schedule, 0.9, 0.999, 1e-8, 0, 1, p));
    }

    private void compactUpdates(Tensors make, Parallel p) {
        CompactAdamW op = new CompactAdamW(new AdamW(0.9, 0.999, 1e-8, 0, 1), new CounterRandom(1, 2));
        for (DType param : new DType[] {DType.F32, DType.BF16}) {
            Tensor[] in = new Tensor[CompactAdamW.V_SCALES + 1];
            in[CompactAdamW.PARAM] = make.random(param, TOKENS, DIM);
            in[CompactAdamW.M] = make.zeros(DType.U8, TOKENS, DIM);
            in[CompactAdamW.V] = make.zeros(DType.U8, TOKENS, DIM);
            in[CompactAdamW.GRADIENT] = make.random(TOKENS, DIM);
            in[CompactAdamW.SQUARED_NORM] = make.zeros(DType.F32, 1);
            in[CompactAdamW.SCHEDULE] = make.random(4);
            in[CompactAdamW.STEP] = make.ints(1);
            in[CompactAdamW.M_SCALES] = make.zeros(DType.F32, DynamicMap.blocks(TOKENS * DIM));
            in[CompactAdamW.V_SCALES] = make.zeros(DType.F32, DynamicMap.blocks(TOKENS * DIM));
            kernels.put("compactAdamW " + param, () -> CompactAdamWKernel.step(op, in, p));
        }
    }

    private void attention(Tensors make, Parallel p) {
        Tensor q = make.random(TOKENS, DIM);
        Tensor k = make.random(TOKENS, HEAD_DIM);
        Tensor v = make.random(TOKENS, HEAD_DIM);
        Tensor dOut = make.random(TOKENS, DIM);
        Tensor first = make.ints(new int[TOKENS]);
        Tensor last = make.ints(counted(0));
        Tensor out = make.poisoned(TOKENS, DIM);
        Tensor logSumExp = make.poisoned(TOKENS, DIM / HEAD_DIM);
        kernels.put("attention", () -> AttentionKernel.forward(q, k, v, first, last, HEAD_DIM, out, logSumExp, 0, p));
        Tensor dq = make.poisoned(TOKENS, DIM);
        Tensor dk = make.poisoned(TOKENS, HEAD_DIM);
        Tensor dv = make.poisoned(TOKENS, HEAD_DIM);
        kernels.put("attentionGradient", () -> AttentionGradientKernel.run(q, k, v, first, last, HEAD_DIM, out,
                logSumExp, dOut, dq, dk, dv, 0, p));
        Tensor one = make.random(1, DIM);
        Tensor zero = make.ints(0);
        Tensor end = make.ints(TOKENS - 1);
        Tensor oneOut = make.poisoned(1, DIM);
        Tensor oneSum = make.poisoned(1, DIM / HEAD_DIM);
        kernels.put("attentionOfOne",
                () -> AttentionKernel.forward(one, k, v, zero, end, HEAD_DIM, oneOut, oneSum, 0, p));
    }

    private void loss(Tensors make, Parallel p) {
        Tensor x = make.random(TOKENS, DIM);
        Tensor weight = make.random(VOCAB, DIM);
        Tensor labels = make.ints(counted(1));
        Tensor scale = make.random(1);
        Tensor loss = make.poisoned(1);
        Tensor dx = make.poisoned(TOKENS, DIM);
        Tensor dWeight = make.poisoned(VOCAB, DIM);
        for (int width : new int[] {VOCAB, VOCAB / 4}) {
            Tensor[] work = new Tensor[3];
            work[LinearCrossEntropy.ROWS] = make.poisoned(TOKENS, DIM);
            work[LinearCrossEntropy.DROWS] = make.poisoned(TOKENS, DIM);
            work[LinearCrossEntropy.LOGITS] = make.poisoned(TOKENS, width);
            kernels.put("loss in slices of " + width, () -> CrossEntropyKernel.run(x, weight, labels, scale, loss, null,
                    dx, width == VOCAB ? dWeight : null, false, 0, work, p));
        }
        distillation(make, p, x, weight, labels, scale);
    }

    private void distillation(Tensors make, Parallel p, Tensor x, Tensor weight, Tensor labels, Tensor scale) {
        int count = 16;
        Tensor ids = new Tensor(DType.I32, Shape.of(TOKENS, count), make.ints(new int[TOKENS * count]).data());
        Tensor logp = make.poisoned(TOKENS, count);
        Tensor[] work = {make.poisoned(TOKENS, DIM), make.poisoned(TOKENS, VOCAB), make.poisoned(TOKENS, DIM)};
        TopTokens top = new TopTokens(count, 2);
        kernels.put("top tokens", () -> TopTokensKernel.run(top, new Tensor[] {x, weight, labels}, ids, logp, work, p));
        LinearDistillation op = new LinearDistillation(0.5, 2);
        Tensor[] in = {x, weight, labels, scale, ids, logp};
        Tensor[] out = {make.poisoned(1), make.poisoned(TOKENS), make.poisoned(TOKENS), make.poisoned(TOKENS, DIM)};
        Tensor dWeight = make.poisoned(VOCAB, DIM);
        kernels.put("distillation", () -> DistillationKernel.run(op, in, out, dWeight, false, 0, work, p));
    }

    private void products(Tensors make, Parallel p) {
        products(make, List.of(DType.F32, DType.BF16, DType.F16, DType.Q8_0, DType.NF4), DIM, p);
        products(make, List.of(DType.Q4_0, DType.Q4_K, DType.Q5_K, DType.Q6_K), KBlock.ELEMENTS, p);
        Tensor x = make.random(TOKENS, DIM);
        Tensor y = make.poisoned(TOKENS, VOCAB);
        Tensor dWeight = make.poisoned(VOCAB, DIM);
        kernels.put("weightGradient", () -> Gemm.multiply(y, true, x, false, dWeight, false, p));
        Tensor narrow = make.random(8, DIM);
        Tensor narrowOut = make.poisoned(TOKENS, 8);
        kernels.put("adapter", () -> Gemm.multiply(x, false, narrow, true, narrowOut, false, p));
    }

    private void products(Tensors make, List<DType> dtypes, int dim, Parallel p) {
        Tensor x = make.random(TOKENS, dim);
        Tensor y = make.poisoned(TOKENS, VOCAB);
        Tensor dx = make.poisoned(TOKENS, dim);
        Tensor one = make.random(1, dim);
        Tensor oneOut = make.poisoned(1, VOCAB);
        Tensor few = make.random(4, dim);
        Tensor fewOut = make.poisoned(4, VOCAB);
        for (DType dtype : dtypes) {
            Tensor weight = make.random(dtype, VOCAB, dim);
            kernels.put("product " + dtype, () -> Gemm.multiply(x, false, weight, true, y, false, p));
            kernels.put("inputGradient " + dtype, () -> Gemm.multiply(y, false, weight, false, dx, false, p));
            kernels.put("oneToken " + dtype, () -> Gemm.multiply(one, false, weight, true, oneOut, false, p));
            kernels.put("fewTokens " + dtype, () -> Gemm.multiply(few, false, weight, true, fewOut, false, p));
        }
    }

    private static int[] counted(int from) {
        int[] numbers = new int[TOKENS];
        for (int t = 0; t < TOKENS; t++) {
            numbers[t] = from + t;
        }
        return numbers;
    }

    /// Calls all kernels until none makes garbage; what is left after a long time, with the bytes of a call.
    private Map<String, Long> settle() {
        ThreadMXBean thread = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        var process = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        Map<String, Long> left = new LinkedHashMap<>();
        kernels.keySet().forEach(name -> left.put(name, Long.MAX_VALUE));
        long end = process.getProcessCpuTime() + LONGEST_NANOS;
        long start = System.nanoTime();
        while (!left.isEmpty() && process.getProcessCpuTime() < end && System.nanoTime() - start < LONGEST_WAIT_NANOS) {
            left.replaceAll((name, _) -> {
                long before = thread.getCurrentThreadAllocatedBytes();
                for (int call = 0; call < CALLS; call++) {
                    kernels.get(name).run();
                }
                return (thread.getCurrentThreadAllocatedBytes() - before) / CALLS;
            });
            // The compiler's turn.
            LockSupport.parkNanos(1_000_000);
            left.values().removeIf(bytes -> bytes < MOST_BYTES);
        }
        return left;
    }
}
