package llams.trainer.run;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import llams.engine.device.Observer;
import llams.engine.graph.Leaf;
import llams.engine.llama.Llama;
import llams.engine.tensor.Tensor;
import llams.model.card.ProgramVersion;
import llams.trainer.data.DataLoader;
import llams.trainer.watch.RunFacts;

/// Makes a step of an earlier run again, by the run's own programs on its own data. Nothing is written.
public final class Replay {
    private static final String LOG = "train.jsonl";

    /// Sees a step while it is made.
    public interface Watcher extends Observer {
        /// The step comes next, with these micro-batches in their order.
        ///
        /// @param resident every tensor by leaf name; parameters change in place
        void begins(List<Batch> batches, Llama model, Map<String, Tensor> resident);
    }

    /// A micro-batch.
    ///
    /// @param origins where each of its documents comes from, as `file:line`
    public record Batch(MicroBatch batch, List<String> origins) {}

    /// A step made again.
    ///
    /// @param step      from 1
    /// @param logged    what the log says of it, which is the same
    /// @param isOfPairs whether its documents are answers, of each pair the chosen one and then the rejected one
    /// @param save      that it began from; null for the run's own beginning
    /// @param before    steps that were made between
    public record Made(int step, Trainer.Step result, TrainingRun.Report logged, boolean isOfPairs, Path save,
            int before) {}

    private final TrainingRun run;
    private final Arena arena;
    private final TrainingRun.Listener listener;

    Replay(TrainingRun run, Arena arena, TrainingRun.Listener listener) {
        this.run = run;
        this.arena = arena;
        this.listener = listener;
    }

    /// Checks before long work that a run has made a step.
    ///
    /// @param step from 1
    /// @throws IOException if its log does not have it
    public static void check(Path run, int step) throws IOException {
        logged(run, step);
    }

    /// How many micro-batches a step of a run has, those of all its workers: what its settings say is for each of them.
    ///
    /// @return empty if the run has no save that tells
    public static OptionalInt accumulate(Path run) throws IOException {
        for (Path save : Saves.all(run).reversed()) {
            try {
                String accumulate = SavedState.read(save).settings().values().get("accumulate");
                if (accumulate != null) {
                    return OptionalInt.of(Integer.parseInt(accumulate));
                }
            } catch (IOException | IllegalArgumentException _) {
                // A damaged one, of which more is said where it is used.
            }
        }
        return OptionalInt.empty();
    }

    private static Map<Integer, TrainingRun.Report> logged(Path run, int step) throws IOException {
        Path log = run.resolve(LOG);
        if (!Files.isRegularFile(log)) {
            throw new IOException(run + ": has no " + LOG + ", so it is no training run");
        }
        Map<Integer, TrainingRun.Report> steps = TrainingLog.steps(log);
        if (!steps.containsKey(step - 1)) {
            int last = steps.keySet().stream().mapToInt(Integer::intValue).max().orElse(-1) + 1;
            throw new IOException(
                    log + ": has no step " + step + (last == 0 ? ", nor any other" : "; its last one is " + last));
        }
        return steps;
    }

    Made make(int step, Watcher watcher) throws IOException {
        Map<Integer, TrainingRun.Report> logged = logged(run.out, step);
        TrainSettings settings = run.settings;
        RunStart start = new RunStart(run, arena, null, listener);
        Workers workers = Workers.of(run.collective, settings);
        Map<String, Tensor> resident = start.resident(workers);
        List<Leaf> state = settings.optimizer().state(run.model.trained());
        RunSettings asked = RunSettings.of(settings, run.data, run.model.config(), run.origin);
        run.teaching.ask(run, listener::note);
        resident.putAll(run.teaching.resident(arena));
        Saves saves = new Saves(run.out, settings.keep(), asked, listener::note);
        Optional<Path> save = saves.newestWithin(step - 1, state);
        DataLoader loader = new DataLoader(run.data, settings.seed(), true);
        int from = 0;
        if (save.isPresent()) {
            SavedState saved = saves.restore(state, resident, run.device.arithmetic());
            loader.seek(saved.position());
            from = saved.step();
        }
        listener.begins(save.orElse(null));
        MicroBatches batches = new MicroBatches(run.data, settings, loader);
        try (Trainer trainer = start.trainer(workers, resident)) {
            for (int number = from; number < step - 1; number++) {
                TrainingRun.Report then = report(logged, number);
                check(trainer.step(batches.of(batches.next()), then.learningRate(), number, settings.accumulate()),
                        then);
                listener.step(then);
            }
            TrainingRun.Report then = report(logged, step - 1);
            int[] sequences = batches.next();
            List<MicroBatch> made = batches.of(sequences);
            watcher.begins(named(made, sequences), run.model.model(), resident);
            trainer.observe(watcher);
            Trainer.Step result = trainer.step(made, then.learningRate(), step - 1, settings.accumulate());
            check(result, then);
            return new Made(step, result, then, settings.objective().isOfPairs(), save.orElse(null), step - 1 - from);
        }
    }

    private TrainingRun.Report report(Map<Integer, TrainingRun.Report> logged, int number) throws IOException {
        TrainingRun.Report report = logged.get(number);
        if (report == null) {
            throw new IOException(run.out.resolve(LOG) + ": has no step " + (number + 1)
                    + ", which lies on the way: its learning rate is not known");
        }
        return report;
    }

    /// With the documents' origins.
    private List<Batch> named(List<MicroBatch> batches, int[] sequences) {
        List<Batch> named = new ArrayList<>();
        for (int i = 0; i < batches.size(); i++) {
            int from = i * run.settings.batch();
            int to = Math.min(sequences.length, from + run.settings.batch());
            named.add(new Batch(batches.get(i),
                    Arrays.stream(sequences, from, to).mapToObj(run.data::origins).flatMap(List::stream).toList()));
        }
        return named;
    }

    private void check(Trainer.Step made, TrainingRun.Report then) throws IOException {
        if (Double.compare(made.loss(), then.loss()) == 0
                && Double.compare(made.gradientNorm(), then.gradientNorm()) == 0) {
            return;
        }
        String version = RunFacts.read(run.out).version();
        String here = ProgramVersion.of(Replay.class);
        throw new IOException(run.out + ": step " + (then.step() + 1) + " does not come out as in its log: loss "
                + made.loss() + " instead of " + then.loss() + ", gradient norm " + made.gradientNorm() + " instead of "
                + then.gradientNorm() + "; "
                + (version.isEmpty() || version.equals(here)
                        ? "another build of this program or another device made the run, or its model or data have changed"
                        : "the run was made by version " + version + " of this program, and this is " + here));
    }
}
