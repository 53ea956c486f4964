package llams.engine.reference;

import java.util.Map;
import java.util.Optional;
import llams.engine.device.Device;
import llams.engine.device.HostSession;
import llams.engine.device.Options;
import llams.engine.device.Session;
import llams.engine.graph.*;
import llams.engine.tensor.Tensor;

/// The plainest right loops on one thread: slow, and what every other device is tested against.
public final class ReferenceDevice implements Device {
    @Override
    public String name() {
        return "scalar";
    }

    @Override
    public String description() {
        return "plain loops on one thread, the reference for tests";
    }

    @Override
    public Optional<String> unavailable() {
        return Optional.empty();
    }

    @Override
    public Session open(Map<String, Tensor> resident, Options options) {
        return new HostSession(resident, new HostSession.Kernels() {
            @Override
            public void run(HostSession.Step step) {
                ReferenceDevice.run(step.op(), step.inputs(), step.results());
            }

            @Override
            public void close() {}
        });
    }

    private static void run(Op op, Tensor[] in, Tensor[] out) {
        switch (op) {
            case Constant(float value) -> out[0].setFloat(0, value);
            case Add() -> ReferenceKernels.add(in[0], in[1], 1, out[0]);
            case Scale(float factor) -> ReferenceKernels.scale(in[0], factor, out[0]);
            case MatMul(boolean transposeA, boolean transposeB) -> {
                if (in.length == 3) {
                    out[0].data().copyFrom(in[2].data());
                }
                ReferenceKernels.multiply(in[0], transposeA, in[1], transposeB, out[0], in.length == 3);
            }
            case AccumulateMatMul(boolean transposeA, boolean transposeB) ->
                ReferenceKernels.multiply(in[1], transposeA, in[2], transposeB, in[0], true);
            case Embedding() -> ReferenceKernels.embedding(in[0], in[1], out[0]);
            case EmbeddingGradient(long rows) -> ReferenceKernels.embeddingGradient(in[0], in[1], out[0], false);
            case AccumulateEmbeddingGradient() -> ReferenceKernels.embeddingGradient(in[1], in[2], in[0], true);
            case RmsNorm(float eps) -> ReferenceKernels.rmsNorm(in[0], in[1], eps, out[0]);
            case RmsNormGradient(float eps) -> ReferenceKernels.rmsNormGradient(in[0], in[1], eps, in[2], out[0]);
            case RmsNormWeightGradient(float eps) -> ReferenceKernels.rmsNormWeightGradient(in[0], eps, in[1], out[0]);
            case Rope(int headDim, boolean inverse) ->
                ReferenceKernels.rope(in[0], in[1], in[2], headDim, inverse, out[0]);
            case Attention(int headDim, long rowLength) ->
                ReferenceKernels.attention(in[0], in[1], in[2], in[3], in[4], headDim, out[0], out[1]);
            case AttentionGradient(int headDim, long rowLength) -> ReferenceKernels.attentionGradient(in[0], in[1],
                    in[2], in[3], in[4], headDim, in[5], in[6], in[7], out[0], out[1], out[2]);
            case SwiGlu() -> ReferenceKernels.swiGlu(in[0], in[1], out[0]);
            case SwiGluGradient() -> ReferenceKernels.swiGluGradient(in[0], in[1], in[2], out[0], out[1]);
            case LinearCrossEntropy() ->
                ReferenceKernels.crossEntropy(in[0], in[1], in[2], in[3], out[0], out[1], out[2], out[3], false);
            case AccumulateLinearCrossEntropy() ->
                ReferenceKernels.crossEntropy(in[0], in[1], in[2], in[3], out[0], out[1], out[2], in[4], true);
            case Dropout(float rate, int stream) -> ReferenceKernels.dropout(in[0], in[1], stream, rate, out[0]);
            case SquaredNorm() -> ReferenceKernels.squaredNorm(in[0], out[0]);
            case Accumulate() -> ReferenceKernels.accumulate(in[0], in[1]);
            case Clear() -> in[0].data().fill((byte) 0);
            case CacheAppend() -> ReferenceKernels.cacheAppend(in[0], in[1], in[2]);
            case AdamW(double beta1, double beta2, double eps, double weightDecay, double clip) ->
                ReferenceKernels.adamW(in[0], in[1], in[2], in[3], in[4], in[5], beta1, beta2, eps, weightDecay, clip);
        }
    }
}
