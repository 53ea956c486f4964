package llams.trainer.run;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import llams.engine.io.AtomicFiles;
import llams.model.files.ModelFiles;
import llams.model.files.OutputDirectory;
import llams.model.files.SettingException;
import llams.model.files.Sha256;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// Whether a run is still what it was: its log, its saves, its result, its data, the model that it started from; and
/// whether its steps, made again, come out the same. Nothing in the run is changed.
public final class Verification {
    /// The request that made the run.
    @FunctionalInterface
    public interface Request {
        /// @param out    where it writes
        /// @param resume whether there is a save to continue from
        TrainRequest of(Path out, boolean resume) throws IOException;
    }

    /// What was found.
    ///
    /// @param whole    what is as it was, one line each
    /// @param problems what is not; empty if all is well
    public record Report(List<String> whole, List<String> problems) {}

    private final Path run;
    private final Request request;
    private final TrainingRun.Listener listener;
    private final List<String> whole = new ArrayList<>();
    private final List<String> problems = new ArrayList<>();
    /// Good ones, by their steps.
    private final TreeMap<Integer, Path> saves = new TreeMap<>();
    private LoggedSteps log;

    private Verification(Path run, Request request, TrainingRun.Listener listener) {
        this.run = run;
        this.request = request;
        this.listener = listener;
    }

    /// Verifies what a run has written and read, and makes some of its steps again.
    ///
    /// @param first    the first step to make again, from 1; 0 for none. Work begins at the newest save before it
    /// @param last     the last one
    /// @param listener hears how far that is
    /// @throws IOException      if the directory holds no run with a log
    /// @throws SettingException if the log does not have these steps
    public static Report of(Path run, Request request, int first, int last, TrainingRun.Listener listener)
            throws IOException {
        if (!Files.isRegularFile(run.resolve(RunDirectory.LOG))) {
            throw new IOException(run + ": has no " + RunDirectory.LOG + ", so it is no training run");
        }
        Verification verification = new Verification(run, request, listener);
        verification.log();
        verification.saves();
        verification.inputs();
        if (first > 0) {
            verification.steps(first, last);
        }
        return new Report(verification.whole, verification.problems);
    }

    private void log() throws IOException {
        int before = problems.size();
        log = LoggedSteps.read(run.resolve(RunDirectory.LOG), problems::add);
        int vouched = log.rows().size() - log.unvouched();
        if (log.unvouched() > 0) {
            problems.add(run.resolve(RunDirectory.LOG) + ": no receipts in its first " + log.unvouched()
                    + " rows, which an older version of this program wrote");
        }
        if (problems.size() == before) {
            whole.add("log: " + vouched + (vouched == 1 ? " step" : " steps"));
        }
    }

    private void saves() throws IOException {
        Path newest = null;
        for (Path save : Saves.all(run)) {
            newest = save;
            Optional<String> damage = damage(save);
            if (damage.isPresent()) {
                problems.add(save + ": " + damage.get());
            } else {
                saves.put(SavedState.read(save).step(), save);
                whole.add("save: " + save.getFileName());
            }
        }
        if (newest == null) {
            problems.add(run + ": no save, so nothing says what its result and its data were");
        } else if (Files.exists(newest.resolve(Saves.RESULT))) {
            result(newest.resolve(Saves.RESULT));
        }
    }

    private Optional<String> damage(Path save) {
        try {
            if (!Files.exists(save.resolve(FileSums.FILE))) {
                return Optional.of(FileSums.FILE + " is missing");
            }
            Optional<String> damage = FileSums.damage(save, List.of(SavedState.STATE, SavedState.TENSORS));
            if (damage.isPresent()) {
                return damage;
            }
            SavedState state = SavedState.read(save);
            String receipt = log.receipt(state.step());
            return state.receipt().isEmpty()
                    ? Optional.of("has no receipt; an older version of this program wrote it")
                    : state.receipt().equals(receipt)
                            ? Optional.empty()
                            : Optional.of("its receipt is " + state.receipt() + ", the log's after step " + state.step()
                                    + (receipt == null ? " is not there" : " is " + receipt));
        } catch (IOException e) {
            return Optional.of(e.getMessage());
        }
    }

    private void result(Path list) throws IOException {
        int before = problems.size();
        try {
            JsonNode files = JsonMapper.shared().readTree(Files.readAllBytes(list));
            if (!files.isObject()) {
                problems.add(list + ": has no hashes; an older version of this program wrote it");
                return;
            }
            for (Map.Entry<String, JsonNode> file : files.properties()) {
                Path path = run.resolve(file.getKey());
                boolean isCard = file.getKey().equals(ModelFiles.CARD);
                if (!Files.isRegularFile(path)) {
                    problems.add(path + ": is missing");
                } else if (!file.getValue().asString("").equals(isCard ? "" : Sha256.ofFile(path))) {
                    problems.add(path + ": is not what the run wrote");
                }
            }
        } catch (JacksonException | InvalidPathException _) {
            problems.add(list + ": cannot be read");
        }
        if (problems.size() == before) {
            whole.add("result");
        }
    }

