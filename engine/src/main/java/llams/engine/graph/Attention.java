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
/// @param rowLength tokens of one packed sequence (the last may have fewer) that no document crosses and in which
///                  `last[t]` is `t` at most, for devices that work in blocks; 0 if unknown; 1 where tokens continue a
///                  sequence each, whose results are then the same as if each ran alone
public record Attention(int headDim, long rowLength) implements Differentiable {
    public static final int Q = 0, K = 1, V = 2, FIRST = 3, LAST = 4;
    public static final int OUT = 0, LOG_SUM_EXP = 1;

    @Override
    public List<TensorType> results(List<Value> inputs) {
        Value q = inputs.get(Q);
        Value k = inputs.get(K);
        Require.f32("attention", "q", q, 2);
        Require.f32("attention", "k", k, 2);
        Require.same("attention", "k", k, "v", inputs.get(V));
        Require.that(headDim > 0 && q.dim(1) % headDim == 0 && k.dim(1) % headDim == 0,
                "attention: q %s and k %s are not made of heads of %d", q.shape(), k.shape(), headDim);
        long heads = q.dim(1) / headDim;
        long kvHeads = k.dim(1) / headDim;
        Require.that(kvHeads > 0 && heads % kvHeads == 0, "attention: q %s has %d heads, not a multiple of k's %d",
                q.shape(), heads, kvHeads);
        Require.ints("attention", "first", inputs.get(FIRST), q.dim(0));
        Require.ints("attention", "last", inputs.get(LAST), q.dim(0));
        return List.of(q.type(), TensorType.f32(q.dim(0), heads));
    }

    @Override
    public void gradient(Backward at) {
        Node gradient = at.graph.recordNode(new Gradient(headDim, rowLength), at.input(Q), at.input(K), at.input(V),
                at.input(FIRST), at.input(LAST), at.result(OUT), at.result(LOG_SUM_EXP), at.upstream());
        at.add(Q, gradient.results.get(Gradient.DQ));
        at.add(K, gradient.results.get(Gradient.DK));
        at.add(V, gradient.results.get(Gradient.DV));
    }

    /// With `p[t, s] = exp(score[t, s] - logSumExp[t])`, computed again block by block, and
    /// `ds = p (dout·v[s] - dout·out)`: `dv[s] = Σ_t p dout[t]`, `dq[t] = Σ_s ds k[s] / sqrt(headDim)`,
    /// `dk[s] = Σ_t ds q[t] / sqrt(headDim)` (arXiv 2205.14135, appendix B).
    ///
    /// Inputs: those of [Attention], then `out`, `logSumExp`, `dout`. Results: `dq`, `dk`, `dv`.
    public record Gradient(int headDim, long rowLength) implements Op {
        public static final int OUT = 5, LOG_SUM_EXP = 6, DOUT = 7;
        public static final int DQ = 0, DK = 1, DV = 2;

        @Override
        public List<TensorType> results(List<Value> inputs) {
            List<TensorType> forward = new Attention(headDim, rowLength).results(inputs);
            Require.type("attention gradient", "out", inputs.get(OUT), forward.get(Attention.OUT));
            Require.type("attention gradient", "logSumExp", inputs.get(LOG_SUM_EXP),
                    forward.get(Attention.LOG_SUM_EXP));
            Require.same("attention gradient", "out", inputs.get(OUT), "dout", inputs.get(DOUT));
            return List.of(inputs.get(Q).type(), inputs.get(K).type(), inputs.get(V).type());
        }
    }
}
