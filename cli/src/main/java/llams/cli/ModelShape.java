package llams.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import llams.engine.llama.LlamaConfig;
import llams.engine.weights.ConfigJson;
import llams.engine.weights.KnownShapes;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/// The shape that `--config` names: a known one, a config file, or a directory with one.
final class ModelShape {
    private ModelShape() {}

    static LlamaConfig of(String config, CommandSpec spec) throws IOException {
        LlamaConfig shape = KnownShapes.BY_NAME.get(config.toLowerCase(Locale.ROOT));
        if (shape != null) {
            return shape;
        }
        Path file = Path.of(config);
        if (!Files.exists(file)) {
            throw new ParameterException(spec.commandLine(), "--config " + config + " is neither a file nor one of "
                    + String.join(", ", KnownShapes.BY_NAME.keySet()));
        }
        return Files.isDirectory(file) ? ConfigJson.read(file) : ConfigJson.readFile(file);
    }
}
