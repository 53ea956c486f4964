package llams.engine.cpu;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import llams.engine.device.Device;
import llams.engine.device.HostSession;
import llams.engine.device.Options;
import llams.engine.device.Session;
import llams.engine.device.VectorModule;
import llams.engine.graph.*;
import llams.engine.plan.Program;
import llams.engine.tensor.Tensor;

/// The processor's vector units, through the Vector API.
public final class CpuDevice implements Device {
    @Override
    public String name() {
        return "cpu";
    }

    @Override
    public String description() {
        String vectors = VectorModule.missing().isPresent() ? "no vectors" : "vectors of " + Simd.BITS + " bits";
        return vectors + ", threads: " + Runtime.getRuntime().availableProcessors();
    }

    @Override
    public String arithmetic() {
        return name();
    }

    @Override
    public Class<?> kernel(Program.Instruction instruction) {
        return KernelOf.instruction(instruction);
    }

    @Override
    public Optional<String> unavailable() {
        return VectorModule.missing().map(what -> "its kernels need " + what);
    }

    @Override
    public void expect(List<Program> programs) {
        List<Program.Instruction> all = programs.stream().flatMap(one -> one.instructions().stream()).toList();
        Thread.ofPlatform().daemon().name("warm-up").start(() -> warmUp(all));
    }

    private static void warmUp(List<Program.Instruction> instructions) {
        try (VectorKernels alone = new VectorKernels(new Parallel(1))) {
            WarmUp.run(instructions, alone);
        }
    }

    @Override
    public Session open(Map<String, Tensor> resident, Options options) {
        VectorModule.require("the CPU's kernels need");
        return new HostSession(resident, new VectorKernels(Parallel.of(options)));
    }

    record VectorKernels(Parallel parallel) implements HostSession.Kernels {
        @Override
        public long hash(MemorySegment data) {
            return ContentHash.of(data, parallel);
        }

        @Override
        public void run(HostSession.Step step) {
            Parallel p = parallel;
            Tensor[] in = step.inputs();
            Tensor[] out = step.results();
            Tensor y = out.length > 0 ? out[0] : null;
            switch (step.op()) {
                case Constant(float value) -> y.setFloat(0, value);
                case Add() -> ElementwiseKernel.add(in[Add.A], in[Add.B], 1, y, p);
                case Scale(float factor) -> ElementwiseKernel.scale(in[Scale.X], factor, y, p);
                case MatMul op -> {
                    boolean isSum = in.length > MatMul.C;
                    if (isSum && y.data().address() != in[MatMul.C].data().address()) {
                        ElementwiseKernel.widen(in[MatMul.C], y, p);
                    }
                    product(op, in, y, isSum).run();
                }
                case Embedding() -> EmbeddingKernel.forward(in[Embedding.TABLE], in[Embedding.IDS], y, p);
                case Embedding.Gradient _ ->
                    EmbeddingKernel.gradient(in[Embedding.Gradient.IDS], in[Embedding.Gradient.DY], y, false, p);
                case RmsNorm(float eps) -> NormKernel.rmsNorm(in[RmsNorm.X], in[RmsNorm.WEIGHT], eps, y, p);
                case RmsNorm.Gradient(float eps) ->
                    NormKernel.rmsNormGradient(in[RmsNorm.X], in[RmsNorm.WEIGHT], eps, in[RmsNorm.Gradient.DY], y, p);
                case RmsNorm.WeightGradient(float eps) -> NormKernel.rmsNormWeightGradient(in[RmsNorm.WeightGradient.X],
                        eps, in[RmsNorm.WeightGradient.DY], y, false, 0, p);
                case Rope(int headDim, boolean inverse) ->
                    RopeKernel.apply(in[Rope.X], in[Rope.TABLE], in[Rope.POSITION], headDim, inverse, y, p);
                case Attention(int headDim, long rowLength) ->
                    AttentionKernel.forward(in[Attention.Q], in[Attention.K], in[Attention.V], in[Attention.FIRST],
                            in[Attention.LAST], headDim, out[Attention.OUT], out[Attention.LOG_SUM_EXP], rowLength, p);
                case Attention.Gradient(int headDim, long rowLength) ->
                    AttentionGradientKernel.run(in[Attention.Q], in[Attention.K], in[Attention.V], in[Attention.FIRST],
                            in[Attention.LAST], headDim, in[Attention.Gradient.OUT], in[Attention.Gradient.LOG_SUM_EXP],
                            in[Attention.Gradient.DOUT], out[Attention.Gradient.DQ], out[Attention.Gradient.DK],
                            out[Attention.Gradient.DV], rowLength, p);
                case SwiGlu() -> SwiGluKernel.forward(in[SwiGlu.GATE], in[SwiGlu.UP], y, p);
                case SwiGlu.Gradient() -> SwiGluKernel.gradient(in[SwiGlu.GATE], in[SwiGlu.UP], in[SwiGlu.Gradient.DY],
                        out[SwiGlu.Gradient.DGATE], out[SwiGlu.Gradient.DUP], p);
                case LinearCrossEntropy() -> loss(step, out[LinearCrossEntropy.DWEIGHT], false, 0);
                case LinearDistillation op -> distil(op, step, out[LinearDistillation.DWEIGHT], false, 0);
                case TopTokens op ->
                    TopTokensKernel.run(op, in, out[TopTokens.IDS], out[TopTokens.LOGP], step.workspace(), p);
                case Dropout(float rate, int stream) ->
                    ElementwiseKernel.dropout(in[Dropout.X], in[Dropout.SEED], stream, rate, y, p);
                case Noise(int stream) ->
                    ElementwiseKernel.noise(in[Noise.X], in[Noise.BOUND], in[Noise.SEED], stream, y, p);
                case PreferenceLoss op -> op.run(in, out);
                case RowNorm() -> NormKernel.rowNorm(in[RowNorm.X], y, p);
                case ScaleColumns() ->
                    ColumnKernel.scale(in[ScaleColumns.X], in[ScaleColumns.MAGNITUDE], in[ScaleColumns.NORM], y, p);
                case ScaleColumns.MagnitudeGradient() -> magnitudeGradient(in, y, false, 0);
                case SquaredNorm() -> AdamWKernel.squaredNorm(in[SquaredNorm.X], y, p);
                case Accumulate(Accumulate.Summand summand, long rowLength) ->
                    accumulate(summand, step, Accumulate.state(in), rowLength);
                case Clear() -> ElementwiseKernel.clear(in[Clear.STATE], p);
                case CacheAppend() ->
                    ElementwiseKernel.cacheAppend(in[CacheAppend.CACHE], in[CacheAppend.X], in[CacheAppend.SLOT]);
                case AdamW(double beta1, double beta2, double eps, double weightDecay, double clip) ->
                    AdamWKernel.step(in[AdamW.PARAM], in[AdamW.M], in[AdamW.V], in[AdamW.GRADIENT],
                            in[AdamW.SQUARED_NORM], in[AdamW.SCHEDULE], beta1, beta2, eps, weightDecay, clip, p);
                case CompactAdamW op -> CompactAdamWKernel.step(op, in, p);
            }
        }

