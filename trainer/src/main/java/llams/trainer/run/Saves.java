package llams.trainer.run;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import llams.engine.graph.Leaf;
import llams.engine.io.AtomicFiles;
import llams.engine.io.Disk;
import llams.engine.tensor.Tensor;
import llams.model.files.ModelFiles;
import llams.model.files.OutputDirectory;
import llams.model.files.Sha256;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// The saves of a run, from which it resumes exactly as if it had never stopped: directories `OUT/step-000120` with a
/// [SavedState] and, written last, the checksums of all their files. A save appears whole or not at all.
///
/// A good save is removed only when there are `keep` newer ones that training continued from with a finite loss.
final class Saves {
    private static final String PREFIX = "step-";
    /// In the last save of a finished run: the files of its result, each with its SHA-256; the card, which may be edited,
    /// with none.
    static final String RESULT = "result.json";

    private final Path out;
    private final int keep;
    private final RunSettings settings;
    private final Consumer<String> notes;
    /// Saves with nothing wrong in them, oldest first.
    private final List<Path> good = new ArrayList<>();
    private final Set<Path> damaged = new HashSet<>();
    /// Whether a finite loss followed the newest one.
    private boolean proven;

    /// The saves of a run in `out`; none are known yet.
    ///
    /// @param keep  how many to keep, the newest
    /// @param notes hears what is wrong with saves, and how the run differs from the one that made them
    Saves(Path out, int keep, RunSettings settings, Consumer<String> notes) {
        this.out = out;
        this.keep = keep;
        this.settings = settings;
        this.notes = notes;
    }

    static Path directory(Path out, int step) {
        return out.resolve(PREFIX + "%06d".formatted(step));
    }

    /// The saves of a run in the order of their numbers, good or not.
    static List<Path> all(Path out) throws IOException {
        List<Path> saves = new ArrayList<>();
        if (Files.isDirectory(out)) {
            try (DirectoryStream<Path> children = Files.newDirectoryStream(out, PREFIX + "*")) {
                for (Path child : children) {
                    if (child.getFileName().toString().matches(PREFIX + "\\d{1,18}")) {
                        saves.add(child);
                    }
                }
            }
        }
        saves.sort(Comparator.comparingLong(Saves::number));
        return saves;
    }

    private static long number(Path save) {
        return Long.parseLong(save.getFileName().toString().substring(PREFIX.length()));
    }

    /// Checks all saves of an earlier run in the same directory.
    ///
    /// @param state what they must hold
    /// @throws IOException if none of them is good, or they are of a run with other settings
    void check(List<Leaf> state) throws IOException {
        String last = null;
        for (Path save : all(out)) {
            Optional<String> damage = damage(save, state);
            if (damage.isEmpty()) {
                good.add(save);
            } else {
                last = save + " is damaged: " + damage.get();
                damaged.add(save);
                notes.accept(last);
            }
        }
        if (good.isEmpty() && last != null) {
            throw new IOException(
                    last + "; no save is good, so there is nothing to continue from: choose another `out`");
        }
    }

    /// What is wrong with a save, or empty.
    ///
    /// @throws IOException if nothing is, but it is of a run with other settings
    private Optional<String> damage(Path save, List<Leaf> tensors) throws IOException {
        SavedState state;
        try {
            boolean summed = Files.exists(save.resolve(FileSums.FILE));
            if (summed) {
                Optional<String> damage = FileSums.damage(save, List.of(SavedState.STATE, SavedState.TENSORS));
                if (damage.isPresent()) {
                    return damage;
                }
            }
            if (!Files.exists(save.resolve(SavedState.STATE))) {
                return Optional.of(SavedState.STATE + " is missing");
            }
            state = SavedState.read(save);
            // Saves of the first format had no sums, and a name is all there is to tell a wrong step by.
            if (!summed && state.settings().complete()) {
                return Optional.of(FileSums.FILE + " is missing");
            }
            if (!summed && state.step() != number(save)) {
                return Optional.of(SavedState.STATE + " is of step " + state.step());
            }
        } catch (IOException e) {
            return Optional.of(e.getMessage());
        }
        List<String> differences = settings.differences(state.settings());
        if (!differences.isEmpty()) {
            throw new IOException(save + " belongs to a run with other settings, data or model: "
                    + String.join("; ", differences) + "; use the same as before, or another `out`");
        }
        try {
            return SavedState.tensorDamage(save, tensors);
        } catch (IOException e) {
            return Optional.of(e.getMessage());
        }
    }

    /// The newest good one.
    Optional<Path> newest() {
        return good.isEmpty() ? Optional.empty() : Optional.of(good.getLast());
    }

    /// The newest good one after at most `steps` steps, of which no other is looked at.
    ///
    /// @throws IOException as [#check] does of a run with other settings
    Optional<Path> newestWithin(int steps, List<Leaf> state) throws IOException {
        for (Path save : all(out).reversed()) {
            if (number(save) <= steps) {
                Optional<String> damage = damage(save, state);
                if (damage.isEmpty()) {
                    good.add(save);
                    return Optional.of(save);
                }
                notes.accept(save + " is damaged: " + damage.get());
            }
        }
        return Optional.empty();
    }

