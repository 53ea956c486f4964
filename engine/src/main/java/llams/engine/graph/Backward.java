package llams.engine.graph;

import java.util.List;

/// What an op sees when its gradient is recorded: what it read and made, the gradients of its results, and where to put
/// those of its inputs.
public final class Backward {
    public final Graph graph;
    private final Autodiff autodiff;
    private final List<Value> originals;
    private final List<Value> inputs;
    private final List<Value> results;
    private final List<Value> upstream;

    Backward(Graph graph, Autodiff autodiff, List<Value> originals, List<Value> inputs, List<Value> results,
            List<Value> upstream) {
        this.graph = graph;
        this.autodiff = autodiff;
        this.originals = originals;
        this.inputs = inputs;
        this.results = results;
        this.upstream = upstream;
    }

    public int inputs() {
        return inputs.size();
    }

    public Value input(int index) {
        return inputs.get(index);
    }

    public Value result(int index) {
        return results.get(index);
    }

    /// The gradient of the first result, of its shape.
    public Value upstream() {
        return upstream.getFirst();
    }

    /// The gradient of one of the results that [Differentiable#isDifferentiable] names, or null.
    public Value upstream(int result) {
        return upstream.get(result);
    }

    /// True if something whose gradient is asked for lies below this input.
    public boolean wants(int index) {
        return autodiff.wants(originals.get(index));
    }

    /// Adds to the gradient of an input; nothing happens where [#wants] is false.
    public void add(int index, Value gradient) {
        if (wants(index)) {
            autodiff.add(originals.get(index), gradient);
        }
    }
}
