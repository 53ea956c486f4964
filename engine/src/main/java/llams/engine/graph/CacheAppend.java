package llams.engine.graph;

import java.util.List;

/// `cache[slot[t]] = x[t]`: keys or values of new tokens put into the KV cache. Inputs `cache` F32 `[capacity, width]`,
/// `x` `[tokens, width]`, `slot` I32 `[tokens]`.
public record CacheAppend() implements Effect {
    @Override
    public List<TensorType> results(List<Value> inputs) {
        Value cache = inputs.get(0);
        Value x = inputs.get(1);
        Checks.f32("cache append", "cache", cache, 2);
        Checks.f32("cache append", "x", x, 2);
        Checks.that(cache.dim(1) == x.dim(1), "cache append: cache %s and x %s differ in width", cache.shape(),
                x.shape());
        Checks.ints("cache append", "slot", inputs.get(2), x.dim(0));
        return List.of();
    }
}
