package llams.trainer.run;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import llams.engine.graph.Leaf;
import llams.engine.io.AtomicFiles;
import llams.engine.io.Disk;
import llams.engine.io.NoRoomException;
import llams.engine.tensor.Tensor;
import llams.model.lora.AdapterFiles;
import llams.trainer.data.DataLoader;

/// What a run writes: its log, saves and the result. Numbers that are not finite become neither of the two. A disk
/// without room may cost a save, but never what was trained: the result waits for room.
final class RunOutput {
    private final Path out;
    private final TrainSettings settings;
    private final Trainable model;
    private final Trainable.Writer result;
    private final Trainer trainer;
    private final BiFunction<Integer, DataLoader.Position, SavedState> state;
    private final Saves saves;
    private final TrainingLog log;
    private final Patience patience;
    private final Consumer<String> notes;
    private long workBegan = System.nanoTime();

    /// @param result writes the result
    /// @param state what a save holds after some steps, at some place of the data
    /// @param notes hears of what did not work and does not end the run
    RunOutput(Path out, TrainSettings settings, Trainable model, Trainable.Writer result, Trainer trainer,
            BiFunction<Integer, DataLoader.Position, SavedState> state, Saves saves, TrainingLog log, Patience patience,
            Consumer<String> notes) {
        this.out = out;
        this.settings = settings;
        this.model = model;
        this.result = result;
        this.trainer = trainer;
        this.state = state;
        this.saves = saves;
        this.log = log;
        this.patience = patience;
        this.notes = notes;
    }

    /// Whether a save should follow the first `done` steps of the run.
    boolean isDue(int done) {
        return settings.saveEvery().isDue(done, Duration.ofNanos(System.nanoTime() - workBegan));
    }

    /// Saves, or says why not: the run goes on, and the saves before stay.
    ///
    /// @throws NonFiniteLossException if there are numbers that must not be saved
    void saveIfPossible(int done, DataLoader.Position position) {
        checkFinite(done);
        try {
            write(done, position);
        } catch (IOException e) {
            notes.accept("no save after step " + done + ": " + e.getMessage() + "; the run goes on, and "
                    + saves.newest().map(save -> "the newest save is still " + save).orElse("there is no save yet"));
        }
        workBegan = System.nanoTime();
    }

    /// Saves the end of a run that stops before its last step, and waits for room to do so.
    ///
    /// @throws NonFiniteLossException if there are numbers that must not be saved
    void save(int done, DataLoader.Position position) throws IOException {
        checkFinite(done);
        patience.write("the save after step " + done, notes, () -> write(done, position));
    }

    private void write(int done, DataLoader.Position position) throws IOException {
        log.force();
        saves.add(state.apply(done, position), trainer, model.trained(),
                settings.lora() == null ? Trainable.Writer.NONE : model.writer());
    }

    /// Writes the result, and waits for room to do so. If something else is in the way, what was trained is saved
    /// instead. A run that saves also saves its last step, so that it can be made longer.
    ///
    /// @throws NonFiniteLossException if there are numbers that must not become a result
    void finish(int done, DataLoader.Position position) throws IOException {
        checkFinite(done);
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (Leaf leaf : model.trained()) {
            tensors.put(leaf.name(), trainer.read(leaf));
        }
        try {
            patience.write("the result", notes, () -> {
                log.force();
                // The result of a shorter run is none as soon as files of this one stand beside its.
                for (String config : List.of("config.json", AdapterFiles.CONFIG)) {
                    Disk.current().delete(out.resolve(config));
                }
                AtomicFiles.forceDirectory(out);
                result.write(out, tensors);
            });
        } catch (IOException e) {
            throw abandoned(done, position, e);
        }
        if (!settings.saveEvery().isNever() || saves.newest().isPresent()) {
            saves.finish(state.apply(done, position), trainer, model.trained());
        }
    }

    /// The failure that ends a run after its first `done` steps, with where they are: they are saved if they are not
    /// yet.
    IOException abandoned(int done, DataLoader.Position position, IOException failure) {
        boolean isSaved = saves.newest().equals(Optional.of(Saves.directory(out, done)));
        // A save takes more room than the result.
        if (done > 0 && !isSaved && !(failure instanceof NoRoomException) && trainer.nonFinite().isEmpty()) {
            try {
                write(done, position);
            } catch (IOException e) {
                failure.addSuppressed(e);
            }
        }
        String left = failure.getMessage() + "; "
                + saves.newest()
                        .map(save -> "the newest save is " + save + ", and --resume goes on from it")
                        .orElse("nothing was saved before");
        return failure instanceof NoRoomException ? new NoRoomException(left, failure) : new IOException(left, failure);
    }

    private void checkFinite(int done) {
        trainer.nonFinite().ifPresent(found -> {
            throw NonFiniteLossException.parameter(done - 1, found.state().name(), found.count(),
                    found.state().shape().elements(), saves.newest().orElse(null));
        });
    }
}
