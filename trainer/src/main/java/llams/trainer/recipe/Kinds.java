package llams.trainer.recipe;

import java.nio.file.Path;
import java.util.Map;

/// What stages can do, and how.
public interface Kinds {
    /// What `$NAME` means for a stage of this kind: a directory, or the one file in it that counts.
    ///
    /// @param directory of the stage
    /// @throws llams.model.files.DataException if there is no such kind
    Path result(Stage stage, Path directory);

    /// Reads a stage's settings; nothing of what it takes has to be there yet.
    ///
    /// @param directory of the stage, for what it makes
    /// @param results   by the names of the stages before it
    /// @throws llams.model.files.DataException if a setting is unknown or wrong
    Work work(Stage stage, Path directory, Map<String, Path> results);
}
