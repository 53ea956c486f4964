package llams.trainer.run;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import llams.engine.device.Device;
import llams.engine.llama.LlamaConfig;
import llams.engine.plan.Program;
import llams.engine.tensor.Tensor;
import llams.trainer.data.Sequences;
import llams.trainer.data.TeacherFile;

/// How a run hears its teacher: in every step, or from files that the teacher fills once, with nothing of it in memory
/// while the run goes on.
final class Teaching implements AutoCloseable {
    /// That of a run without a teacher.
    static final Teaching NONE = new Teaching(null, null, null, 0);
    /// Null if there is none, or all that it says is stored.
    private Teacher teacher;
    /// Null if it is asked in every step.
    private final Path stored;
    private final Distilled asked;
    private final int tokens;
    private String fingerprint;
    private final Map<Sequences, Path> files = new IdentityHashMap<>();

    private Teaching(Teacher teacher, Path stored, Distilled asked, int tokens) {
        this.teacher = teacher;
        this.stored = stored;
        this.asked = asked;
        this.tokens = tokens;
        fingerprint = teacher == null ? null : teacher.fingerprint();
    }

    /// @param learner   the config of the model that learns
    /// @param tokenizer of that model; null if it has none
    /// @param tokens    the most of a sequence
    /// @throws IOException if the teacher cannot be used
    static Teaching open(TrainRequest.TeacherSource from, Distilled asked, LlamaConfig learner, Path tokenizer,
            int tokens) throws IOException {
        Teacher teacher = from.model() == null ? null : Teacher.open(from.model(), learner, tokenizer, tokens);
        return new Teaching(teacher, from.stored(), asked, tokens);
    }

    private boolean isInEveryStep() {
        return teacher != null && stored == null;
    }

    /// The settings with the teacher in their objective, if it is asked in every step.
    TrainSettings known(TrainSettings settings) {
        return isInEveryStep() ? settings.withObjective(asked.withTeacher(teacher.model())) : settings;
    }

    /// Of the teacher; null if there is none.
    String fingerprint() {
        return fingerprint;
    }

    private Path file(Sequences data) {
        return files.computeIfAbsent(data, key -> TeacherFile.of(stored, key, asked.count(), asked.temperature()));
    }

    /// Makes sure that what the teacher says of some data can be known.
    ///
    /// @param data may be null
    /// @throws IOException if it is not stored, and there is no teacher to ask; or another one was asked
    void check(Sequences data) throws IOException {
        if (stored == null || data == null) {
            return;
        }
        Path file = file(data);
        if (!Files.exists(file)) {
            if (teacher == null) {
                throw new IOException(file + " is missing: what a teacher says of these sequences, its " + asked.count()
                        + " most likely tokens at temperature " + asked.temperature()
                        + "; give the `teacher` once, and it is written");
            }
            return;
        }
        String found = TeacherFile.open(file).fingerprint;
        fingerprint = fingerprint == null ? found : fingerprint;
        if (!found.equals(fingerprint)) {
            throw new IOException(file + " is of another teacher; give another directory with `teacherLogits`");
        }
    }

    /// What asking the teacher about all data before the first step needs; null if nothing has to be asked.
    Program.Memory memory(Sequences data, Sequences heldOut) {
        if (stored == null || teacher == null
                || Files.exists(file(data)) && (heldOut == null || Files.exists(file(heldOut)))) {
            return null;
        }
        return teacher.program(asked, tokens, tokens, 0).memory();
    }

    /// Gives the run's data what the teacher says of it, if that is stored; it is asked now if it has not been.
    ///
    /// @return whether the run goes on: it has not been told to stop meanwhile
    boolean ask(TrainingRun run, Consumer<String> notes) throws IOException {
        if (stored == null) {
            return true;
        }
        for (Sequences data : run.heldOut == null ? List.of(run.data) : List.of(run.data, run.heldOut)) {
            Path file = file(data);
            if (Files.exists(file)) {
                continue;
            }
            notes.accept(
                    "the teacher is asked about " + data.size() + " sequences, once: what it says goes into " + file);
            if (!teacher.write(run.device, data, asked, tokens, file, () -> run.stopping)) {
                return false;
            }
        }
        run.data = TeacherFile.open(file(run.data)).taught(run.data);
        run.heldOut = run.heldOut == null ? null : TeacherFile.open(file(run.heldOut)).taught(run.heldOut);
        return true;
    }

    /// The teacher's tensors, those of files that are mapped among them.
    Collection<Tensor> weights() {
        return teacher == null ? List.of() : teacher.tensors().values();
    }

    /// Tensors that the steps need. A teacher that is not asked any more gives its memory back.
    Map<String, Tensor> resident(Arena arena) throws IOException {
        if (isInEveryStep()) {
            return teacher.resident(arena, tokens);
        }
        close();
        return Map.of();
    }

    /// The device for the steps.
    Device watched(Device device) {
        return isInEveryStep() ? teacher.weights().watched(device) : device;
    }

    @Override
    public void close() throws IOException {
        if (teacher != null) {
            teacher.close();
            teacher = null;
        }
    }
}
