package llams.cli;

import llams.trainer.distributed.Collective;
import llams.trainer.run.Summation;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// Training by several processes.
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

    @Spec(Spec.Target.MIXEE)
    CommandSpec spec;

    @Mixin
    JoinOptions joining;

    @Option(
            names = "--sum",
            paramLabel = "ORDER",
            description = "How gradients of micro-batches are added up. in-order: without more memory; pairwise: the"
                    + " same bytes for any number of workers (default: in-order; pairwise with workers).")
    Sum sum;

    /// Joins the other workers; a run of one if there are none.
    Collective join(Console console) {
        return joining.join(console, "The same command with --resume continues from the newest save");
    }

    /// @throws ParameterException if the options are not for these
    void check(Collective workers) {
        if (sum == Sum.inOrder && workers.size() > 1) {
            throw new ParameterException(spec.commandLine(),
                    "--sum in-order is for one worker, and there are " + workers.size() + "; use --sum pairwise");
        }
    }

    /// @param before of the run that is resumed
    Summation.Order order(Summation.Order before) {
        return sum == Sum.pairwise || sum == null && joining.isLaunched()
                ? Summation.Order.PAIRWISE
                : sum == null ? before : Summation.Order.IN_ORDER;
    }

    /// Fills in what the run has.
    void take(Summation known) {
        if (known.order() == Summation.Order.PAIRWISE) {
            sum = Sum.pairwise;
        }
    }
}