        private void accumulate(Accumulate.Summand summand, HostSession.Step step, Tensor state, long rowLength) {
            Tensor[] in = step.inputs();
            switch (summand) {
                case Accumulate.Given() -> ElementwiseKernel.add(state, in[Accumulate.Given.X], 1, state, parallel);
                case MatMul op -> sum(op, in, state, rowLength).run();
                case Embedding.Gradient _ -> EmbeddingKernel.gradient(in[Embedding.Gradient.IDS],
                        in[Embedding.Gradient.DY], state, true, parallel);
                case LinearCrossEntropy() -> loss(step, state, true, rowLength);
                case LinearDistillation op -> distil(op, step, state, true, rowLength);
                case RmsNorm.WeightGradient(float eps) -> NormKernel.rmsNormWeightGradient(in[RmsNorm.WeightGradient.X],
                        eps, in[RmsNorm.WeightGradient.DY], state, true, rowLength, parallel);
                case ScaleColumns.MagnitudeGradient() -> magnitudeGradient(in, state, true, rowLength);
            }
        }

        private void magnitudeGradient(Tensor[] in, Tensor result, boolean accumulate, long rowLength) {
            ColumnKernel.magnitudeGradient(in[ScaleColumns.MagnitudeGradient.X], in[ScaleColumns.MagnitudeGradient.DY],
                    in[ScaleColumns.MagnitudeGradient.NORM], result, accumulate, rowLength, parallel);
        }

        private Runnable product(MatMul op, Tensor[] in, Tensor c, boolean accumulate) {
            return Gemm.prepare(in[MatMul.A], op.transposeA(), in[MatMul.B], op.transposeB(), c, accumulate, parallel);
        }

        /// A weight's gradient, added to its state: the steps are tokens.
        private Runnable sum(MatMul op, Tensor[] in, Tensor state, long rowLength) {
            int tokens = in[MatMul.A].dim(op.transposeA() ? 0 : 1);
            return Gemm.tiles(in[MatMul.A], op.transposeA(), in[MatMul.B], op.transposeB(), state, true,
                    Gemm.ends(tokens, rowLength), parallel);
        }

        private void loss(HostSession.Step step, Tensor dWeight, boolean accumulate, long rowLength) {
            Tensor[] in = step.inputs();
            Tensor[] out = step.results();
            CrossEntropyKernel.run(in[LinearCrossEntropy.X], in[LinearCrossEntropy.WEIGHT],
                    in[LinearCrossEntropy.LABELS], in[LinearCrossEntropy.SCALE], out[LinearCrossEntropy.LOSS],
                    out[LinearCrossEntropy.TOKEN_LOSS], out[LinearCrossEntropy.DX], dWeight, accumulate, rowLength,
                    step.workspace(), parallel);
        }

        private void distil(LinearDistillation op, HostSession.Step step, Tensor dWeight, boolean accumulate,
                long rowLength) {
            DistillationKernel.run(op, step.inputs(), step.results(), dWeight, accumulate, rowLength, step.workspace(),
                    parallel);
        }

        @Override
        public Runnable prepare(List<HostSession.Step> steps) {
            HostSession.Step first = steps.getFirst();
            Tensor[] in = first.inputs();
            if (steps.size() == 1 && first.op() instanceof Accumulate(MatMul op, long rowLength)) {
                return sum(op, in, Accumulate.state(in), rowLength);
            }
            Runnable together = Gemm.together(steps, parallel);
            return together == null ? HostSession.Kernels.super.prepare(steps) : together;
        }

        @Override
        public void warmUp(Program program) {
            CpuDevice.warmUp(program.instructions());
        }

        @Override
        public void close() {
            parallel.close();
        }
    }
}
