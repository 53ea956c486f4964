package llams.trainer.recipe;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import llams.model.files.DataException;
import llams.model.yaml.YamlReader;

/// Work of many stages, each with what the others make: a model from its data, or a report on several.
///
/// @param name   of the file, without its ending
/// @param about  one line; may be empty
/// @param stages each after those that it needs
public record Recipe(String name, String about, List<Stage> stages) {
    /// The recipes that come with this program.
    public static final List<String> SHIPPED = List.of("demo", "korean-llama3-8b", "korean-llama3.2-1b",
            "bilingual-small");

    /// Reads a recipe from a file.
    ///
    /// @param values that replace the file's own, by name
    /// @throws DataException if it is not YAML, or not a recipe; says where, what was found and what would be right
    public static Recipe read(Path file, Map<String, String> values) throws IOException {
        return new RecipeReader(nameOf(file.toString()), YamlReader.read(file), values).recipe();
    }

    /// Reads a recipe that comes with this program.
    public static Recipe shipped(String name, Map<String, String> values) throws IOException {
        return new RecipeReader(name, YamlReader.parse(name, text(name)), values).recipe();
    }

    /// A file's recipe, or that of a name in [#SHIPPED]; a file wins.
    ///
    /// @throws DataException if it is neither
    public static Recipe find(String nameOrFile, Map<String, String> values) throws IOException {
        Path file = Path.of(nameOrFile);
        if (Files.exists(file)) {
            return read(file, values);
        }
        if (SHIPPED.contains(nameOrFile)) {
            return shipped(nameOrFile, values);
        }
        throw new DataException(nameOrFile + ": neither a recipe's file nor one of " + String.join(", ", SHIPPED));
    }

    /// The name of a recipe: its file's without directory and ending.
    public static String nameOf(String nameOrFile) {
        return Path.of(nameOrFile).getFileName().toString().replaceFirst("\\.ya?ml$", "");
    }

    /// The file of a recipe in [#SHIPPED].
    public static String text(String name) throws IOException {
        try (InputStream in = Recipe.class.getResourceAsStream(name + ".yaml")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
