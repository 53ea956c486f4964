package llams.cli;

import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.ParentCommand;

/// `llams completion`: the shell learns this program's commands and options.
@Command(
        name = "completion",
        description = "Print a script for bash or zsh that completes commands and options.",
        footer = {"", "Example, in ~/.bashrc:", "  source <(llams completion)"})
final class CompletionCommand implements Callable<Integer> {
    @ParentCommand
    Main llams;

    @Override
    public Integer call() {
        llams.out.print(AutoComplete.bash("llams", llams.spec.commandLine()));
        return Main.DONE;
    }
}
