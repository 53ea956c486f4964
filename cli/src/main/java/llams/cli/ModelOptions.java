package llams.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// The model that a command runs.
final class ModelOptions {
    @Option(names = {"-m", "--model"}, paramLabel = "DIR", required = true, description = "Required: a model's directory.")
    Path directory;

    @Option(names = "--adapter", paramLabel = "DIR", description = "A LoRA adapter to use with the model.")
    Path adapter;

    @Mixin
    WeightsOption weights;

    LoadedModel open(PrintStream err) throws IOException {
        return LoadedModel.open(directory, adapter, weights, err);
    }
}
