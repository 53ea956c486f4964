package llams.engine.cpu;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import llams.engine.device.Device;
import llams.engine.device.HostSession;
import llams.engine.device.Options;
import llams.engine.device.Session;
import llams.engine.graph.*;
import llams.engine.tensor.Tensor;

/// The processor's vector units, through the Vector API.
public final class CpuDevice implements Device {
    @Override
    public String name() {
        return "cpu";
    }

    @Override
    public String description() {
        return "vectors of " + Simd.BITS + " bits, threads: " + Runtime.getRuntime().availableProcessors();
    }

    @Override
    public String arithmetic() {
        return name() + " with vectors of " + Simd.BITS + " bits";
    }

    @Override
    public Optional<String> unavailable() {
        try {
            Class.forName("jdk.incubator.vector.FloatVector", false, CpuDevice.class.getClassLoader());
            return Optional.empty();
        } catch (ClassNotFoundException e) {
            return Optional.of("its kernels need Java's vector module; start java with"
                    + " --add-modules=jdk.incubator.vector");
        }
    }

    @Override
    public Session open(Map<String, Tensor> resident, Options options) {
        return new HostSession(resident, new VectorKernels(Parallel.of(options)));
    }

    private record VectorKernels(Parallel parallel) implements HostSession.Kernels {
        @Override
        public void run(HostSession.Step step) {
            Parallel p = parallel;
            Tensor[] in = step.inputs();
            Tensor[] out = step.results();
            Tensor[] work = step.workspace();
            switch (step.op()) {
                case Constant(float value) -> out[0].setFloat(0, value);
                case Add() -> ElementwiseKernel.add(in[0], in[1], 1, out[0], p);
                case Scale(float factor) -> ElementwiseKernel.scale(in[0], factor, out[0], p);
                case MatMul(boolean transposeA, boolean transposeB) -> {
                    boolean accumulate = in.length == 3;
                    if (accumulate && out[0].data().address() != in[2].data().address()) {
                        ElementwiseKernel.copy(in[2], out[0], p);
                    }
                    Gemm.multiply(in[0], transposeA, in[1], transposeB, out[0], accumulate, p);
                }
                case AccumulateMatMul(boolean transposeA, boolean transposeB) -> sum(in, transposeA, transposeB).run();
                case Embedding() -> EmbeddingKernel.forward(in[0], in[1], out[0], p);
                case EmbeddingGradient(long rows) -> EmbeddingKernel.gradient(in[0], in[1], out[0], false, p);
                case AccumulateEmbeddingGradient() -> EmbeddingKernel.gradient(in[1], in[2], in[0], true, p);
                case RmsNorm(float eps) -> NormKernel.rmsNorm(in[0], in[1], eps, out[0], p);
                case RmsNormGradient(float eps) -> NormKernel.rmsNormGradient(in[0], in[1], eps, in[2], out[0], p);
                case RmsNormWeightGradient(float eps) -> NormKernel.rmsNormWeightGradient(in[0], eps, in[1], out[0], p);
                case Rope(int headDim, boolean inverse) ->
                    RopeKernel.apply(in[0], in[1], in[2], headDim, inverse, out[0], p);
                case Attention(int headDim, long rowLength) ->
                    AttentionKernel.forward(in[0], in[1], in[2], in[3], in[4], headDim, out[0], out[1], p);
                case AttentionGradient(int headDim, long rowLength) -> AttentionGradientKernel.run(in[0], in[1], in[2],
                        in[3], in[4], headDim, in[5], in[6], in[7], out[0], out[1], out[2], p);
                case SwiGlu() -> SwiGluKernel.forward(in[0], in[1], out[0], p);
                case SwiGluGradient() -> SwiGluKernel.gradient(in[0], in[1], in[2], out[0], out[1], p);
                case LinearCrossEntropy() ->
                    CrossEntropyKernel.run(in[0], in[1], in[2], in[3], out[0], out[1], out[2], out[3], false, work, p);
                case AccumulateLinearCrossEntropy() ->
                    CrossEntropyKernel.run(in[0], in[1], in[2], in[3], out[0], out[1], out[2], in[4], true, work, p);
                case Dropout(float rate, int stream) ->
                    ElementwiseKernel.dropout(in[0], in[1], stream, rate, out[0], p);
                case SquaredNorm() -> AdamWKernel.squaredNorm(in[0], out[0], p);
                case Accumulate() -> ElementwiseKernel.accumulate(in[0], in[1], p);
                case Clear() -> ElementwiseKernel.clear(in[0], p);
                case CacheAppend() -> ElementwiseKernel.cacheAppend(in[0], in[1], in[2]);
                case AdamW(double beta1, double beta2, double eps, double weightDecay, double clip) ->
                    AdamWKernel.step(in[0], in[1], in[2], in[3], in[4], in[5], beta1, beta2, eps, weightDecay, clip, p);
            }
        }

        @Override
        public Runnable prepare(List<HostSession.Step> steps) {
            HostSession.Step first = steps.getFirst();
            if (steps.size() == 1 && first.op() instanceof AccumulateMatMul(boolean transposeA, boolean transposeB)) {
                return sum(first.inputs(), transposeA, transposeB);
            }
            Runnable together = Gemm.together(steps, parallel);
            return together == null ? HostSession.Kernels.super.prepare(steps) : together;
        }

        private Runnable sum(Tensor[] in, boolean transposeA, boolean transposeB) {
            return Gemm.prepare(in[1], transposeA, in[2], transposeB, in[0], true, parallel);
        }

        @Override
        public void close() {
            parallel.close();
        }
    }
}
