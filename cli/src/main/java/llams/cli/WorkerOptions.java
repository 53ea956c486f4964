package llams.cli;

import java.io.OutputStream;
import java.io.PrintStream;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import llams.trainer.distributed.Collective;
import llams.trainer.distributed.Launcher;
import llams.trainer.distributed.Launchers;
import llams.trainer.run.Summation;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// Training by several processes, on one machine or many.
final class WorkerOptions {
    /// The order in which the gradients of a step's micro-batches are added up.
    enum Sum {
        inOrder {
            @Override
            public String toString() {
                return "in-order";
            }
        },
        pairwise
    }

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
            names = "--sum",
            paramLabel = "ORDER",
            description = "How gradients of micro-batches are added up. in-order: without more memory; pairwise: the"
                    + " same bytes for any number of workers (default: in-order; pairwise with workers).")
    Sum sum;

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

    /// Joins the other workers; a run of one if there are none.
    Collective join(Console console) {
        usage(silence >= 2 && silence <= LONGEST_SECONDS,
                "--worker-silence must be 2 to " + LONGEST_SECONDS + " seconds, not " + silence);
        usage(wait >= 1 && wait <= LONGEST_SECONDS,
                "--worker-wait must be 1 to " + LONGEST_SECONDS + " seconds, not " + wait);
        Optional<Launcher> launcher = launcher(System.getenv());
        isLaunched = launcher.isPresent();
        if (!isLaunched) {
            return Collective.ALONE;
        }
        Collective workers = Launchers.connect(launcher.get(), Duration.ofSeconds(silence), Duration.ofSeconds(wait),
                reason -> {
                    console.err.println("llams: " + reason + "; this worker ends too. The same command with --resume"
                            + " continues from the newest save");
                    Runtime.getRuntime().halt(Console.FAILED);
                });
        usage(sum != Sum.inOrder || workers.size() == 1,
                "--sum in-order is for one worker, and there are " + workers.size() + "; use --sum pairwise");
        return workers;
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
        usage(named.hasStarted(environment), "--distributed " + distributed + ": this process was not started by it;"
                + " use 'mpirun -np N llams train ...' or 'srun --mpi=pmix llams train ...'");
        return Optional.of(named);
    }

    /// @param before of the run that is resumed
    Summation.Order order(Summation.Order before) {
        return sum == Sum.pairwise || sum == null && isLaunched
                ? Summation.Order.PAIRWISE
                : sum == null ? before : Summation.Order.IN_ORDER;
    }

    /// Fills in what the run has.
    void take(Summation known) {
        if (known.order() == Summation.Order.PAIRWISE) {
            sum = Sum.pairwise;
        }
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
