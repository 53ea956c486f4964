package llams.engine.graph;

import java.util.List;

/// Rotary positions (arXiv 2104.09864): in every head of `x` `[tokens, heads * headDim]` the pair `(i, i + headDim /
/// 2)` is turned by the angle of its token's position: `(a cos - b sin, b cos + a sin)`. `table` is F32 `[positions,
/// headDim]`, cosines in the first half of a row, sines in the second; `position` I32 `[tokens]`. `inverse` turns back.
public record Rope(int headDim, boolean inverse) implements Differentiable {
    public static final int X = 0, TABLE = 1, POSITION = 2;

    @Override
    public List<TensorType> results(List<Value> inputs) {
        Value x = inputs.get(X);
        Value table = inputs.get(TABLE);
        Require.f32("rope", "x", x, 2);
        Require.f32("rope", "table", table, 2);
        Require.that(headDim > 0 && headDim % 2 == 0 && x.dim(1) % headDim == 0,
                "rope: x %s is not made of heads of %d, an even number", x.shape(), headDim);
        Require.that(table.dim(1) == headDim, "rope: table %s is not made for heads of %d", table.shape(), headDim);
        Require.ints("rope", "position", inputs.get(POSITION), x.dim(0));
        return List.of(x.type());
    }

    @Override
    public List<Integer> overwritable(int result) {
        return List.of(X);
    }

    /// A rotation's gradient is the rotation back.
    @Override
    public void gradient(Backward at) {
        at.add(X, at.graph.record(new Rope(headDim, !inverse), at.upstream(), at.input(TABLE), at.input(POSITION)));
    }
}
