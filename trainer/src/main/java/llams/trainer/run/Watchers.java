package llams.trainer.run;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import llams.trainer.watch.EventFile;
import llams.trainer.watch.LivePage;
import llams.trainer.watch.MetricsServer;
import llams.trainer.watch.RunFacts;
import llams.trainer.watch.Watcher;
import tools.jackson.databind.node.ObjectNode;

/// What follows a run. One that fails is named once and follows it no longer; the run continues.
final class Watchers {
    private final List<Watcher> all = new ArrayList<>();
    private final Consumer<String> notes;

    private Watchers(Consumer<String> notes) {
        this.notes = notes;
    }

    /// @param log   of the run
    /// @param start steps done before
    /// @throws IOException if the port for metrics is taken
    static Watchers open(Watch watch, Path out, RunFacts facts, Path log, int start, Consumer<String> notes)
            throws IOException {
        Watchers watchers = new Watchers(notes);
        if (watch.metricsPort() != Watch.NO_PORT) {
            watchers.all.add(new MetricsServer(watch.metricsPort()));
        }
        try {
            if (watch.page()) {
                watchers.all.add(new LivePage(out, facts, log));
            }
            if (watch.tensorBoard()) {
                watchers.all.add(new EventFile(out, start));
            }
        } catch (IOException e) {
            watchers.say(e);
        }
        return watchers;
    }

    void row(ObjectNode row, boolean matters) {
        each(watcher -> watcher.row(row, matters));
    }

    void end(String state) {
        each(watcher -> watcher.end(state));
    }

    private interface Message {
        void to(Watcher watcher) throws IOException;
    }

    private void each(Message message) {
        for (Watcher watcher : List.copyOf(all)) {
            try {
                message.to(watcher);
            } catch (IOException e) {
                all.remove(watcher);
                say(e);
            }
        }
    }

    private void say(IOException e) {
        notes.accept(e.getMessage() + "; the run continues without it");
    }
}
