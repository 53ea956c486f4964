package llams.trainer.recipe;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import llams.engine.io.AtomicFiles;
import llams.model.files.Sha256;
import llams.model.files.DataException;
import llams.model.files.DirectoryLock;
import llams.trainer.distributed.Collective;
import llams.trainer.recipe.StagePlan.State;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;
import llams.trainer.data.JsonLine;

/// Runs the stages of a recipe whose results are not there yet.
///
/// A stage's key is a hash of its settings, of the program's version, of the files that it reads and of the keys of the
/// stages that it builds on. Its record has that key, and says that it finished only when all it made is on the disk:
/// a run that is killed at any moment leaves nothing that the next one takes for a result.
public final class RecipeRun {
    /// Hears how the run gets on.
    public interface Listener {
        /// @param number of the stage, counted from 1
        void begins(StagePlan stage, int number, int stages);

        void ends(StageRecord stage);
    }

    /// What a run came to.
    ///
    /// @param exitCode of the stage that ended it before its end, or 0
    /// @param stages   as they are then
    public record Ending(int exitCode, List<StagePlan> stages) {}

    private static final int FAILED = 1;
    /// A result that took longer is not replaced without being asked.
    private static final double PRECIOUS_SECONDS = 3600;

    private final Recipe recipe;
    private final Kinds kinds;
    private final RecipeDirectory directory;
    private final String version;
    private RecipeWorkers workers = new RecipeWorkers(Collective.ALONE);
    /// Whether the workers are in the middle of common work, or that failed.
    private boolean isShared;

    /// @param out     for a directory per stage
    /// @param version of the program: another one may give other results
    public RecipeRun(Recipe recipe, Kinds kinds, Path out, String version) {
        this.recipe = recipe;
        this.kinds = kinds;
        this.directory = new RecipeDirectory(out);
        this.version = version;
    }

    /// Makes the run one of several workers, which all see the same directory of results. The first one runs the stages;
    /// the others take part where [Work#isShared].
    ///
    /// @param collective closed at the end of the run, unless common work has failed
    public RecipeRun on(Collective collective) {
        workers = new RecipeWorkers(collective);
        return this;
    }

    /// What there is and what is to be done, in the order of work. Writes nothing.
    ///
    /// @throws DataException if a stage cannot be run as it is described
    public List<StagePlan> plan() throws IOException {
        directory.check();
        return plan(new FileKeys(directory.records()));
    }

    private Map<String, Path> results() {
        Map<String, Path> results = new LinkedHashMap<>();
        for (Stage stage : recipe.stages()) {
            results.put(stage.name(), kinds.result(stage, directory.stage(stage.name())));
        }
        return results;
    }

    private List<StagePlan> plan(FileKeys files) throws IOException {
        Map<String, Path> results = results();
        Map<String, String> keys = new HashMap<>();
        List<StagePlan> plans = new ArrayList<>();
        for (Stage stage : recipe.stages()) {
            Work work = kinds.work(stage, directory.stage(stage.name()), results);
            StagePlan plan = plan(stage, work, keys, files);
            keys.put(stage.name(), plan.key());
            plans.add(plan);
        }
        return plans;
    }

    private StagePlan plan(Stage stage, Work work, Map<String, String> keys, FileKeys files) throws IOException {
        List<Path> missing = new ArrayList<>();
        SortedMap<String, List<String>> settings = new TreeMap<>();
        for (Map.Entry<String, List<Work.Setting>> entry : work.settings().entrySet()) {
            List<String> texts = new ArrayList<>();
            for (Work.Setting setting : entry.getValue()) {
                texts.add(setting.file() == null
                        ? setting.text()
                        : setting.text() + fileKey(stage, setting.file(), keys, files, missing));
            }
            settings.put(entry.getKey(), texts);
        }
        String key = Sha256.ofText(String.join("\n", stage.kind(), version, settings.toString()));
        StageRecord record = directory.read(stage.name());
        State state = missing.isEmpty() ? state(stage, record, key) : State.LACKING;
        List<String> changes = switch (state) {
            case CHANGED -> record.changes(settings, version);
            case LACKING -> missing.stream().map(Path::toString).toList();
            case DONE, NEW, INTERRUPTED, GONE -> List.of();
        };
        return new StagePlan(stage, work, key, settings, state, record, changes);
    }

    private String fileKey(Stage stage, Path file, Map<String, String> keys, FileKeys files, List<Path> missing)
            throws IOException {
        for (String input : stage.needs()) {
            Path made = directory.stage(input);
            if (file.startsWith(made)) {
                return named(made.equals(file) ? input : input + "/" + made.relativize(file), keys.get(input));
            }
        }
        try {
            return named(file.getFileName().toString(), files.of(file));
        } catch (NoSuchFileException _) {
            missing.add(file);
            return "missing";
        }
    }

    /// Wherever it lies, what counts is its content.
    private static String named(String name, String hash) {
        return name + " " + hash;
    }

