package llams.cli;

import llams.engine.generate.Sampler;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// How the next token is chosen.
final class SamplingOptions {
    @Spec(Spec.Target.MIXEE)
    CommandSpec spec;

    @Option(
            names = "--temp",
            paramLabel = "T",
            defaultValue = "0.8",
            description = "Temperature; 0 always takes the most probable token (default: ${DEFAULT-VALUE}).")
    double temperature;

    @Option(names = "--top-k", paramLabel = "K", defaultValue = "0", description = "Only the K most probable tokens; 0: all (default).")
    int topK;

    @Option(
            names = "--top-p",
            paramLabel = "P",
            defaultValue = "0.95",
            description = "Only the most probable tokens that together reach P; 1: all (default: ${DEFAULT-VALUE}).")
    double topP;

    @Option(
            names = "--min-p",
            paramLabel = "P",
            defaultValue = "0",
            description = "Only tokens at least P times as probable as the best; 0: all (default).")
    double minP;

    @Option(names = "--seed", paramLabel = "N", description = "Makes the choices repeatable (default: another one each time, shown).")
    Long seed;

    /// @throws ParameterException if a value is out of its range
    Sampler sampler() {
        check(temperature >= 0 && Double.isFinite(temperature), "--temp", "0 or more", temperature);
        check(topK >= 0, "--top-k", "0 or more", topK);
        check(topP > 0 && topP <= 1, "--top-p", "above 0 and at most 1", topP);
        check(minP >= 0 && minP <= 1, "--min-p", "from 0 to 1", minP);
        if (seed == null) {
            seed = System.nanoTime() & 0xffffffffL;
        }
        return Sampler.of(temperature, topK, topP, minP, seed);
    }

    private void check(boolean holds, String option, String range, Number value) {
        if (!holds) {
            throw new ParameterException(spec.commandLine(), option + " must be " + range + ", not " + value);
        }
    }
}
