package llams.trainer.watch;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import llams.engine.io.AtomicFiles;
import tools.jackson.databind.node.ObjectNode;

/// `OUT/report.html` while the run goes on, and `OUT/run.json` for later pages. The page is written at once where
/// something new is to be seen, and else so seldom that it costs less than a hundredth of the time.
public final class LivePage implements Watcher {
    public static final String FILE = "report.html";
    private static final long SHORTEST_NANOS = 15_000_000_000L;
    private static final long SHARE = 100;

    private final Path run;
    private final String name;
    private final RunHistory history;
    private RunFacts facts;
    private long written;
    private long pauseNanos;

    /// @param log of the steps before, of a resumed run
    public LivePage(Path run, RunFacts facts, Path log) throws IOException {
        this.run = run;
        this.name = run.toAbsolutePath().normalize().getFileName().toString();
        this.facts = facts;
        this.history = Files.exists(log) ? RunHistory.read(log) : new RunHistory();
        write();
    }

    @Override
    public void row(ObjectNode row, boolean matters) throws IOException {
        history.add(row);
        if (matters || System.nanoTime() - written >= pauseNanos) {
            write();
        }
    }

    @Override
    public void end(String state) throws IOException {
        facts = facts.withState(state);
        write();
    }

    private void write() throws IOException {
        long start = System.nanoTime();
        facts.write(run);
        String page = RunsPage.html(List.of(new RunsPage.Run(name, facts, history)));
        AtomicFiles.write(run.resolve(FILE), page.getBytes(StandardCharsets.UTF_8));
        written = System.nanoTime();
        pauseNanos = Math.max(SHORTEST_NANOS, SHARE * (written - start));
    }
}
