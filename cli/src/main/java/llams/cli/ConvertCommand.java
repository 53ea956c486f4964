package llams.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import llams.trainer.task.Task;
import llams.trainer.task.TaskData;
import llams.trainer.task.Tasks;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/// `llams eval convert`
@Command(
        name = "convert",
        description = {"Make the data of a task from downloaded files.",
                "Files are .jsonl, .json (a list, or what Hugging Face's dataset server answers), .csv, .tsv or"
                        + " .parquet, with the columns of the original. Every row is checked; the first question is printed as a model"
                        + " would get it, without examples.",
                "Several files are one task: each is a subject, named after the file, unless the task knows the"
                        + " subject of each row."},
        footer = {"", "Examples:", "  llams eval convert kobest-copa copa/test.jsonl --out benchmarks",
                "  llams eval convert kmmlu test/*.csv --shots dev/Law.csv --out benchmarks"})
final class ConvertCommand implements Callable<Integer> {
    @ParentCommand
    EvalCommand eval;

    @Parameters(index = "0", paramLabel = "TASK", description = "A task that comes with the program, or a file.")
    String task;

    @Parameters(index = "1..*", arity = "1..*", paramLabel = "FILE", description = "The questions.")
    List<Path> files;

    @Option(
            names = "--shots",
            paramLabel = "FILE",
            description = "Examples, from another split than the questions. Repeatable.")
    List<Path> shots = List.of();

    @Option(
            names = "--out",
            paramLabel = "DIR",
            required = true,
            description = "Required: where to write TASK.jsonl, and TASK-shots.jsonl for the examples.")
    Path out;

    @Override
    public Integer call() throws IOException {
        Task known = Tasks.find(task);
        TaskData.Written questions = write(known, files, out.resolve(known.name() + ".jsonl"));
        if (!shots.isEmpty()) {
            write(known, shots, out.resolve(known.name() + "-shots.jsonl"));
        }
        eval.console.out.println();
        eval.console.out.println(questions.first());
        return Console.DONE;
    }

    private TaskData.Written write(Task known, List<Path> from, Path to) throws IOException {
        TaskData.Written written = TaskData.write(known, from, to);
        eval.console.out.printf(Locale.ROOT, "%s: %,d rows%n", to, written.rows());
        return written;
    }
}
