package llams.trainer.watch;

import java.io.IOException;
import tools.jackson.databind.node.ObjectNode;

/// Sees a run from beside it. What it fails at does not concern the run.
public interface Watcher {
    /// A row of the log has been written.
    ///
    /// @param matters whether the row is worth showing at once: it has a measurement, or a save follows it
    void row(ObjectNode row, boolean matters) throws IOException;

    /// No more rows come.
    ///
    /// @param state how the run stands now
    void end(String state) throws IOException;
}
