package llams.model.text;

import llams.engine.generate.Sampler;
import llams.engine.weights.SamplingDefaults;

/// How the next token is picked. A null follows the model's `generation_config.json`, or else a default.
///
/// @param temperature 0 always takes the most probable token
/// @param topK        only the `topK` most probable tokens; 0 for all
/// @param topP        only the most probable tokens that together reach `topP`; 1 for all
/// @param minP        only tokens at least `minP` times as probable as the best; 0 for all
/// @param seed        the same seed repeats the choices; null for another one each time
public record Sampling(Double temperature, Integer topK, Double topP, Double minP, Long seed) {
    /// Used where neither the caller nor the model says anything.
    public static final double TEMPERATURE = 0.8;
    /// As [#TEMPERATURE].
    public static final double TOP_P = 0.95;

    private static final SamplingDefaults NOTHING = new SamplingDefaults(null, null, null, null, null);

    /// Everything as the model's makers suggest.
    public static Sampling standard() {
        return new Sampling(null, null, null, null, null);
    }

    /// Always the most probable token.
    public static Sampling greedy() {
        return standard().withTemperature(0);
    }

    public Sampling withTemperature(double value) {
        return new Sampling(value, topK, topP, minP, seed);
    }

    public Sampling withTopK(int value) {
        return new Sampling(temperature, value, topP, minP, seed);
    }

    public Sampling withTopP(double value) {
        return new Sampling(temperature, topK, value, minP, seed);
    }

    public Sampling withMinP(double value) {
        return new Sampling(temperature, topK, topP, value, seed);
    }

    public Sampling withSeed(long value) {
        return new Sampling(temperature, topK, topP, minP, value);
    }

    /// The makers' settings that take effect in addition to these.
    public SamplingDefaults followed(SamplingDefaults makers) {
        if (temperature != null && temperature == 0) {
            return NOTHING;
        }
        // Whoever asks for a cut wants to sample, whatever the file says.
        boolean samples = temperature != null || topK != null || topP != null || minP != null;
        return new SamplingDefaults(samples ? null : makers.sample(), temperature == null ? makers.temperature() : null,
                topK == null ? makers.topK() : null, topP == null ? makers.topP() : null,
                minP == null ? makers.minP() : null);
    }

    /// These settings with every null resolved.
    public Sampling settled(SamplingDefaults makers) {
        boolean greedy = Boolean.FALSE.equals(followed(makers).sample());
        // Where the file asks for sampling, what it leaves out is neutral, not this program's value.
        boolean silent = makers.isEmpty() || Boolean.FALSE.equals(makers.sample());
        return new Sampling(greedy ? 0 : first(temperature, makers.temperature(), silent ? TEMPERATURE : 1),
                topK != null ? topK : makers.topK() != null ? makers.topK() : 0,
                first(topP, makers.topP(), silent ? TOP_P : 1), first(minP, makers.minP(), 0),
                seed != null ? seed : System.nanoTime() & 0xffffffffL);
    }

    private static double first(Double given, Double makers, double usual) {
        return given != null ? given : makers != null ? makers : usual;
    }

    /// The sampler of these settings.
    ///
    /// @throws IllegalArgumentException if a value is out of its range
    Sampler sampler(SamplingDefaults makers) {
        return settled(makers).sampler();
    }

    /// The sampler of settled settings.
    ///
    /// @throws IllegalArgumentException as above
    public Sampler sampler() {
        return Sampler.of(temperature, topK, topP, minP, seed);
    }
}
