package llams.trainer.run;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import llams.engine.io.AtomicFiles;
import llams.model.files.DirectoryLock;
import llams.model.files.OutputDirectory;
import llams.trainer.watch.EventFile;
import llams.trainer.watch.LivePage;
import llams.trainer.watch.RunFacts;

/// The directory of a training run: its log `train.jsonl`, its saves and, at the end, its result. While it is open
/// no other run can have it.
public final class RunDirectory implements AutoCloseable {
    static final String LOG = "train.jsonl";
    private static final String SETTINGS = "train.yaml";
    private static final String BEST = "best";
    private static final Set<String> FILES = Set.of(LOG, SETTINGS, BEST, DirectoryLock.FILE, LivePage.FILE,
            RunFacts.FILE, EventFile.DIRECTORY);

    private final Path path;
    private final DirectoryLock lock;

    private RunDirectory(Path path, DirectoryLock lock) {
        this.path = path;
        this.lock = lock;
    }

    /// Checks, before long work, that a run can write to `out`: a new or an empty directory, or, to continue an
    /// earlier run, the directory of that run.
    ///
    /// @throws IOException if it cannot, with the reason
    public static void check(Path out, boolean resume) throws IOException {
        if (Files.isDirectory(out)) {
            DirectoryLock.check(out);
        }
        checkContents(out, resume);
    }

    /// The save with the highest number in `out`, whatever is in it.
    public static Optional<Path> newestSave(Path out) throws IOException {
        List<Path> saves = Saves.all(out);
        return saves.isEmpty() ? Optional.empty() : Optional.of(saves.getLast());
    }

    /// The order in which the run in `out` adds up gradients, as its newest readable save says; the usual one if it has
    /// none.
    public static Summation.Order order(Path out) throws IOException {
        for (Path save : Saves.all(out).reversed()) {
            try {
                return SavedState.read(save).settings().order();
            } catch (IOException _) {
                // What is wrong with it is said when the run resumes.
            }
        }
        return Summation.STANDARD.order();
    }

    /// Where a run keeps the model with its lowest held-out loss.
    public static Path best(Path out) {
        return out.resolve(BEST);
    }

    /// Creates the directory if it does not exist, and locks it. What a killed run left half written is removed.
    ///
    /// @param notes hears of what could not be removed
    /// @throws IOException as [#check] does
    static RunDirectory open(Path out, boolean resume, Consumer<String> notes) throws IOException {
        check(out, resume);
        AtomicFiles.createDirectories(out);
        RunDirectory directory = new RunDirectory(out, DirectoryLock.take(out));
        try {
            // Once more, as another run may have come and gone between.
            checkContents(out, resume);
            directory.removeUnfinished(notes);
            return directory;
        } catch (IOException e) {
            directory.close();
            throw e;
        }
    }

    void writeSettings(String yaml) throws IOException {
        AtomicFiles.write(path.resolve(SETTINGS), yaml.getBytes(StandardCharsets.UTF_8));
    }

    Path log() {
        return path.resolve(LOG);
    }

    private static void checkContents(Path out, boolean resume) throws IOException {
        boolean saves = newestSave(out).isPresent();
        if (saves && !resume) {
            throw new IOException(out + ": holds an earlier run; continue it with `resume`, or choose another `out`");
        }
        if (!saves && !hasNothingToLose(out, resume)) {
            if (resume && Files.exists(out.resolve(LOG))) {
                throw new IOException(out + ": holds a run without a save to continue from; choose another `out`");
            }
            OutputDirectory.check(out);
        }
    }

    /// Whether a file in a run's directory belongs to the run itself, not to its result.
    static boolean isOfTheRun(Path file) {
        return FILES.contains(file.getFileName().toString()) || AtomicFiles.isTemporary(file);
    }

    /// Whether the directory holds nothing but a lock and, if it is to be resumed, a run that ended before its first
    /// save.
    private static boolean hasNothingToLose(Path out, boolean resume) throws IOException {
        if (!Files.isDirectory(out)) {
            return false;
        }
        try (Stream<Path> children = Files.list(out)) {
            return children.allMatch(child -> child.endsWith(DirectoryLock.FILE) || resume && isOfTheRun(child));
        }
    }

    private void removeUnfinished(Consumer<String> notes) throws IOException {
        List<Path> unfinished;
        try (Stream<Path> children = Files.list(path)) {
            unfinished = children.filter(AtomicFiles::isTemporary).toList();
        }
        for (Path child : unfinished) {
            try {
                OutputDirectory.delete(child);
            } catch (IOException e) {
                notes.accept(child + ": left by a killed run, and could not be removed (" + e.getMessage() + ")");
            }
        }
    }

    @Override
    public void close() throws IOException {
        lock.close();
    }
}
