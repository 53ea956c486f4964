package llams.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import llams.engine.io.AtomicFiles;
import llams.trainer.watch.LivePage;
import llams.trainer.watch.RunsPage;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/// `llams report`: training runs as a page.
@Command(
        name = "report",
        sortOptions = false,
        description = {"Show training runs as a page.",
                "It has their curves, what the models wrote and the settings; several runs are laid over each other. The page is one file that needs no network."},
        footer = {"", "Examples:", "  llams report tuned", "  llams report run1 run2 run3 --out compared.html"})
final class ReportCommand implements Callable<Integer> {
    @ParentCommand
    Console console;

    @Spec
    CommandSpec spec;

    @Parameters(paramLabel = "DIR", arity = "1..*", description = "What 'llams train' wrote: train.jsonl is read.")
    List<Path> runs;

    @Option(
            names = "--out",
            paramLabel = "FILE.html",
            description = "The page (default: DIR/report.html for one run, required for several).")
    Path out;

    @Override
    public Integer call() throws IOException {
        if (out == null && runs.size() > 1) {
            throw new ParameterException(spec.commandLine(), "give a file for the page about several runs with --out");
        }
        Path page = out == null ? runs.getFirst().resolve(LivePage.FILE) : out;
        if (Files.isDirectory(page)) {
            throw new ParameterException(spec.commandLine(), "--out must be a file, and " + page + " is a directory");
        }
        for (Path run : runs) {
            if (!Files.isRegularFile(run.resolve("train.jsonl"))) {
                throw new IOException(run + ": has no train.jsonl, so it is no training run");
            }
        }
        AtomicFiles.write(page, RunsPage.of(runs).getBytes(StandardCharsets.UTF_8));
        console.out.println(page);
        return Console.DONE;
    }
}
