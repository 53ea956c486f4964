package llams.engine.graph;

import java.util.List;

/// The gradient of [Attention]. With `p[t, s] = exp(score[t, s] - logSumExp[t])`, made again block by block, and
/// `ds = p (dout·v[s] - dout·out)`: `dv[s] = Σ_t p dout[t]`, `dq[t] = Σ_s ds k[s] / sqrt(headDim)`,
/// `dk[s] = Σ_t ds q[t] / sqrt(headDim)` (arXiv 2205.14135, appendix B).
///
/// Inputs: those of [Attention], then `out`, `logSumExp`, `dout`. Results: `dq`, `dk`, `dv`.
public record AttentionGradient(int headDim, long rowLength) implements Op {
    @Override
    public List<TensorType> results(List<Value> inputs) {
        Checks.same("attention gradient", "out", inputs.get(5), "dout", inputs.get(7));
        return List.of(inputs.get(0).type(), inputs.get(1).type(), inputs.get(2).type());
    }
}
