package llams.engine.cpu;

import llams.engine.graph.*;
import llams.engine.plan.Program;

/// Which kernel the processor runs for an instruction, as [CpuDevice] chooses them.
final class KernelOf {
    private KernelOf() {}

    static Class<?> instruction(Program.Instruction i) {
        return switch (i.op()) {
            case MatMul(boolean transposeA, boolean transposeB) -> {
                boolean isOfFewRows = !transposeA && transposeB
                        && i.inputs().get(MatMul.A).type().shape().dim(0) <= GemvKernel.FEW;
                yield isOfFewRows ? GemvKernel.class : Gemm.class;
            }
            case Attention(int headDim, long rowLength) -> {
                TensorType q = i.inputs().get(Attention.Q).type();
                long columns = q.shape().elements() / i.inputs().get(Attention.K).type().shape().dim(1);
                boolean isOfFewRows = rowLength == 1 || columns < AttentionKernel.FEW_COLUMNS;
                yield isOfFewRows ? AttentionDecodeKernel.class : AttentionKernel.class;
            }
            case Accumulate(Accumulate.Summand summand, _) -> sum(summand);
            case Op op -> of(op);
        };
    }

    private static Class<?> sum(Accumulate.Summand summand) {
        return switch (summand) {
            case Accumulate.Given() -> ElementwiseKernel.class;
            case MatMul _ -> Gemm.class;
            case Embedding.Gradient op -> of(op);
            case LinearCrossEntropy op -> of(op);
            case LinearDistillation op -> of(op);
            case RmsNorm.WeightGradient op -> of(op);
            case ScaleColumns.MagnitudeGradient op -> of(op);
        };
    }

    private static Class<?> of(Op op) {
        return switch (op) {
            case Constant _ -> CpuDevice.class;
            case MatMul _ -> Gemm.class;
            case Accumulate _,Add _,CacheAppend _,Clear _,Dropout _,Noise _,Scale _ -> ElementwiseKernel.class;
            case Embedding _,Embedding.Gradient _ -> EmbeddingKernel.class;
            case RmsNorm _,RmsNorm.Gradient _,RmsNorm.WeightGradient _,RowNorm _ -> NormKernel.class;
            case Rope _ -> RopeKernel.class;
            case Attention _ -> AttentionKernel.class;
            case Attention.Gradient _ -> AttentionGradientKernel.class;
            case SwiGlu _,SwiGlu.Gradient _ -> SwiGluKernel.class;
            case LinearCrossEntropy _ -> CrossEntropyKernel.class;
            case LinearDistillation _ -> DistillationKernel.class;
            case TopTokens _ -> TopTokensKernel.class;
            case PreferenceLoss _ -> PreferenceLoss.class;
            case ScaleColumns _,ScaleColumns.MagnitudeGradient _ -> ColumnKernel.class;
            case SquaredNorm _,AdamW _ -> AdamWKernel.class;
            case CompactAdamW _ -> CompactAdamWKernel.class;
        };
    }
}
