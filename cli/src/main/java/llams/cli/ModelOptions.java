package llams.cli;

import java.io.IOException;
import java.nio.file.Path;
import llams.engine.device.Device;
import llams.model.text.LoadedModel;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// The model that a command runs.
final class ModelOptions {
    @Spec(Spec.Target.MIXEE)
    CommandSpec spec;

    @Option(
            names = {"-m", "--model"},
            paramLabel = "DIR_OR_FILE",
            required = true,
            description = "Required: the model's directory, or a GGUF file.")
    Path directory;

    @Option(names = "--adapter", paramLabel = "DIR", description = "A LoRA adapter to use with the model.")
    Path adapter;

    @Mixin
    WeightsOption weights;

    LoadedModel open(Device device) throws IOException {
        LoadedModel model = LoadedModel.of(weights.open(directory, device.options()), adapter, device);
        model.notes.forEach(note -> spec.commandLine().getErr().println("note: " + note));
        return model;
    }
}
