package llams.cli;

import java.io.OutputStream;
import java.io.PrintStream;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import llams.trainer.distributed.AgreedException;
import llams.trainer.distributed.Collective;
import llams.trainer.distributed.Launcher;
import llams.trainer.distributed.Launchers;
import llams.trainer.recipe.RecipeRun;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// Work that several processes share, on one machine or many.
final class JoinOptions {
    /// The workers of a recipe, while one of its stages runs.
    static final ScopedValue<Collective> JOINED = ScopedValue.newInstance();

    static final String RECIPE_AGAIN = "The same command continues where the run was";

    private static final String AUTO = "auto";
    private static final String NONE = "none";
    private static final int LONGEST_SECONDS = 86_400;

    @Spec(Spec.Target.MIXEE)
    CommandSpec spec;

    @Option(
            names = "--distributed",
            paramLabel = "NAME",
            description = "auto: as one of several workers if mpirun or srun started this process; none; mpi (default:"
                    + " ${DEFAULT-VALUE}).")
    String distributed = AUTO;

    @Option(
            names = "--worker-silence",
            paramLabel = "SECONDS",
            description = "End the run if a worker is not heard of for so long (default: ${DEFAULT-VALUE}).")
    int silence = 10;

    @Option(
            names = "--worker-wait",
            paramLabel = "SECONDS",
            description = "End the run if a worker waits for the others longer than this (default: ${DEFAULT-VALUE}).")
    int wait = 1800;

    private boolean isLaunched;

    /// Joins the other workers; alone if there are none.
    ///
    /// @param again how the work is continued if a worker is lost
    Collective join(Console console, String again) {
        usage(silence >= 2 && silence <= LONGEST_SECONDS,
                "--worker-silence must be 2 to " + LONGEST_SECONDS + " seconds, not " + silence);
        usage(wait >= 1 && wait <= LONGEST_SECONDS,
                "--worker-wait must be 1 to " + LONGEST_SECONDS + " seconds, not " + wait);
        if (JOINED.isBound()) {
            isLaunched = JOINED.get() != Collective.ALONE;
            return JOINED.get();
        }
        Optional<Launcher> launcher = launcher(System.getenv());
        isLaunched = launcher.isPresent();
        if (!isLaunched) {
            return Collective.ALONE;
        }
        return Launchers.connect(launcher.get(), Duration.ofSeconds(silence), Duration.ofSeconds(wait), reason -> {
            console.err.println("llams: " + reason + "; this worker ends too. " + again);
            Runtime.getRuntime().halt(Console.FAILED);
        });
    }

    private Optional<Launcher> launcher(Map<String, String> environment) {
        if (distributed.equals(NONE)) {
            return Optional.empty();
        }
        if (distributed.equals(AUTO)) {
            return Launchers.here(environment);
        }
        Launcher named = Launchers.all()
                .stream()
                .filter(one -> one.name().equals(distributed))
                .findAny()
                .orElseThrow(() -> new ParameterException(spec.commandLine(),
                        "--distributed must be auto, none or "
                                + String.join(", ", Launchers.all().stream().map(Launcher::name).toList()) + ", not "
                                + distributed));
        usage(named.hasStarted(environment),
                "--distributed " + distributed + ": this process was not started by it; use 'mpirun -np N "
                        + spec.qualifiedName() + " ...' or 'srun --mpi=pmix " + spec.qualifiedName() + " ...'");
        return Optional.of(named);
    }

    /// Whether a launcher started this process, be it the only one.
    boolean isLaunched() {
        return isLaunched;
    }

    /// What each worker does by itself before the common work goes on.
    ///
    /// @throws AgreedException at all workers if it fails at any
    static <T> T alike(Collective workers, Callable<T> own) throws AgreedException {
        T done = null;
        Exception failure = null;
        try {
            done = own.call();
        } catch (Exception e) {
            failure = e;
        }
        AgreedException.check(workers, failure == null ? "" : Errors.line(failure), failure);
        return done;
    }

    /// The same as the beginning of a command's work, which ends in order if it fails.
    ///
    /// @throws Exception of this worker, if it is the same at all; else an [AgreedException]
    static <T> T begin(Collective workers, Callable<T> own) throws Exception {
        try {
            return alike(workers, own);
        } catch (AgreedException e) {
            throw ended(workers, e);
        }
    }

    /// A training, which ends in order, also if it fails at all workers. Of any other failure the others hear by the end
    /// of this process.
    ///
    /// @throws Exception as `work` does, or as [#begin]
    static <T> T together(Collective workers, Callable<T> work) throws Exception {
        try {
            T done = work.call();
            if (JOINED.isBound()) {
                // The recipe goes on.
                workers.await(0);
            } else {
                workers.close();
            }
            return done;
        } catch (AgreedException e) {
            throw ended(workers, e);
        }
    }

    private static Exception ended(Collective workers, AgreedException e) {
        workers.close();
        return e.isSaidHere && e.same != null ? e.same : e;
    }

    /// Runs a recipe with its workers.
    static RecipeRun.Ending run(RecipeRun recipe, Collective workers, boolean replace, Console console)
            throws Exception {
        return ScopedValue.where(JOINED, workers)
                .call(() -> recipe.on(workers).run(replace, new StageLines(console.err)));
    }

    /// Where a worker says how it gets on: only the first one does.
    static PrintStream messages(Console console, Collective workers) {
        return workers.rank() == 0 ? console.err : new PrintStream(OutputStream.nullOutputStream());
    }

    private void usage(boolean holds, String wanted) {
        if (!holds) {
            throw new ParameterException(spec.commandLine(), wanted);
        }
    }
}
