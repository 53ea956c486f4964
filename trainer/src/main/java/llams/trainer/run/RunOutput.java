package llams.trainer.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import llams.engine.graph.Leaf;
import llams.engine.io.AtomicFiles;
import llams.engine.io.Disk;
import llams.engine.io.NoRoomException;
import llams.engine.tensor.Tensor;
import llams.model.files.ModelFiles;
import llams.model.lora.AdapterFiles;
import llams.trainer.data.DataLoader;

/// What a run writes: its saves and its result, neither with numbers that are not finite. A full disk may cost a save,
/// but never what was trained: the result waits for room.
final class RunOutput {
    private final TrainingRun run;
    private final RunSettings settings;
    private final Trainer trainer;
    private final Saves saves;
    private final TrainingLog log;
    private final TrainingRun.Listener listener;
    private long workBegan = System.nanoTime();
    private Lowest lowest;

    RunOutput(TrainingRun run, RunSettings settings, Trainer trainer, Saves saves, TrainingLog log,
            TrainingRun.Listener listener, Lowest lowest) {
        this.run = run;
        this.lowest = lowest;
        this.settings = settings;
        this.trainer = trainer;
        this.saves = saves;
        this.log = log;
        this.listener = listener;
    }

    /// The lowest held-out loss so far.
    Lowest lowest() {
        return lowest;
    }

    /// The held-out loss was measured after the first steps of the run.
    void measured(TrainingRun.Report report) {
        lowest = lowest.with(report.evalLoss(), report.step() + 1);
        if (run.watch.keepBest() && lowest.isAfter(report.step() + 1)) {
            checkFinite(report.step() + 1);
            try {
                writeBest(report);
            } catch (IOException e) {
                listener.note("the best model so far could not be written: " + e.getMessage() + "; the run continues");
            }
        }
    }

    private void writeBest(TrainingRun.Report report) throws IOException {
        Path best = RunDirectory.best(run.out);
        Path temporary = AtomicFiles.temporaryFor(best);
        Disk.current().createDirectory(temporary);
        run.writeResult(temporary, trained());
        RunCard.of(run, settings, report.of(report.step() + 1), lowest).write(temporary);
        AtomicFiles.forceDirectory(temporary);
        if (Files.exists(best, LinkOption.NOFOLLOW_LINKS)) {
            Saves.remove(best);
        }
        Disk.current().move(temporary, best);
        AtomicFiles.forceDirectory(run.out);
    }

    private Map<String, Tensor> trained() {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (Leaf leaf : run.model.trained()) {
            tensors.put(leaf.name(), trainer.read(leaf));
        }
        return tensors;
    }

    /// Whether a save should follow the first `done` steps of the run.
    boolean isDue(int done) {
        return run.settings.saveEvery().isDue(done, Duration.ofNanos(System.nanoTime() - workBegan));
    }

    /// Saves, or says why not: the run continues, and the saves before stay.
    ///
    /// @throws NonFiniteLossException if there are numbers that must not be saved
    void saveIfPossible(int done, DataLoader.Position position) {
        checkFinite(done);
        try {
            write(done, position);
        } catch (IOException e) {
            listener.note("no save after step " + done + ": " + e.getMessage() + "; the run continues, and "
                    + saves.newest().map(save -> "the newest save is still " + save).orElse("there is no save yet"));
        }
        workBegan = System.nanoTime();
    }

    /// Saves the end of a run that stops before its last step, and waits for room to do so.
    ///
    /// @throws NonFiniteLossException if there are numbers that must not be saved
    void save(int done, DataLoader.Position position) throws IOException {
        checkFinite(done);
        run.patience.write("the save after step " + done, listener::note, () -> write(done, position));
    }

    private void write(int done, DataLoader.Position position) throws IOException {
        log.force();
        saves.add(state(done, position), trainer, run.model.trained(),
                run.settings.lora() == null ? Trainable.Writer.NONE : run.model.writer());
        listener.saved(saves.newest().orElseThrow());
    }

    /// Writes the result, and waits for room to do so. If something else is in the way, what was trained is saved
    /// instead. A run that saves also saves its last step, so that it can be made longer.
    ///
    /// @throws NonFiniteLossException if there are numbers that must not become a result
    void finish(int done, DataLoader.Position position) throws IOException {
        checkFinite(done);
        Map<String, Tensor> tensors = trained();
        try {
            run.patience.write("the result", listener::note, () -> {
                log.force();
                // The result of a shorter run is none as soon as files of this one stand beside its.
                for (String config : List.of("config.json", AdapterFiles.CONFIG)) {
                    Disk.current().delete(run.out.resolve(config));
                }
                AtomicFiles.forceDirectory(run.out);
                run.writeResult(run.out, tensors);
                if (!RunCard.of(run, settings, log.last(done, done), lowest).write(run.out)) {
                    listener.note(
                            run.out.resolve(ModelFiles.CARD) + ": was written or edited by hand, and stays as it is");
                }
            });
        } catch (IOException e) {
            throw abandoned(done, position, e);
        }
        if (!run.settings.saveEvery().isNever() || saves.newest().isPresent()) {
            saves.finish(state(done, position), trainer, run.model.trained());
        }
    }

    /// The failure that ends a run after its first `done` steps, with where they are: they are saved if they are not
    /// yet.
    IOException abandoned(int done, DataLoader.Position position, IOException failure) {
        boolean isSaved = saves.newest().equals(Optional.of(Saves.directory(run.out, done)));
        // A save takes more room than the result, and needs the moments that other workers have.
        boolean isWhole = run.model.trained()
                .stream()
                .flatMap(leaf -> trainer.optimizer.moments(leaf).stream())
                .allMatch(moment -> trainer.read(moment) != null);
        if (isWhole && done > 0 && !isSaved && !(failure instanceof NoRoomException) && nonFinite().isEmpty()) {
            try {
                write(done, position);
            } catch (IOException e) {
                failure.addSuppressed(e);
            }
        }
        String left = failure.getMessage() + "; "
                + saves.newest()
                        .map(save -> "the newest save is " + save + ", and `resume` continues from it")
                        .orElse("nothing was saved before");
        return failure instanceof NoRoomException ? new NoRoomException(left, failure) : new IOException(left, failure);
    }

    private SavedState state(int done, DataLoader.Position position) {
        return new SavedState(done, position, settings, run.device.arithmetic(), lowest, log.receipt(), run.dataFiles);
    }

    private Optional<NonFiniteState> nonFinite() {
        return NonFiniteState.find(run.model.trained(), trainer);
    }

    private void checkFinite(int done) {
        nonFinite().ifPresent(found -> {
            throw NonFiniteLossException.parameter(done - 1, found.state().name(), found.count(),
                    found.state().shape().elements(), saves.newest().orElse(null));
        });
    }
}
