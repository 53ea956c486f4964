package llams.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import llams.model.files.DataException;
import llams.trainer.data.Spelling;
import llams.trainer.recipe.Recipe;

/// A recipe of one training: a file of options for `llams train --config`.
///
/// @param name for messages: the file's path, or the recipe's name
record TrainingRecipe(String name, String text) {
    /// The recipes of one training that come with this program.
    static final List<String> SHIPPED = List.of("laptop-text", "laptop-chat", "laptop-qlora", "laptop-full",
            "laptop-dpo", "workstation-text", "workstation-chat", "workstation-qlora", "workstation-full",
            "workstation-dpo", "8b-text", "8b-chat", "8b-qlora", "8b-full", "8b-dpo", "kowikitext-8b",
            "korean-pairs-8b");

    private static final int MOST_BYTES = 1 << 20;
    private static final Pattern STAGES = Pattern.compile("(?m)^stages\\s*:");

    /// A file, or the recipe of a name in [#SHIPPED]; a file wins.
    ///
    /// @throws DataException if it is neither, or work of many stages
    static TrainingRecipe find(Path nameOrFile) throws IOException {
        String name = nameOrFile.toString();
        if (Files.exists(nameOrFile)) {
            TrainingRecipe read = new TrainingRecipe(name, TextFile.read(nameOrFile, MOST_BYTES));
            if (STAGES.matcher(read.text).find()) {
                throw ofStages(name);
            }
            return read;
        }
        if (Recipe.SHIPPED.contains(name)) {
            throw ofStages(name);
        }
        if (SHIPPED.contains(name)) {
            return shipped(name);
        }
        throw new DataException(name + ": neither a file nor a recipe of one training; "
                + Spelling.similar(name, SHIPPED)
                        .map(meant -> "did you mean " + meant + "?")
                        .orElse("'llams recipes' lists them"));
    }

    private static DataException ofStages(String name) {
        return new DataException(
                name + " is a recipe of many stages; run it with 'llams recipe run " + Shell.quoted(name) + "'");
    }

    static TrainingRecipe shipped(String name) throws IOException {
        try (InputStream in = TrainingRecipe.class.getResourceAsStream("recipe/" + name + ".yaml")) {
            return new TrainingRecipe(name, new String(in.readAllBytes(), StandardCharsets.UTF_8));
        }
    }

    /// Whether a name or file is a recipe of one training: one of [#SHIPPED], or a file without stages.
    static boolean isOne(String nameOrFile) throws IOException {
        Path file = Path.of(nameOrFile);
        return Files.isRegularFile(file)
                ? !STAGES.matcher(TextFile.read(file, MOST_BYTES)).find()
                : SHIPPED.contains(nameOrFile);
    }

    /// One line: the comment that the file begins with.
    String about() {
        return text.lines().findFirst().orElse("").replaceFirst("^#\\s*", "");
    }
}
