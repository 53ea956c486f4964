package llams.engine.graph;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/// What a model does, recorded once: ops in the order in which model code called for them. A wrong shape throws where
/// it is recorded.
public final class Graph {
    public final List<Node> nodes = new ArrayList<>();
    private final Map<String, Value> taps = new LinkedHashMap<>();
    private int blocks;
    private int currentBlock = -1;
    private boolean isUntapped;
    private Origin origin = new Origin.Recorded();

    public Value add(Value a, Value b) {
        return record(new Add(), a, b);
    }

    public Value scale(Value x, float factor) {
        return record(new Scale(factor), x);
    }

    /// `op(a) op(b)`; see [MatMul].
    public Value matMul(Value a, boolean transposeA, Value b, boolean transposeB) {
        return record(new MatMul(transposeA, transposeB), a, b);
    }

    /// `c + op(a) op(b)`, F32, whatever type of weights `c` has.
    public Value matMul(Value a, boolean transposeA, Value b, boolean transposeB, Value c) {
        return record(new MatMul(transposeA, transposeB), a, b, c);
    }

    /// `x weightᵀ`: `x` `[tokens, in]`, `weight` `[out, in]`, the result `[tokens, out]`.
    public Value linear(Value x, Value weight) {
        return matMul(x, false, weight, true);
    }

    public Value embedding(Value table, Value ids) {
        return record(new Embedding(), table, ids);
    }

    public Value rmsNorm(Value x, Value weight, float eps) {
        return record(new RmsNorm(eps), x, weight);
    }

    public Value rope(Value x, Value table, Value position, int headDim) {
        return record(new Rope(headDim, false), x, table, position);
    }

    /// The first result of [Attention]: `[tokens, heads * headDim]`.
    public Value attention(Value q, Value k, Value v, Value first, Value last, int headDim, long rowLength) {
        return record(new Attention(headDim, rowLength), q, k, v, first, last);
    }

    public Value swiGlu(Value gate, Value up) {
        return record(new SwiGlu(), gate, up);
    }

    public Value dropout(Value x, Value seed, float rate, int stream) {
        return record(new Dropout(rate, stream), x, seed);
    }

    /// Results: loss `[1]`, loss of each token `[tokens]`, and gradients; see [LinearCrossEntropy].
    public List<Result> linearCrossEntropy(Value x, Value weight, Value labels, Value scale) {
        return recordNode(new LinearCrossEntropy(), x, weight, labels, scale).results;
    }

    /// Records an op and returns its first result.
    public Value record(Op op, Value... inputs) {
        return recordNode(op, inputs).results.getFirst();
    }

    /// Records an op that has no results.
    public void record(Effect effect, Value... inputs) {
        recordNode(effect, inputs);
    }

    /// Records an op.
    public Node recordNode(Op op, Value... inputs) {
        Node node = new Node(op, List.of(inputs), currentBlock, origin);
        nodes.add(node);
        return node;
    }

    /// Records `state += x`, which sequences of `rowLength` tokens contribute to; see [Accumulate].
    public void accumulate(Leaf state, Value x, long rowLength) {
        record(new Accumulate(rowLength), x, state);
    }

    /// Records what `body` does with `x` as one block, whose inner values [Recompute] may compute again in the backward
    /// pass instead of keeping them. Blocks do not nest.
    public Value recomputable(Value x, UnaryOperator<Value> body) {
        if (currentBlock >= 0) {
            throw new IllegalStateException("recomputable blocks do not nest");
        }
        currentBlock = blocks++;
        try {
            return body.apply(x);
        } finally {
            currentBlock = -1;
        }
    }

    /// Records what `body` does with this as the origin of its nodes.
    void from(Origin reason, Runnable body) {
        Origin before = origin;
        origin = reason;
        try {
            body.run();
        } finally {
            origin = before;
        }
    }

    /// Gives an intermediate value a name under which it can be asked for, for study and for comparing; returns it.
    public Value tap(String name, Value value) {
        if (!isUntapped && taps.putIfAbsent(name, value) != null) {
            throw new IllegalArgumentException("tap \"" + name + "\" is taken");
        }
        if (!isUntapped && value instanceof Result result) {
            result.name(name);
        }
        return value;
    }

    /// Records what `body` does without giving names to values: a second model's, beside the one that is studied.
    public Value untapped(Supplier<Value> body) {
        isUntapped = true;
        try {
            return body.get();
        } finally {
            isUntapped = false;
        }
    }

    /// The named intermediate values, in recording order.
    public Map<String, Value> taps() {
        return Collections.unmodifiableMap(taps);
    }
}