    /// Data, settings and the model that the run started from, against the newest good save.
    private void inputs() throws IOException {
        if (saves.isEmpty()) {
            return;
        }
        SavedState saved = SavedState.read(saves.lastEntry().getValue());
        int before = problems.size();
        TrainRequest asked = request.of(run, true);
        Map<String, String> now = new LinkedHashMap<>();
        try {
            // Without a cache, which remembers the hashes of files that have kept their size and time.
            now.putAll(RunCard.files(asked.data().withCache(null)));
            saved.files().forEach((name, fact) -> {
                if (!fact.equals(now.get(name))) {
                    problems.add("data: " + name + " was " + fact + ", and is now " + now.get(name));
                }
            });
            try (TrainingRun opened = TrainingRun.open(asked.withWatch(Watch.NONE), quiet())) {
                RunSettings.of(opened.settings, opened.data, opened.model.config(), opened.origin)
                        .differences(saved.settings())
                        .forEach(problems::add);
            }
        } catch (IOException | IllegalArgumentException | UncheckedIOException e) {
            problems.add("what the run started from cannot be read: " + e.getMessage());
        }
        if (problems.size() == before) {
            whole.add("data: " + String.join(", ", saved.files().keySet()));
            whole.add("model and settings");
        }
    }

    /// From save to save: each must be what the one before it becomes.
    private void steps(int first, int last) throws IOException {
        int logged = log.rows().isEmpty() ? 0 : log.rows().lastKey();
        SettingException.check(first <= last && last <= logged, "steps", first + "-" + last,
                "in order and in the log, which ends with step " + logged);
        int before = problems.size();
        Map.Entry<Integer, Path> start = saves.floorEntry(first - 1);
        int from = start == null ? 0 : start.getKey();
        while (from < last && problems.size() == before) {
            Integer next = saves.higherKey(from);
            int to = next == null ? last : Math.min(next, last);
            segment(from, to, first);
            from = to;
        }
        if (problems.size() == before) {
            whole.add("steps " + first + " to " + last + ", made again");
        }
    }

    private void segment(int from, int to, int first) throws IOException {
        Path work = AtomicFiles.temporaryFor(run);
        Files.createDirectory(work);
        try {
            if (from > 0) {
                copy(saves.get(from), Saves.directory(work, from));
            }
            TrainRequest asked = request.of(work, from > 0).withWatch(Watch.NONE);
            // No step depends on what is held out.
            try (TrainingRun again = TrainingRun.open(asked.withData(asked.data().withHeldOut(List.of())), quiet())) {
                again.run(from > 0, until(again, from, to));
            }
            compare(work, from, to, first);
        } finally {
            OutputDirectory.delete(work);
        }
    }

    /// Stops a run after its first `to` steps.
    private TrainingRun.Listener until(TrainingRun again, int from, int to) {
        return new TrainingRun.Listener() {
            @Override
            public void begins(Path save) {
                step(from);
            }

            @Override
            public void step(TrainingRun.Report report) {
                listener.step(report);
                step(report.step() + 1);
            }

            /// A run that is told to stop still makes its next step.
            private void step(int done) {
                if (done == to - 1) {
                    again.stop();
                }
            }
        };
    }

    private void compare(Path work, int from, int to, int first) throws IOException {
        LoggedSteps made = LoggedSteps.read(work.resolve(RunDirectory.LOG), _ -> {});
        for (int step = Math.max(from + 1, first); step <= to; step++) {
            ObjectNode row = made.rows().get(step);
            String difference = row == null ? "was not made" : log.difference(step, row);
            if (!difference.isEmpty()) {
                problems.add("step " + step + " made again: " + difference);
                return;
            }
        }
        Path then = saves.get(to);
        if (then != null) {
            Path now = Saves.directory(work, to);
            if (Files.mismatch(then.resolve(SavedState.TENSORS), now.resolve(SavedState.TENSORS)) >= 0) {
                problems.add(then + ": its weights and moments are not those of the steps before it, made again");
            }
        }
    }

    /// A save, without taking its room again where the file system allows that.
    private static void copy(Path save, Path to) throws IOException {
        List<Path> files;
        try (Stream<Path> tree = Files.walk(save)) {
            files = tree.filter(file -> !file.endsWith(Saves.RESULT)).toList();
        }
        for (Path file : files) {
            Path copy = to.resolve(save.relativize(file).toString());
            if (Files.isDirectory(file)) {
                Files.createDirectory(copy);
                continue;
            }
            try {
                Files.createLink(copy, file);
            } catch (IOException | UnsupportedOperationException _) {
                Files.copy(file, copy);
            }
        }
    }

    private static TrainingRun.Listener quiet() {
        return _ -> {};
    }
}
