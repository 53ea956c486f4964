package llams.trainer;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import llams.engine.graph.Leaf;
import llams.engine.safetensors.NoRoomException;
import llams.engine.tensor.Tensor;
import llams.trainer.data.DataLoader;

/// What a run writes beside its log: saves and the result. Numbers that are not finite become neither. A disk without room may
/// cost a save, but never what was trained: the result waits for room.
final class RunOutput {
    private final Path out;
    private final String run;
    private final TrainSettings settings;
    private final Trainable model;
    private final Trainer trainer;
    private final Patience patience;
    private final Consumer<String> say;
    private long savedNanos = System.nanoTime();

    /// @param say hears of what did not work and does not end the run
    RunOutput(Path out, String run, TrainSettings settings, Trainable model, Trainer trainer, Patience patience,
            Consumer<String> say) {
        this.out = out;
        this.run = run;
        this.settings = settings;
        this.model = model;
        this.trainer = trainer;
        this.patience = patience;
        this.say = say;
    }

    /// Whether a save should follow the first `done` steps of the run.
    boolean isDue(int done) {
        return settings.saveEvery().isDue(done, Duration.ofNanos(System.nanoTime() - savedNanos));
    }

    /// Saves, or says why not: the run goes on, and the saves before stay.
    ///
    /// @throws NonFiniteLossException if there are numbers that must not be saved
    void saveIfPossible(int done, DataLoader.Position position) throws IOException {
        checkFinite(done);
        try {
            write(done, position);
        } catch (IOException e) {
            say.accept("no save after step " + done + ": " + e.getMessage() + "; the run goes on, and "
                    + RunDirectory.newestSave(out).map(save -> "the newest save is still " + save).orElse("there is no save yet"));
        }
        savedNanos = System.nanoTime();
    }

    /// Saves the end of a run that stops before its last step, and waits for room to do so.
    ///
    /// @throws NonFiniteLossException if there are numbers that must not be saved
    void save(int done, DataLoader.Position position) throws IOException {
        checkFinite(done);
        patience.write("the save after step " + done, say, () -> write(done, position));
    }

    private void write(int done, DataLoader.Position position) throws IOException {
        new SavedState(done, position, run).write(out, trainer, model.trained(), settings.keep(),
                settings.lora() == null ? (directory, tensors) -> {
                } : model.writer());
    }

    /// Writes the result, and waits for room to do so. If something else is in the way, what was trained is saved instead.
    ///
    /// @throws NonFiniteLossException if there are numbers that must not become a result
    void finish(int done, DataLoader.Position position) throws IOException {
        checkFinite(done);
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (Leaf leaf : model.trained()) {
            tensors.put(leaf.name(), trainer.read(leaf));
        }
        try {
            patience.write("the result", say, () -> model.writer().write(out, tensors));
        } catch (IOException e) {
            throw new IOException(e.getMessage() + "; " + kept(done, position, e), e);
        }
    }

    /// What is left of a run whose result could not be written, in words.
    private String kept(int done, DataLoader.Position position, IOException failure) throws IOException {
        Path save = RunDirectory.newestSave(out).orElse(null);
        // A save takes more room than the result.
        boolean isNew = done > 0 && !SavedState.directory(out, done).equals(save);
        if (isNew && !(failure instanceof NoRoomException) && trainer.nonFinite().isEmpty()) {
            try {
                write(done, position);
                save = SavedState.directory(out, done);
            } catch (IOException e) {
                failure.addSuppressed(e);
            }
        }
        return save == null ? "nothing was saved before" : "the newest save is " + save + ", and --resume goes on from it";
    }

    /// The failure that ends a run after its first `done` steps, with where they are: they are saved if they are not yet.
    IOException abandoned(int done, DataLoader.Position position, IOException failure) throws IOException {
        return new IOException(failure.getMessage() + "; " + kept(done, position, failure), failure);
    }

    private void checkFinite(int done) throws IOException {
        Trainer.NonFinite found = trainer.nonFinite().orElse(null);
        if (found != null) {
            throw NonFiniteLossException.parameter(done - 1, found.state().name(), found.count(),
                    found.state().shape().elements(), RunDirectory.newestSave(out).orElse(null));
        }
    }
}
