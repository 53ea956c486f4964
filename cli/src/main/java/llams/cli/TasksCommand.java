package llams.cli;

import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import llams.trainer.task.Task;
import llams.trainer.task.Tasks;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/// `llams eval tasks`
@Command(
        name = "tasks",
        description = {"List the tasks that come with the program, or print their files.",
                "A printed file is a good start for a task of your own."},
        footer = {"", "Examples:", "  llams eval tasks", "  llams eval tasks kmmlu > mine.yaml"})
final class TasksCommand implements Callable<Integer> {
    @ParentCommand
    EvalCommand eval;

    @Parameters(paramLabel = "TASK", arity = "0..*", description = "Tasks whose files to print (default: list all).")
    List<String> names = List.of();

    @Override
    public Integer call() throws IOException {
        for (String name : names) {
            Tasks.find(name);
            eval.console.text.print(Tasks.text(name));
        }
        if (names.isEmpty()) {
            for (String name : Tasks.SHIPPED) {
                Task task = Tasks.find(name);
                eval.console.out.printf(Locale.ROOT, "%-17s %s%n", name, task.about());
            }
        }
        return Console.DONE;
    }
}
