package llams.cli;

import java.io.PrintStream;
import llams.engine.generate.Sampler;
import llams.engine.weights.SamplingDefaults;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// How the next token is chosen. What is not given is what the model's makers say, or else a usual value.
final class SamplingOptions {
    private static final double TEMPERATURE = 0.8;
    private static final double TOP_P = 0.95;
    private static final String MAKERS = "(default: generation_config.json, or ";

    @Spec(Spec.Target.MIXEE)
    CommandSpec spec;

    @Option(
            names = "--temp",
            paramLabel = "T",
            description = "Temperature; 0 always takes the most probable token " + MAKERS + TEMPERATURE + ").")
    Double temperature;

    @Option(
            names = "--top-k",
            paramLabel = "K",
            description = "Sample only from the K most probable tokens; 0: all " + MAKERS + "0).")
    Integer topK;

    @Option(
            names = "--top-p",
            paramLabel = "P",
            description = "Sample only from the most probable tokens that together reach P; 1: all " + MAKERS + TOP_P
                    + ").")
    Double topP;

    @Option(
            names = "--min-p",
            paramLabel = "P",
            description = "Sample only from tokens at least P times as probable as the best; 0: all " + MAKERS + "0).")
    Double minP;

    @Option(
            names = "--seed",
            paramLabel = "N",
            description = "Random seed (default: a new one each time, which is shown).")
    Long seed;

    /// @throws ParameterException if a value that is given is out of its range
    void check() {
        check(temperature == null || temperature >= 0 && Double.isFinite(temperature), "--temp", "0 or more",
                temperature);
        check(topK == null || topK >= 0, "--top-k", "0 or more", topK);
        check(topP == null || topP > 0 && topP <= 1, "--top-p", "above 0 and at most 1", topP);
        check(minP == null || minP >= 0 && minP <= 1, "--min-p", "from 0 to 1", minP);
    }

    private void check(boolean holds, String option, String range, Number value) {
        if (!holds) {
            throw new ParameterException(spec.commandLine(), option + " must be " + range + ", not " + value);
        }
    }

    /// Settles all values, and says which of them the model's makers chose.
    Sampler sampler(SamplingDefaults makers, PrintStream err) {
        // Who asks for a cut wants to sample, whatever the file says.
        boolean asked = topK != null || topP != null || minP != null;
        Boolean sample = temperature != null || asked ? null : makers.sample();
        SamplingDefaults used = new SamplingDefaults(sample, temperature == null ? makers.temperature() : null,
                topK == null ? makers.topK() : null, topP == null ? makers.topP() : null,
                minP == null ? makers.minP() : null);
        boolean greedy = Boolean.FALSE.equals(used.sample()) || temperature != null && temperature == 0;
        if (!used.isEmpty() && !(temperature != null && temperature == 0)) {
            err.println("sampling: " + used + " (generation_config.json)");
        }
        // Where the file asks for sampling, what it leaves out is neutral, not this program's value.
        boolean silent = makers.isEmpty() || Boolean.FALSE.equals(makers.sample());
        temperature = greedy ? 0 : first(temperature, makers.temperature(), silent ? TEMPERATURE : 1);
        topP = first(topP, makers.topP(), silent ? TOP_P : 1);
        minP = first(minP, makers.minP(), 0);
        topK = topK != null ? topK : makers.topK() != null ? makers.topK() : 0;
        seed = seed != null ? seed : System.nanoTime() & 0xffffffffL;
        return Sampler.of(temperature, topK, topP, minP, seed);
    }

    private static double first(Double given, Double makers, double usual) {
        return given != null ? given : makers != null ? makers : usual;
    }
}
