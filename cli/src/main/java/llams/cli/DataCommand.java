package llams.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import llams.trainer.data.PairsFile;
import llams.trainer.demo.ExampleData;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/// `llams data`: training data from other forms.
@Command(
        name = "data",
        description = "Prepare training data and inspect it.",
        subcommands = {KowikiCommand.class, DataCommand.PairsCommand.class, GeneratePairsCommand.class,
                StatsCommand.class, ShowCommand.class, CacheCommand.class, DataCommand.ExampleCommand.class})
final class DataCommand implements Runnable {
    @ParentCommand
    Console console;

    @Spec
    CommandSpec spec;

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(),
                "which data? kowiki, pairs, generate, stats, show, cache or example");
    }

    /// `llams data example`
    @Command(
            name = "example",
            description = {"Write the small Korean-English example that 'llams demo' trains on.",
                    "Texts, pairs, conversations and held-out data of each, and the config.json of a model for them."},
            footer = {"", "Example:", "  llams data example --out example"})
    static final class ExampleCommand implements Callable<Integer> {
        @ParentCommand
        DataCommand data;

        @Option(
                names = "--out",
                paramLabel = "DIR",
                required = true,
                description = "Required: a new directory for the files.")
        Path out;

        @Override
        public Integer call() throws IOException {
            ExampleData.write(out);
            data.console.out.println("written: " + out);
            return Console.DONE;
        }
    }

    /// `llams data pairs`
    @Command(
            name = "pairs",
            description = {"Turn each Korean-English pair into four conversations.",
                    "Each line is {\"q_ko\": ..., \"a_ko\": ..., \"q_en\": ..., \"a_en\": ...}. The question in"
                            + " each language is answered in both. 'llams train' does the same when given such a file."},
            footer = {"", "Example:", "  llams data pairs pairs.jsonl --out chats.jsonl"})
    static final class PairsCommand implements Callable<Integer> {
        @ParentCommand
        DataCommand data;

        @Parameters(paramLabel = "FILE", description = "Pairs, one per line.")
        Path file;

        @Option(
                names = "--out",
                paramLabel = "FILE",
                required = true,
                description = "Required: the file to write, one conversation per line.")
        Path out;

        @Override
        public Integer call() throws IOException {
            PairsFile.Written written = PairsFile.write(file, out);
            data.console.out.printf("%s: %d conversations%n", out, written.conversations());
            written.notes().forEach(data.console::note);
            return Console.DONE;
        }
    }
}
