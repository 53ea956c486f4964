package llams.cli;

import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import llams.trainer.distributed.Launchers;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/// Commands that several processes must not run at once: what writes a result, and is no work that workers share.
final class OneProcess {
    private static final Set<String> SHARED = Set.of("llams train", "llams recipe run", "llams demo");

    private OneProcess() {}

    /// @throws ParameterException if `mpirun` or the like started several processes that would write the same
    static void check(ParseResult parsed, Map<String, String> environment) {
        CommandLine command = parsed.asCommandLineList().getLast();
        CommandSpec spec = command.getCommandSpec();
        boolean writes = Stream.of("--out", "--to").anyMatch(last(parsed)::hasMatchedOption);
        boolean isStage = JoinOptions.JOINED.isBound();
        if (!writes || isStage || SHARED.contains(spec.qualifiedName())) {
            return;
        }
        int processes = Launchers.here(environment).map(launcher -> launcher.processes(environment)).orElse(0);
        if (processes > 1) {
            throw new ParameterException(command, "this is the work of one process, and " + processes
                    + " were started, which would all write the same result; start it without mpirun or srun (train,"
                    + " recipe run and demo share their work)");
        }
    }

    private static ParseResult last(ParseResult parsed) {
        ParseResult last = parsed;
        while (last.hasSubcommand()) {
            last = last.subcommand();
        }
        return last;
    }
}
