package llams.trainer.recipe;

import java.util.List;
import java.util.SortedMap;

/// A stage with what is to happen to it.
///
/// @param key      of its inputs, settings and program
/// @param settings as a record has them
/// @param record   of the run before; null if there is none
/// @param changes  what differs from that run, or what is missing
public record StagePlan(Stage stage, Work work, String key, SortedMap<String, List<String>> settings, State state,
        StageRecord record, List<String> changes) {
    /// How far a stage is.
    public enum State {
        /// Its result is there.
        DONE,
        /// It has not begun.
        NEW,
        /// It was interrupted, and will continue or begin again.
        INTERRUPTED,
        /// Its result is that of other inputs, settings or program.
        CHANGED,
        /// It finished, but what it made is gone.
        GONE,
        /// A file that it takes is missing.
        LACKING
    }

    public boolean isDone() {
        return state == State.DONE;
    }

    StagePlan done(StageRecord now) {
        return new StagePlan(stage, work, key, settings, State.DONE, now, List.of());
    }

    /// Why it will run, in words.
    public String why() {
        return switch (state) {
            case DONE -> "done";
            case NEW -> "new";
            case LACKING -> String.join(", ", changes) + " is missing";
            case INTERRUPTED -> "interrupted";
            case CHANGED -> "changed: " + String.join(", ", changes);
            case GONE -> "its result is gone";
        };
    }
}
