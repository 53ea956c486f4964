package llams.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import llams.engine.llama.LlamaConfig;
import llams.engine.weights.ConfigJson;
import llams.engine.weights.KnownShapes;
import llams.model.lora.AdapterFiles;
import llams.model.lora.LoraLayout;
import llams.trainer.recipe.Stage;

/// What is known of the stages of a recipe before they run: the shapes of their models and adapters, and how much text
/// they make.
final class StageFacts {
    /// Tokens of English and Korean text, on average.
    static final double BYTES_PER_TOKEN = 4;

    final Map<String, LlamaConfig> shapes = new HashMap<>();
    final Map<String, LoraLayout> adapters = new HashMap<>();
    /// Tokens of what stages make to train on.
    final Map<String, Double> tokens = new HashMap<>();

    /// Looks at what a finished stage made.
    void remember(String stage, Path directory) throws IOException {
        if (Files.exists(directory.resolve("config.json"))) {
            shapes.put(stage, ConfigJson.read(directory));
        }
        if (Files.exists(directory.resolve(AdapterFiles.CONFIG))) {
            adapters.put(stage, AdapterFiles.layout(directory));
        }
    }

    /// The shape of the model in the first of these settings that is there; null if it is unknown.
    LlamaConfig shape(Stage stage, String... settings) throws IOException {
        for (String name : settings) {
            Stage.Setting setting = stage.settings().get(name);
            if (setting != null) {
                return switch (setting.values().getFirst()) {
                    case Stage.Output made -> shapes.get(made.stage());
                    case Stage.Text text when KnownShapes.BY_NAME.containsKey(text.text()) ->
                        KnownShapes.BY_NAME.get(text.text());
                    case Stage.Text text when Files.isDirectory(Path.of(text.text())) ->
                        ConfigJson.read(Path.of(text.text()));
                    case Stage.Text text when Files.exists(Path.of(text.text())) ->
                        ConfigJson.readFile(Path.of(text.text()));
                    case Stage.Text _ -> null;
                };
            }
        }
        return null;
    }

    /// The form of the adapter that a stage takes; null if it is unknown.
    LoraLayout adapter(Stage stage) throws IOException {
        return switch (stage.settings().get("adapter").values().getFirst()) {
            case Stage.Output made -> adapters.get(made.stage());
            case Stage.Text text when Files.isDirectory(Path.of(text.text())) ->
                AdapterFiles.layout(Path.of(text.text()));
            case Stage.Text _ -> null;
        };
    }

    /// Tokens of data; NaN if unknown.
    double tokens(Stage.Setting data) throws IOException {
        double sum = 0;
        for (Stage.Value value : data.values()) {
            sum += switch (value) {
                case Stage.Output made -> tokens.getOrDefault(made.stage(), Double.NaN);
                case Stage.Text text when Files.exists(Path.of(text.text())) ->
                    Files.size(Path.of(text.text())) / BYTES_PER_TOKEN;
                case Stage.Text _ -> Double.NaN;
            };
        }
        return sum;
    }

    /// A setting that is one text; empty if it is not.
    static String text(Stage stage, String setting) {
        Stage.Setting found = stage.settings().get(setting);
        return found != null && found.values().getFirst() instanceof Stage.Text text ? text.text() : "";
    }
}
