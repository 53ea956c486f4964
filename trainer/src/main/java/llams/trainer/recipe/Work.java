package llams.trainer.recipe;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.SortedMap;

/// A stage that is ready to run.
public interface Work {
    /// What its result depends on, defaults included, by the settings' names.
    SortedMap<String, List<Setting>> settings();

    /// A setting's value.
    ///
    /// @param text the value, or what stands before a file's name
    /// @param file what it is the path of; null if it is none
    record Setting(String text, Path file) {}

    /// Whether what an interrupted run left can be continued.
    boolean canResume() throws IOException;

    /// Whether all workers of a recipe do it together. Anything else is done by the first one.
    boolean isShared();

    /// Does it, or this worker's share of it.
    ///
    /// @param resume true to continue what is there
    Outcome run(boolean resume) throws IOException;

    /// How it ended.
    ///
    /// @param exitCode 0 if it is done; anything else ends the recipe, from 128 on because somebody asked for that
    /// @param report   its figures as a JSON object; may be empty
    record Outcome(int exitCode, String report) {
        boolean hasFailed() {
            return exitCode != 0 && exitCode < 128;
        }
    }
}
