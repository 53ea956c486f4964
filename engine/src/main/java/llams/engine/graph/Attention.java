package llams.engine.graph;

import java.util.List;

/// Grouped-query attention: `out[t, h] = Σ_s softmax_s(q[t, h]·k[s, j] / sqrt(headDim)) v[s, j]` with `j = h / (heads /
/// kvHeads)`, over the rows `s` from `first[t]` to `last[t]`, both included: from its document's start to itself in
/// training, from 0 to its own row with a KV cache. `last[t]` must not fall as t rises.
///
/// Inputs: `q` `[tokens, heads * headDim]`, `k` and `v` `[rows, kvHeads * headDim]`, `first` and `last` I32 `[tokens]`.
/// Results: `out`, shaped as `q`, and `logSumExp` `[tokens, heads]` of the scaled scores, which the gradient needs in
/// place of the scores themselves.
///
/// @param rowLength tokens of one packed sequence that no document crosses and in which `last[t]` is `t` at most, for
///                  devices that work in blocks; 0 if unknown
public record Attention(int headDim, long rowLength) implements Differentiable {
    @Override
    public List<TensorType> results(List<Value> inputs) {
        Value q = inputs.get(0);
        Value k = inputs.get(1);
        Checks.f32("attention", "q", q, 2);
        Checks.f32("attention", "k", k, 2);
        Checks.same("attention", "k", k, "v", inputs.get(2));
        Checks.that(q.dim(1) % headDim == 0 && k.dim(1) % headDim == 0,
                "attention: q %s and k %s are not made of heads of %d", q.shape(), k.shape(), headDim);
        long heads = q.dim(1) / headDim;
        long kvHeads = k.dim(1) / headDim;
        Checks.that(kvHeads > 0 && heads % kvHeads == 0, "attention: q %s has %d heads, not a multiple of k's %d",
                q.shape(), heads, kvHeads);
        Checks.ints("attention", "first", inputs.get(3), q.dim(0));
        Checks.ints("attention", "last", inputs.get(4), q.dim(0));
        return List.of(q.type(), TensorType.f32(q.dim(0), heads));
    }

    @Override
    public void gradient(Backward at) {
        Node gradient = at.graph.recordNode(new AttentionGradient(headDim, rowLength), at.input(0), at.input(1),
                at.input(2), at.input(3), at.input(4), at.result(0), at.result(1), at.upstream());
        for (int i = 0; i < 3; i++) {
            if (at.wants(i)) {
                at.add(i, gradient.results.get(i));
            }
        }
    }
}
