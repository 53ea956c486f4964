package llams.engine.reference;

import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.Optional;
import llams.engine.cpu.ContentHash;
import llams.engine.device.Device;
import llams.engine.device.HostSession;
import llams.engine.device.Options;
import llams.engine.device.Session;
import llams.engine.graph.*;
import llams.engine.tensor.Tensor;

/// The plainest correct loops on one thread: slow, and what every other device is tested against.
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
            public long hash(MemorySegment data) {
                try (ContentHash hash = new ContentHash(new Options(1))) {
                    return hash.of(data);
                }
            }

            @Override
            public void close() {}
        });
    }

    private static void run(Op op, Tensor[] in, Tensor[] out) {
        Tensor y = out.length > 0 ? out[0] : null;
        switch (op) {
            case Constant(float value) -> y.setFloat(0, value);
            case Add() -> ReferenceKernels.add(in[Add.A], in[Add.B], 1, y);
            case Scale(float factor) -> ReferenceKernels.scale(in[Scale.X], factor, y);
            case MatMul product -> {
                boolean isSum = in.length > MatMul.C;
                if (isSum) {
                    ReferenceKernels.scale(in[MatMul.C], 1, y);
                }
                multiply(product, in, y, isSum);
            }
            case Embedding() -> ReferenceKernels.embedding(in[Embedding.TABLE], in[Embedding.IDS], y);
            case Embedding.Gradient _ ->
                ReferenceKernels.embeddingGradient(in[Embedding.Gradient.IDS], in[Embedding.Gradient.DY], y, false);
            case RmsNorm(float eps) -> ReferenceKernels.rmsNorm(in[RmsNorm.X], in[RmsNorm.WEIGHT], eps, y);
            case RmsNorm.Gradient(float eps) ->
                ReferenceKernels.rmsNormGradient(in[RmsNorm.X], in[RmsNorm.WEIGHT], eps, in[RmsNorm.Gradient.DY], y);
            case RmsNorm.WeightGradient(float eps) -> ReferenceKernels
                    .rmsNormWeightGradient(in[RmsNorm.WeightGradient.X], eps, in[RmsNorm.WeightGradient.DY], y, false);
            case Rope(int headDim, boolean inverse) ->
                ReferenceKernels.rope(in[Rope.X], in[Rope.TABLE], in[Rope.POSITION], headDim, inverse, y);
            case Attention(int headDim, _) ->
                ReferenceAttention.forward(in[Attention.Q], in[Attention.K], in[Attention.V], in[Attention.FIRST],
                        in[Attention.LAST], headDim, out[Attention.OUT], out[Attention.LOG_SUM_EXP]);
            case Attention.Gradient(int headDim, _) -> ReferenceAttention.gradient(in[Attention.Q], in[Attention.K],
                    in[Attention.V], in[Attention.FIRST], in[Attention.LAST], headDim, in[Attention.Gradient.OUT],
                    in[Attention.Gradient.LOG_SUM_EXP], in[Attention.Gradient.DOUT], out[Attention.Gradient.DQ],
                    out[Attention.Gradient.DK], out[Attention.Gradient.DV]);
            case SwiGlu() -> ReferenceKernels.swiGlu(in[SwiGlu.GATE], in[SwiGlu.UP], y);
            case SwiGlu.Gradient() -> ReferenceKernels.swiGluGradient(in[SwiGlu.GATE], in[SwiGlu.UP],
                    in[SwiGlu.Gradient.DY], out[SwiGlu.Gradient.DGATE], out[SwiGlu.Gradient.DUP]);
            case LinearCrossEntropy() -> loss(in, out, out[LinearCrossEntropy.DWEIGHT], false);
            case LinearDistillation learning ->
                ReferenceDistillation.run(learning, in, out, out[LinearDistillation.DWEIGHT], false);
            case TopTokens top -> ReferenceDistillation.top(top, in, out[TopTokens.IDS], out[TopTokens.LOGP]);
            case Dropout(float rate, int stream) ->
                ReferenceKernels.dropout(in[Dropout.X], in[Dropout.SEED], stream, rate, y);
            case Noise(int stream) -> ReferenceKernels.noise(in[Noise.X], in[Noise.BOUND], in[Noise.SEED], stream, y);
            case PreferenceLoss loss -> loss.run(in, out);
            case RowNorm() -> ReferenceKernels.rowNorm(in[RowNorm.X], y);
            case ScaleColumns() ->
                ReferenceKernels.scaleColumns(in[ScaleColumns.X], in[ScaleColumns.MAGNITUDE], in[ScaleColumns.NORM], y);
            case ScaleColumns.MagnitudeGradient() -> magnitudeGradient(in, y, false);
            case SquaredNorm() -> ReferenceKernels.squaredNorm(in[SquaredNorm.X], y);
            case Accumulate(Accumulate.Summand summand, _) -> accumulate(summand, in, out, Accumulate.state(in));
            case Clear() -> in[Clear.STATE].data().fill((byte) 0);
            case CacheAppend() ->
                ReferenceKernels.cacheAppend(in[CacheAppend.CACHE], in[CacheAppend.X], in[CacheAppend.SLOT]);
            case AdamW(double beta1, double beta2, double eps, double weightDecay, double clip) ->
                ReferenceKernels.adamW(in[AdamW.PARAM], in[AdamW.M], in[AdamW.V], in[AdamW.GRADIENT],
                        in[AdamW.SQUARED_NORM], in[AdamW.SCHEDULE], beta1, beta2, eps, weightDecay, clip);
            case CompactAdamW compact -> ReferenceCompactAdamW.step(compact, in);
        }
    }

    private static void accumulate(Accumulate.Summand summand, Tensor[] in, Tensor[] out, Tensor state) {
        switch (summand) {
            case Accumulate.Given() -> ReferenceKernels.add(state, in[Accumulate.Given.X], 1, state);
            case MatMul product -> multiply(product, in, state, true);
            case Embedding.Gradient _ ->
                ReferenceKernels.embeddingGradient(in[Embedding.Gradient.IDS], in[Embedding.Gradient.DY], state, true);
            case LinearCrossEntropy() -> loss(in, out, state, true);
            case LinearDistillation learning -> ReferenceDistillation.run(learning, in, out, state, true);
            case RmsNorm.WeightGradient(float eps) -> ReferenceKernels.rmsNormWeightGradient(
                    in[RmsNorm.WeightGradient.X], eps, in[RmsNorm.WeightGradient.DY], state, true);
            case ScaleColumns.MagnitudeGradient() -> magnitudeGradient(in, state, true);
        }
    }

    private static void magnitudeGradient(Tensor[] in, Tensor result, boolean accumulate) {
        ReferenceKernels.magnitudeGradient(in[ScaleColumns.MagnitudeGradient.X], in[ScaleColumns.MagnitudeGradient.DY],
                in[ScaleColumns.MagnitudeGradient.NORM], result, accumulate);
    }

    private static void multiply(MatMul op, Tensor[] in, Tensor c, boolean accumulate) {
        ReferenceKernels.multiply(in[MatMul.A], op.transposeA(), in[MatMul.B], op.transposeB(), c, accumulate);
    }

    private static void loss(Tensor[] in, Tensor[] out, Tensor dWeight, boolean accumulate) {
        ReferenceKernels.crossEntropy(in[LinearCrossEntropy.X], in[LinearCrossEntropy.WEIGHT],
                in[LinearCrossEntropy.LABELS], in[LinearCrossEntropy.SCALE], out[LinearCrossEntropy.LOSS],
                out[LinearCrossEntropy.TOKEN_LOSS], out[LinearCrossEntropy.DX], dWeight, accumulate);
    }
}
