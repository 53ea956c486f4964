package llams.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/// `llams eval`: how good a model is.
@Command(
        name = "eval",
        description = "Evaluate a model.",
        subcommands = {PerplexityCommand.class, ChoiceCommand.class, LanguageCommand.class, SummaryCommand.class,
                TaskCommand.class, TasksCommand.class, ConvertCommand.class, CompareCommand.class,
                WinRateCommand.class})
final class EvalCommand implements Runnable {
    @ParentCommand
    Console console;

    @Spec
    CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(),
                "which measure? perplexity, choice, language, summary, winrate, task, tasks, convert or compare");
    }
}