    /// Reads the newest good one into the trained parameters and moments of `resident`.
    ///
    /// @param arithmetic of the device that continues
    /// @throws IOException if it has more steps than the run is to have
    SavedState restore(List<Leaf> tensors, Map<String, Tensor> resident, String arithmetic) throws IOException {
        Path save = good.getLast();
        SavedState state = SavedState.read(save);
        if (state.step() != number(save)) {
            notes.accept(save + " is of step " + state.step() + ", despite its name");
        }
        if (state.step() > settings.steps()) {
            throw new IOException(save + " is of step " + state.step() + ", and the run has only " + settings.steps()
                    + " steps; give at least as many `steps` or `epochs`, or another `out`");
        }
        if (state.settings().steps() != settings.steps()) {
            notes.accept("steps: were " + state.settings().steps() + ", are now " + settings.steps() + "; from step "
                    + state.step() + " on the learning rate follows the schedule of the new length");
        }
        if (state.arithmetic() != null && !state.arithmetic().equals(arithmetic)) {
            notes.accept("saved on " + state.arithmetic() + ", continued on " + arithmetic
                    + ": the numbers will differ in their last bits from those of an unbroken run");
        }
        SavedState.restore(save, tensors, resident);
        return state;
    }

    /// Writes a save.
    ///
    /// @param export also puts the result as it stands into the save, usable as if the run had ended here
    void add(SavedState state, Trainer trainer, List<Leaf> trained, Trainable.Writer export) throws IOException {
        Map<String, Tensor> parameters = new LinkedHashMap<>();
        for (Leaf leaf : trained) {
            parameters.put(leaf.name(), trainer.read(leaf));
        }
        Path save = directory(out, state.step());
        if (Files.exists(save, LinkOption.NOFOLLOW_LINKS)) {
            // A damaged one: a run continues from its newest good one.
            remove(save);
        }
        try (OutputDirectory directory = OutputDirectory.create(save)) {
            HashingDisk disk = new HashingDisk(Disk.current());
            ScopedValue.where(Disk.BOUND, disk).call(() -> {
                export.write(directory.path(), parameters);
                state.write(directory.path(), trainer, trained, parameters);
                FileSums.write(directory.path(), disk);
                return null;
            });
            directory.commit();
        }
        good.remove(save);
        good.add(save);
        good.sort(Comparator.comparingLong(Saves::number));
        proven = false;
    }

    /// Training continued from the newest save with a finite loss: now it may replace older ones. One that cannot be
    /// removed stays, with a note.
    void prove() {
        if (proven) {
            return;
        }
        proven = true;
        int from = Math.max(0, good.size() - keep);
        for (Path old : List.copyOf(good.subList(0, from))) {
            removeOrSay(old);
        }
        for (Path old : List.copyOf(damaged)) {
            if (number(old) < number(good.getFirst())) {
                removeOrSay(old);
            }
        }
    }

    /// The run is finished and its result is in `OUT`: saves its last step, so that it can be made longer, and records
    /// which files the result has.
    void finish(SavedState end, Trainer trainer, List<Leaf> trained) throws IOException {
        try {
            if (good.isEmpty() || !good.getLast().equals(directory(out, end.step()))) {
                add(end, trainer, trained, Trainable.Writer.NONE);
            }
            ObjectNode files = JsonMapper.shared().createObjectNode();
            for (Path file : result()) {
                String name = file.getFileName().toString();
                files.put(name, name.equals(ModelFiles.CARD) ? "" : Sha256.ofFile(file));
            }
            AtomicFiles.write(good.getLast().resolve(RESULT), JsonMapper.shared().writeValueAsBytes(files));
        } catch (IOException e) {
            notes.accept("the result is complete, but the run cannot be made longer, as its last step could not be"
                    + " saved: " + e.getMessage());
        }
    }

    private List<Path> result() throws IOException {
        try (Stream<Path> children = Files.list(out)) {
            return children.filter(
                    file -> Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) && !RunDirectory.isOfTheRun(file))
                    .sorted()
                    .toList();
        }
    }

    /// Whether a run ended with the newest save, and all files of its result are still there.
    boolean isFinished() throws IOException {
        if (good.isEmpty() || !Files.exists(good.getLast().resolve(RESULT))) {
            return false;
        }
        try {
            JsonNode files = JsonMapper.shared().readTree(Files.readAllBytes(good.getLast().resolve(RESULT)));
            // Older saves had a list of names.
            for (String file : files.isObject()
                    ? files.propertyNames()
                    : files.valueStream().map(JsonNode::stringValue).toList()) {
                if (!Files.exists(out.resolve(file))) {
                    return false;
                }
            }
            return true;
        } catch (JacksonException | InvalidPathException _) {
            return false;
        }
    }

    private void removeOrSay(Path save) {
        good.remove(save);
        damaged.remove(save);
        try {
            remove(save);
        } catch (IOException e) {
            notes.accept(save + ": an old save that could not be removed (" + e.getMessage() + "); the run continues");
        }
    }

    /// Renames it first, so that what a kill leaves half removed is not taken for a save.
    static void remove(Path save) throws IOException {
        Path temporary = AtomicFiles.temporaryFor(save);
        Disk.current().move(save, temporary);
        OutputDirectory.delete(temporary);
    }
}
