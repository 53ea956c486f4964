package llams.cli;

import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/// `llams completion`: the shell learns this program's commands, options and their values.
@Command(
        name = "completion",
        description = {"Print a completion script for bash or zsh.",
                "It completes commands, options, fixed sets of values, files and directories, for llams on"
                        + " the PATH and for ./llams."},
        footer = {"", "Examples, for ~/.bashrc or ~/.zshrc:", "  source <(llams completion)",
                "  source <(/opt/llams/llams completion)"})
final class CompletionCommand implements Callable<Integer> {
    @ParentCommand
    Console console;

    @Spec
    CommandSpec spec;

    @Override
    public Integer call() {
        console.out.print(AutoComplete.bash("llams", spec.root().commandLine()));
        return Console.DONE;
    }
}
