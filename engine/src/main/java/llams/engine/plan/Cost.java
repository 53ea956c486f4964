package llams.engine.plan;

import java.util.List;
import llams.engine.graph.*;

/// What an instruction computes and moves, from the formulas and shapes of its op. A root, a division, an exponential and
/// the like count as one operation, and so does each of an addition and a multiplication.
///
/// @param flops        operations on numbers
/// @param readBytes    of what it reads, once
/// @param writtenBytes of what it makes, and of the state that it changes
public record Cost(long flops, long readBytes, long writtenBytes) {
    private static final long RMS_NORM = 4, RMS_NORM_GRADIENT = 9, ROPE = 3, SWIGLU = 5, SWIGLU_GRADIENT = 11,
            ADAMW = 17, ADAMW_8BIT = 25;

    static Cost of(Program.Instruction i) {
        List<TensorType> in = i.inputs().stream().map(Program.Place::type).toList();
        return new Cost(flops(i.op(), in, i.results()), read(i.op(), in), written(i.op(), in, i.results()));
    }

    private static long flops(Op op, List<TensorType> in, List<Program.Place> results) {
        long n = results.isEmpty() ? 0 : elements(results.getFirst().type());
        return switch (op) {
            case Constant _,Embedding _,Clear _,CacheAppend _ -> 0;
            case Add _,Scale _,Dropout _ -> n;
            case Noise _,RowNorm _,ScaleColumns _ -> 2 * n;
            case Embedding.Gradient _ -> elements(in.get(Embedding.Gradient.DY));
            case RmsNorm _ -> RMS_NORM * n;
            case RmsNorm.Gradient _ -> RMS_NORM_GRADIENT * n;
            case RmsNorm.WeightGradient _ -> RMS_NORM * elements(in.get(RmsNorm.WeightGradient.X));
            case Rope _ -> ROPE * n;
            case SwiGlu _ -> SWIGLU * n;
            case SwiGlu.Gradient _ -> SWIGLU_GRADIENT * elements(in.get(SwiGlu.GATE));
            case MatMul product -> product(product, in);
            // q·k and p v; the gradient computes the scores again, and the products of dout, v, ds, k and q.
            case Attention(_, long rowLength) -> 4 * elements(in.get(Attention.Q)) * pairs(in, rowLength) / tokens(in);
            case Attention.Gradient(_, long rowLength) ->
                10 * elements(in.get(Attention.Q)) * pairs(in, rowLength) / tokens(in);
            case LinearCrossEntropy _ ->
                head(in, used(results, LinearCrossEntropy.DX) + used(results, LinearCrossEntropy.DWEIGHT));
            case LinearDistillation _ ->
                head(in, used(results, LinearDistillation.DX) + used(results, LinearDistillation.DWEIGHT));
            case TopTokens _ -> head(in, 0);
            case PreferenceLoss _ -> elements(in.get(PreferenceLoss.TOKEN_LOSS));
            case ScaleColumns.MagnitudeGradient _ -> 2 * elements(in.get(ScaleColumns.MagnitudeGradient.X));
            case SquaredNorm _ -> 2 * elements(in.get(SquaredNorm.X));
            case Accumulate(Accumulate.Summand summand, _) -> switch (summand) {
                case Accumulate.Given() -> elements(in.get(Accumulate.Given.X));
                case MatMul product -> product(product, in.subList(0, MatMul.C)) + elements(in.getLast());
                case LinearCrossEntropy _ -> head(in, used(results, LinearCrossEntropy.DX) + 1);
                case LinearDistillation _ -> head(in, used(results, LinearDistillation.DX) + 1);
                case Embedding.Gradient part -> flops(part, in, results);
                case RmsNorm.WeightGradient part -> flops(part, in, results);
                case ScaleColumns.MagnitudeGradient part -> flops(part, in, results);
            };
            case AdamW _ -> ADAMW * elements(in.get(AdamW.PARAM));
            case CompactAdamW _ -> ADAMW_8BIT * elements(in.get(AdamW.PARAM));
        };
    }

    private static long elements(TensorType type) {
        return type.shape().elements();
    }

    private static long tokens(List<TensorType> in) {
        return Math.max(1, in.getFirst().shape().dim(0));
    }

    private static long product(MatMul op, List<TensorType> in) {
        long m = in.get(MatMul.A).shape().dim(op.transposeA() ? 1 : 0);
        long k = in.get(MatMul.A).shape().dim(op.transposeA() ? 0 : 1);
        long n = in.get(MatMul.B).shape().dim(op.transposeB() ? 0 : 1);
        return 2 * m * n * k + (in.size() > MatMul.C ? m * n : 0);
    }

    /// Pairs of a query and a key that it sees, for each head: of whole sequences, or of tokens that all see the whole
    /// cache. Documents within a sequence see less.
    private static long pairs(List<TensorType> in, long rowLength) {
        long tokens = tokens(in);
        long rows = in.get(Attention.K).shape().dim(0);
        if (rows != tokens) {
            return tokens * rows;
        }
        long length = rowLength == 0 ? tokens : Math.min(rowLength, tokens);
        long rest = tokens % length;
        return tokens / length * (length * (length + 1) / 2) + rest * (rest + 1) / 2;
    }

    private static int used(List<Program.Place> results, int result) {
        return result < results.size() && !(results.get(result) instanceof Program.Unused) ? 1 : 0;
    }

    /// Logits, and as many products of their size again as there are gradients.
    private static long head(List<TensorType> in, int gradients) {
        return 2 * (1 + gradients) * tokens(in) * elements(in.get(LinearCrossEntropy.WEIGHT));
    }

    private static long read(Op op, List<TensorType> in) {
        long bytes = bytes(in);
        if (op instanceof Embedding) {
            TensorType table = in.get(Embedding.TABLE);
            bytes -= table.bytes();
            bytes += Math.min(table.bytes(),
                    table.bytes() / Math.max(1, table.shape().dim(0)) * elements(in.get(Embedding.IDS)));
        }
        return op instanceof Clear ? 0 : op instanceof CacheAppend ? in.get(CacheAppend.X).bytes() : bytes;
    }

    private static long written(Op op, List<TensorType> in, List<Program.Place> results) {
        long made = results.stream()
                .filter(place -> !(place instanceof Program.Unused))
                .mapToLong(place -> place.type().bytes())
                .sum();
        return made + switch (op) {
            case Accumulate _ -> Accumulate.state(in).bytes();
            case Clear _ -> in.get(Clear.STATE).bytes();
            case CacheAppend _ -> in.get(CacheAppend.X).bytes();
            case AdamW _ -> bytes(in.subList(AdamW.PARAM, AdamW.GRADIENT));
            case CompactAdamW _ -> bytes(in.subList(AdamW.PARAM, AdamW.GRADIENT))
                    + bytes(in.subList(Math.min(in.size(), CompactAdamW.STEP + 1), in.size()));
            case Op _ -> 0;
        };
    }

    private static long bytes(List<TensorType> types) {
        return types.stream().mapToLong(TensorType::bytes).sum();
    }
}
