package llams.engine.graph;

import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;

/// `state += x`: gradients summed over micro-batches. `x` is a value that exists already, or the last result of an op
/// that then adds it to the state as it computes it: a weight's gradient is as large as the weight, and exists nowhere
/// else. Planning chooses the second form wherever it can.
///
/// What each sequence of a micro-batch adds is summed by itself, and added to the state in the sequences' order. So it
/// makes no difference, not in a single bit, whether sequences come in one micro-batch or in several.
///
/// Inputs: those of the summand, then `state`. Results: those of the summand but the last.
///
/// @param rowLength tokens of one sequence, the last may have fewer; 0 if unknown: the micro-batch then counts as one
public record Accumulate(Summand summand, long rowLength) implements Effect {
    /// Where the addend comes from.
    public sealed interface Summand permits Given, MatMul, Embedding.Gradient, LinearCrossEntropy, LinearDistillation,
            RmsNorm.WeightGradient, ScaleColumns.MagnitudeGradient {}

    /// A value that exists already.
    public record Given() implements Summand {
        public static final int X = 0;
    }

    public Accumulate(long rowLength) {
        this(new Given(), rowLength);
    }

    /// The operand that is added to.
    public static <T> T state(List<T> inputs) {
        return inputs.getLast();
    }

    /// The same of operands in an array.
    public static <T> T state(T[] inputs) {
        return inputs[inputs.length - 1];
    }

    @Override
    public List<TensorType> results(List<Value> inputs) {
        List<TensorType> made = switch (summand) {
            case Given() -> List.of(inputs.get(Given.X).type());
            case Op op -> op.results(ofSummand(inputs));
        };
        Require.f32("accumulate", "state", state(inputs));
        Require.that(state(inputs).type().equals(made.getLast()), "accumulate: x is %s but state is %s", made.getLast(),
                state(inputs).type());
        return made.subList(0, made.size() - 1);
    }

    private static List<Value> ofSummand(List<Value> inputs) {
        return inputs.subList(0, inputs.size() - 1);
    }

    /// This op's inputs for a summand with these.
    public static List<Value> inputs(List<Value> ofSummand, Value state) {
        List<Value> inputs = new ArrayList<>(ofSummand);
        inputs.add(state);
        return inputs;
    }

    @Override
    public boolean isOptional(int result) {
        return summand instanceof Op op && op.isOptional(result);
    }

    @Override
    public List<TensorType> workspace(List<Value> inputs, IntPredicate isRead) {
        int added = results(inputs).size();
        return summand instanceof Op op
                ? op.workspace(ofSummand(inputs), result -> result == added || isRead.test(result))
                : List.of();
    }

    @Override
    public String name() {
        return summand instanceof Op op ? "Accumulate " + op.name() : "Accumulate";
    }
}