    private State state(Stage stage, StageRecord record, String key) {
        if (record == null) {
            return State.NEW;
        }
        if (!record.key().equals(key)) {
            return record.finished() ? State.CHANGED : State.NEW;
        }
        if (!record.finished()) {
            return State.INTERRUPTED;
        }
        return Files.exists(kinds.result(stage, directory.stage(stage.name()))) ? State.DONE : State.GONE;
    }

    /// Runs what is not done. Nobody else can run a recipe in the same directory meanwhile.
    ///
    /// @param replace true to do again what took hours: its earlier result is lost
    /// @return at a worker that is not the first, without stages
    /// @throws DataException as [#plan] does, or if a file is missing
    public Ending run(boolean replace, Listener listener) throws IOException {
        if (workers.collective().rank() > 0) {
            return follow();
        }
        int exitCode = FAILED;
        try {
            Ending ending = runFirst(replace, listener);
            exitCode = ending.exitCode;
            return ending;
        } finally {
            // Whoever fails in common work tells nothing: the others hear of its end.
            if (!isShared) {
                workers.end(exitCode);
            }
        }
    }

    /// Takes part in what all workers do.
    private Ending follow() throws IOException {
        while (true) {
            RecipeWorkers.Order order = workers.hear();
            if (order.isEnd()) {
                workers.collective().close();
                return new Ending(order.value(), List.of());
            }
            Stage stage = recipe.stages()
                    .stream()
                    .filter(one -> one.name().equals(order.stage()))
                    .findAny()
                    .orElse(null);
            Path record = directory.record(order.stage());
            if (stage == null || !Files.exists(record)) {
                throw new IOException("worker " + workers.collective().rank() + ": " + (stage == null
                        ? "its recipe has no stage " + order.stage() + "; give all workers the same recipe"
                        : record + ", which worker 0 has written, is not there; the results of a recipe must be in a"
                                + " directory that all workers see"));
            }
            Work.Outcome outcome = kinds.work(stage, directory.stage(stage.name()), results()).run(order.isResumed());
            if (outcome.hasFailed()) {
                return new Ending(outcome.exitCode(), List.of());
            }
        }
    }

    private Ending runFirst(boolean replace, Listener listener) throws IOException {
        directory.check();
        AtomicFiles.createDirectories(directory.records());
        try (DirectoryLock _ = DirectoryLock.take(directory.records())) {
            directory.removeUnfinished();
            FileKeys files = new FileKeys(directory.records());
            List<StagePlan> plans = plan(files);
            files.remember();
            for (StagePlan plan : plans) {
                check(plan, replace);
            }
            for (int at = 0; at < plans.size(); at++) {
                StagePlan plan = plans.get(at);
                if (!plan.isDone()) {
                    listener.begins(plan, at + 1, plans.size());
                    Work.Outcome outcome = run(plan, listener);
                    if (outcome.exitCode() != 0) {
                        return new Ending(outcome.exitCode(), plans);
                    }
                    plans.set(at, plan.done(directory.read(plan.stage().name())));
                    report(plans);
                }
            }
            return new Ending(0, plans);
        }
    }

    /// Writes a page about what there is: see [#reportFile].
    public void report(List<StagePlan> stages) throws IOException {
        AtomicFiles.write(reportFile(), RecipeReport.html(recipe, stages, directory).getBytes(StandardCharsets.UTF_8));
    }

    public Path reportFile() {
        return directory.path().resolve("report.html");
    }

    private static void check(StagePlan plan, boolean replace) throws IOException {
        if (plan.state() == State.CHANGED && plan.record().seconds() >= PRECIOUS_SECONDS && !replace) {
            throw new IOException(String.format(Locale.ROOT,
                    "stage %s took %.1f hours, and its result would be replaced (%s); allow it with `replace`, or"
                            + " choose another `out`",
                    plan.stage().name(), plan.record().seconds() / 3600, plan.why()));
        }
        if (plan.state() == State.LACKING) {
            throw new DataException(plan.stage().place() + ": stage " + plan.stage().name() + ": " + plan.why()
                    + "; put it there, or if a stage makes it, name it as $STAGE or $STAGE/FILE");
        }
    }

    private Work.Outcome run(StagePlan plan, Listener listener) throws IOException {
        String name = plan.stage().name();
        boolean resume = plan.state() == State.INTERRUPTED && plan.work().canResume();
        if (!resume) {
            directory.remove(name);
        }
        StageRecord begun = StageRecord.begun(name, plan.key(), plan.settings(), version);
        directory.write(begun);
        long start = System.nanoTime();
        if (plan.work().isShared()) {
            workers.tell(name, resume);
            isShared = true;
        }
        Work.Outcome outcome = plan.work().run(resume);
        isShared &= outcome.hasFailed();
        if (outcome.exitCode() != 0) {
            return outcome;
        }
        ObjectNode report = outcome.report().isEmpty()
                ? JsonNodeFactory.instance.objectNode()
                : JsonLine.parse(outcome.report(), "report of " + name);
        StageRecord record = begun.finished((System.nanoTime() - start) * 1e-9, directory.bytes(name), report);
        directory.write(record);
        listener.ends(record);
        return outcome;
    }
}
