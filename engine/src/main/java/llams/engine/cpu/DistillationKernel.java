package llams.engine.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import jdk.incubator.vector.FloatVector;
import llams.engine.graph.LinearDistillation;
import llams.engine.tensor.Tensor;

/// The output projection, the loss against labels and a teacher's probabilities, and its gradients in one; see
/// [LinearDistillation].
///
/// @param scale        F32 `[1]`
/// @param ids          of the teacher, I32 `[tokens, count]`
/// @param logp         of the teacher, F32 `[tokens, count]`
/// @param crossEntropy F32 `[tokens]`; or null
/// @param divergence   F32 `[tokens]`; or null
record DistillationKernel(LinearDistillation op, Tensor weight, Tensor labels, Tensor scale, Tensor ids, Tensor logp,
        Tensor crossEntropy, Tensor divergence) {
    /// The least that a model is taken to leave for the ids that the teacher does not name.
    private static final double LEAST_REST = 1e-30;
    private static final int LANES = 1;
    private static final int NAMED = 2;
    private static final int OF_HARD = 3;
    /// Logits of one visit, which stay in the first-level cache.
    private static final int VISIT = 1024;

    private static final MethodHandle[] ADD_EXPONENTS = ApartLoops.one(DistillationKernel.class, "addExponents",
            MemorySegment.class, long.class, int.class, float.class, float.class, float[].class);

    /// @param dx        `[tokens, dim]`; or null
    /// @param dWeight   `[vocab, dim]`, added to what stands there if `accumulate`; or null
    /// @param rowLength as in [CrossEntropyKernel#run]
    static void run(LinearDistillation op, Tensor[] in, Tensor[] out, Tensor dWeight, boolean accumulate,
            long rowLength, Tensor[] work, Parallel p) {
        DistillationKernel kernel = new DistillationKernel(op, in[LinearDistillation.WEIGHT],
                in[LinearDistillation.LABELS], in[LinearDistillation.SCALE], in[LinearDistillation.IDS],
                in[LinearDistillation.LOGP], out[LinearDistillation.CROSS_ENTROPY], out[LinearDistillation.DIVERGENCE]);
        Tensor dx = out[LinearDistillation.DX];
        clear(kernel.crossEntropy, p);
        clear(kernel.divergence, p);
        clear(dx, p);
        if (!accumulate) {
            clear(dWeight, p);
        }
        double total = HeadBlocks.sum(in[LinearDistillation.X], kernel.labels, kernel.weight.dim(0), dx,
                dWeight == null ? 0 : rowLength, work, p, block -> kernel.loss(block, dWeight, work, p));
        out[LinearDistillation.LOSS].setFloat(0, (float) (total * kernel.scale.getFloat(0)));
    }

    private static void clear(Tensor result, Parallel p) {
        if (result != null) {
            ElementwiseKernel.clear(result, p);
        }
    }

    private double loss(HeadBlocks.Block block, Tensor dWeight, Tensor[] work, Parallel p) {
        RowSums sums = RowSums.of(p.buffers(), block.count());
        double[] lost = block.losses(weight, dWeight, work, p,
                (logits, row, token, buffers) -> loss(logits, row, token, sums, buffers),
                (logits, row, token, buffers) -> differentiate(logits, row, token, sums, buffers));
        double total = 0;
        for (int row = 0; row < block.count(); row++) {
            total += lost[row];
        }
        return total;
    }

    /// What the gradients take from the losses, by row.
    ///
    /// @param hard  `log(sum(e^logit))`
    /// @param soft  the same of the cooled logits
    /// @param share what the teacher leaves for the ids that it does not name, in parts of what the model does
    private record RowSums(double[] hard, double[] soft, double[] share) {
        static RowSums of(ThreadBuffers buffers, int rows) {
            return new RowSums(buffers.doubles(0, rows), buffers.doubles(1, rows), buffers.doubles(2, rows));
        }
    }

    /// The loss of one token; its logits are divided by the temperature.
    private double loss(Tensor logits, int row, int token, RowSums sums, ThreadBuffers buffers) {
        int vocab = weight.dim(0);
        int count = ids.dim(1);
        long at = (long) row * vocab;
        float[] lanes = buffers.floats(LANES, Simd.SUM_LANES);
        float largest = CrossEntropyKernel.largest(logits.data(), at, vocab);
        double logSum = largest
                + StrictMath.log(CrossEntropyKernel.sumOfExponents(logits.data(), at, vocab, largest, lanes));
        double hardLoss = logSum - logits.getFloat(at + labels.getInt(token));
        float cooling = (float) (1 / op.temperature());
        CrossEntropyKernel.scale(logits.data(), at, vocab, cooling);
        float[] named = buffers.floats(NAMED, count);
        double rest = rest(logits, at, token, named, largest * cooling, lanes);
        double sum = rest;
        for (int i = 0; i < count; i++) {
            sum += StrictMath.exp(named[i] - largest * cooling);
        }
        double softLogSum = largest * cooling + StrictMath.log(sum);
        double softLoss = 0;
        double teachersRest = 1;
        for (int i = 0; i < count; i++) {
            double teachers = logp.getFloat((long) token * count + i);
            softLoss += StrictMath.exp(teachers) * (teachers - (named[i] - softLogSum));
            teachersRest -= StrictMath.exp(teachers);
        }
        // Rounded, all ids of a vocabulary leave a little more or less than nothing.
        teachersRest = count == vocab ? 0 : Math.max(0, teachersRest);
        double ownRest = Math.max(LEAST_REST, rest / sum);
        softLoss += teachersRest == 0 ? 0 : teachersRest * StrictMath.log(teachersRest / ownRest);
        sums.hard[row] = logSum;
        sums.soft[row] = softLogSum;
        sums.share[row] = teachersRest / ownRest;
        set(crossEntropy, token, hardLoss);
        set(divergence, token, softLoss);
        return (1 - op.ratio()) * hardLoss + op.ratio() * op.temperature() * op.temperature() * softLoss;
    }

    private static void set(Tensor result, int token, double value) {
        if (result != null) {
            result.setFloat(token, (float) value);
        }
    }

    /// The sum of `e^(logit - largest)` of all ids but the teacher's, whose logits are put into `named`.
    private double rest(Tensor logits, long at, int token, float[] named, float largest, float[] lanes) {
        int count = ids.dim(1);
        for (int i = 0; i < count; i++) {
            Guard.index("distillation", "ids", ids, token * count + i, weight.dim(0));
            named[i] = logits.getFloat(at + id(token, i));
        }
        for (int i = 0; i < count; i++) {
            logits.setFloat(at + id(token, i), Float.NEGATIVE_INFINITY);
        }
        double sum = CrossEntropyKernel.sumOfExponents(logits.data(), at, weight.dim(0), largest, lanes);
        for (int i = 0; i < count; i++) {
            logits.setFloat(at + id(token, i), named[i]);
        }
        return sum;
    }

    private int id(int token, int i) {
        return ids.getInt((long) token * ids.dim(1) + i);
    }

    /// Cooled logits become their gradients.
    private void differentiate(Tensor logits, int row, int token, RowSums sums, ThreadBuffers buffers) {
        float[] named = buffers.floats(NAMED, ids.dim(1));
        float[] ofHard = buffers.floats(OF_HARD, VISIT);
        double logSum = sums.hard[row];
        double softLogSum = sums.soft[row];
        double hard = scale.getFloat(0) * (1 - op.ratio());
        double soft = scale.getFloat(0) * op.ratio() * op.temperature();
        int vocab = weight.dim(0);
        long at = (long) row * vocab;
        for (int i = 0; i < ids.dim(1); i++) {
            named[i] = logits.getFloat(at + id(token, i));
        }
        for (int from = 0; from < vocab; from += VISIT) {
            int count = Math.min(VISIT, vocab - from);
            exponents(logits.data(), at + from, count, (float) op.temperature(), (float) logSum, (float) hard, ofHard);
            try {
                ADD_EXPONENTS[0].invokeExact(logits.data(), at + from, count, (float) softLogSum,
                        (float) (soft * (1 - sums.share[row])), ofHard);
            } catch (Throwable e) {
                throw ApartLoops.thrown(e);
            }
        }
        for (int i = 0; i < ids.dim(1); i++) {
            double own = StrictMath.exp(named[i] - softLogSum);
            double teachers = StrictMath.exp(logp.getFloat((long) token * ids.dim(1) + i));
            logits.setFloat(at + id(token, i),
                    (float) (hard * StrictMath.exp(named[i] * op.temperature() - logSum) + soft * (own - teachers)));
        }
        long label = at + labels.getInt(token);
        logits.setFloat(label, (float) (logits.getFloat(label) - hard));
    }

    // Logits become `hard e^(temperature logit - logSum) + soft e^(logit - softLogSum)` in two loops, the second called
    // apart: both exponents together are more than the compiler inlines, and each vector an object.

    private static void exponents(MemorySegment logits, long at, int count, float temperature, float logSum, float hard,
            float[] ofHard) {
        int i = 0;
        for (; i <= count - Simd.LANES; i += Simd.LANES) {
            FloatVector logit = Simd.load(logits, at + i);
            Simd.exp(logit.mul(temperature).sub(logSum)).mul(hard).intoArray(ofHard, i);
        }
        for (; i < count; i++) {
            ofHard[i] = Simd.exp(logits.get(Tensor.F32, (at + i) * 4) * temperature - logSum) * hard;
        }
    }

    static void addExponents(MemorySegment logits, long at, int count, float logSum, float soft, float[] ofHard) {
        int i = 0;
        for (; i <= count - Simd.LANES; i += Simd.LANES) {
            FloatVector logit = Simd.load(logits, at + i);
            FloatVector ofSoft = Simd.exp(logit.sub(logSum)).mul(soft);
            Simd.store(ofSoft.add(FloatVector.fromArray(Simd.F, ofHard, i)), logits, at + i);
        }
        for (; i < count; i++) {
            float ofSoft = Simd.exp(logits.get(Tensor.F32, (at + i) * 4) - logSum) * soft;
            logits.set(Tensor.F32, (at + i) * 4, ofSoft + ofHard[i]);
        }
    }
}
