package llams.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import llams.trainer.run.Watch;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// What a training run keeps and shows on its way.
final class WatchOptions {
    @Spec(Spec.Target.MIXEE)
    CommandSpec spec;

    @Option(
            names = "--keep-best",
            description = "Keep the model with the lowest held-out loss in OUT/best, ready to use.")
    boolean keepBest;

    @Option(
            names = "--patience",
            paramLabel = "N",
            description = "End the run when N measurements in a row have not lowered the held-out loss; implies"
                    + " --keep-best. 0: never (default).")
    int patience;

    @Option(
            names = "--sample",
            paramLabel = "PROMPT",
            description = "Let the model answer or continue this whenever the held-out data is measured; may be given"
                    + " several times.")
    List<String> samples = List.of();

    @Option(names = "--sample-file", paramLabel = "FILE", description = "A file with more such prompts, one a line.")
    Path sampleFile;

    @Option(
            names = "--sample-tokens",
            paramLabel = "N",
            description = "The most tokens of a sample (default: ${DEFAULT-VALUE}).")
    int sampleTokens = Watch.SAMPLE_TOKENS;

    @Option(
            names = "--sample-temp",
            paramLabel = "T",
            description = "Temperature of samples, drawn with --seed; 0: always the most probable token (default).")
    double sampleTemp;

    @Option(
            names = "--report",
            negatable = true,
            defaultValue = "true",
            fallbackValue = "true",
            description = "Keep a page about the run up to date, OUT/report.html (default); --no-report: do not.")
    boolean report;

    @Option(names = "--tensorboard", description = "Also write the figures to OUT/tensorboard, for TensorBoard.")
    boolean tensorBoard;

    @Option(
            names = "--metrics-port",
            paramLabel = "PORT",
            description = "Also serve the newest figures to Prometheus at http://localhost:PORT/metrics.")
    Integer metricsPort;

    /// @throws IOException if a file of prompts cannot be read
    Watch watch() throws IOException {
        List<String> prompts = new ArrayList<>(samples);
        if (sampleFile != null) {
            Files.readAllLines(sampleFile).stream().filter(line -> !line.isBlank()).forEach(prompts::add);
        }
        try {
            return new Watch(keepBest || patience > 0, patience, prompts, sampleTokens, sampleTemp, report, tensorBoard,
                    metricsPort == null ? Watch.NO_PORT : metricsPort);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), SettingNames.asOptions(e.getMessage()));
        }
    }
}
