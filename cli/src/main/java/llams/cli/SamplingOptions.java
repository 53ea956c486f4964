package llams.cli;

import java.io.PrintStream;
import llams.engine.weights.SamplingDefaults;
import llams.model.text.Sampling;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// How the next token is chosen. What is not given is what the model's makers say, or else a usual value.
final class SamplingOptions {
    private static final String MAKERS = "(default: generation_config.json, or ";

    @Spec(Spec.Target.MIXEE)
    CommandSpec spec;

    @Option(
            names = "--temp",
            paramLabel = "T",
            description = "Temperature; 0 always takes the most probable token " + MAKERS + Sampling.TEMPERATURE + ").")
    Double temperature;

    @Option(
            names = "--top-k",
            paramLabel = "K",
            description = "Sample only from the K most probable tokens; 0: all " + MAKERS + "0).")
    Integer topK;

    @Option(
            names = "--top-p",
            paramLabel = "P",
            description = "Sample only from the most probable tokens that together reach P; 1: all " + MAKERS
                    + Sampling.TOP_P + ").")
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
    Sampling settled(SamplingDefaults makers, PrintStream err) {
        Sampling asked = new Sampling(temperature, topK, topP, minP, seed);
        SamplingDefaults followed = asked.followed(makers);
        if (!followed.isEmpty()) {
            err.println("sampling: " + followed + " (generation_config.json)");
        }
        return asked.settled(makers);
    }
}
