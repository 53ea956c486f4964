package llams.engine.graph;

import java.util.List;

/// `cache[slot[t]] = x[t]`: keys or values of new tokens put into the KV cache. Inputs `cache` F32 `[capacity, width]`,
/// `x` `[tokens, width]`, `slot` I32 `[tokens]`.
public record CacheAppend() implements Effect {
    public static final int CACHE = 0, X = 1, SLOT = 2;

    @Override
    public List<TensorType> results(List<Value> inputs) {
        Value cache = inputs.get(CACHE);
        Value x = inputs.get(X);
        Require.f32("cache append", "cache", cache, 2);
        Require.f32("cache append", "x", x, 2);
        Require.that(cache.dim(1) == x.dim(1), "cache append: cache %s and x %s differ in width", cache.shape(),
                x.shape());
        Require.ints("cache append", "slot", inputs.get(SLOT), x.dim(0));
        return List.of();
    }
}
