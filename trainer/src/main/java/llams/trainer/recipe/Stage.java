package llams.trainer.recipe;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// One stage of a recipe.
///
/// @param kind     what is done, as `train` or `merge chat-vector`
/// @param settings by name, in the file's order
/// @param place    where it stands, as `FILE:LINE`
public record Stage(String name, String kind, Map<String, Setting> settings, String place) {
    /// What a setting has.
    ///
    /// @param values one, or those of a list or a map
    /// @param isList whether it is written as a list
    public record Setting(List<Value> values, boolean isList, String place) {}

    /// A part of a setting.
    public sealed interface Value {
        /// The key in a map; null elsewhere.
        String key();
    }

    /// What is written.
    public record Text(String key, String text) implements Value {}

    /// What another stage makes.
    ///
    /// @param file in the directory that it makes, as `general.txt`; empty for all of it
    public record Output(String key, String stage, String file) implements Value {}

    /// Names of the stages that this one takes something from.
    public Set<String> needs() {
        Set<String> needs = new LinkedHashSet<>();
        for (Setting setting : settings.values()) {
            for (Value value : setting.values) {
                if (value instanceof Output output) {
                    needs.add(output.stage);
                }
            }
        }
        return needs;
    }
}
