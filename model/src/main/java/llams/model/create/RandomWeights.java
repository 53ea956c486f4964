package llams.model.create;

import llams.engine.llama.LlamaConfig;
import llams.engine.tensor.CounterRandom;
import llams.engine.tensor.Tensor;

/// The weights of a new model: normal with the config's `initializer_range`, norms 1. Each element follows from the
/// seed, the tensor's name and its place alone, so tensors can be made in parts and in any order.
public record RandomWeights(LlamaConfig config, long seed) {
    /// Fills `part` with the elements of a tensor from `fromElement` on, an even number.
    ///
    /// @param name the tensor's checkpoint name
    public void fill(String name, long fromElement, Tensor part) {
        boolean isNorm = name.endsWith("norm.weight");
        CounterRandom random = CounterRandom.named(seed, name);
        for (long i = 0; i < part.elements(); i += 2) {
            // Both halves of a Box-Muller pair.
            double radius = config.metadata().initializerRange()
                    * Math.sqrt(-2 * StrictMath.log(1 - random.uniform(fromElement + i)));
            double angle = 2 * Math.PI * random.uniform(fromElement + i + 1);
            part.setFloat(i, isNorm ? 1 : (float) (radius * StrictMath.cos(angle)));
            if (i + 1 < part.elements()) {
                part.setFloat(i + 1, isNorm ? 1 : (float) (radius * StrictMath.sin(angle)));
            }
        }
    }
}
