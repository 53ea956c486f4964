package llams.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Function;
import llams.trainer.demo.Demo;
import llams.trainer.demo.DemoReport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;

/// `llams demo`: the whole recipe on an embedded example.
@Command(
        name = "demo",
        description = {"Run the whole recipe on a small example; nothing to download.",
                "Trains a tokenizer and a small base model on Korean and English text, makes an instruct"
                        + " model from it, fine-tunes the base on new Korean text, adds the chat vector, and"
                        + " LoRA-tunes the result on conversations that mix the languages. Shows what each step did to"
                        + " held-out loss and answers, and keeps everything in a directory."},
        footer = {"", "Examples:", "  llams demo", "  llams demo --out /tmp/first-try"})
final class DemoCommand implements Callable<Integer> {
    @ParentCommand
    Console console;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            defaultValue = "llams-demo",
            description = "A new directory for all results (default: ${DEFAULT-VALUE}).")
    Path out;

    @Option(names = "--json", description = "Print one JSON object.")
    boolean json;

    @Mixin
    ComputeOptions compute;

    @Override
    public Integer call() throws IOException {
        long began = System.nanoTime();
        DemoReport report;
        try (Bars bars = new Bars(console)) {
            report = Demo.run(compute.open(), Demo.Settings.standard(), out, bars);
        }
        if (json) {
            console.out.print(report.toJson());
        } else {
            print(report);
            printf("%nMade in %.0f seconds: models, data, logs, report.json and losses.svg are in %s.%n",
                    (System.nanoTime() - began) * 1e-9, out);
            printNext();
        }
        return Console.DONE;
    }

    private void print(DemoReport report) {
        printf("%nHeld-out loss, in nats per token:%n%n");
        table(report, DemoReport.Model::losses, loss -> String.format(Locale.ROOT, "%.3f", loss));
        printf("%nAnswers that are exactly right: held-out questions, the same with the answer asked for in the other"
                + " language,%nand facts about the village:%n%n");
        table(report, DemoReport.Model::scores, score -> score.right() + "/" + score.asked());
        for (String question : report.models().getFirst().answers().keySet()) {
            printf("%n%s%n", question);
            for (DemoReport.Model model : report.models()) {
                printf("  %-10s%s%n", model.name(), model.answers().get(question).replaceAll("\\s+", " "));
            }
        }
    }

    /// A row for each model.
    private <T> void table(DemoReport report, Function<DemoReport.Model, Map<String, T>> figures,
            Function<T, String> cell) {
        printf("%-10s", "");
        figures.apply(report.models().getFirst()).keySet().forEach(name -> printf("%17s", name));
        printf("%n");
        for (DemoReport.Model model : report.models()) {
            printf("%-10s", model.name());
            figures.apply(model).values().forEach(figure -> printf("%17s", cell.apply(figure)));
            printf("%n");
        }
    }

    private void printNext() {
        printf("%nTo try next:%n");
        Path base = out.resolve("base");
        Path village = out.resolve("data/village.txt");
        printf("  %s%n", Shell.command("generate", "-m", base, "--temp", "0", "-p", "토끼는"));
        printf("  %s%n", Shell.command("chat", "-m", out.resolve("merged"), "--temp", "0"));
        printf("  %s%n", Shell.command("train", "-m", base, "--data", village, "--out", "my-adapter", "--tokens", "256",
                "--steps", "50", "--lr", "1e-3"));
    }

    private void printf(String pattern, Object... values) {
        console.out.print(String.format(Locale.ROOT, pattern, values));
    }

    /// A bar per stage, and a line when it is done.
    private static final class Bars implements Demo.Listener, AutoCloseable {
        private final Console console;
        private ProgressMeter bar;

        Bars(Console console) {
            this.console = console;
        }

        @Override
        public void begins(Demo.Stage stage, int steps) {
            bar = new ProgressMeter(console.err, title(stage), "steps", steps);
        }

        @Override
        public void step(String note) {
            bar.note(note);
            bar.step(1);
        }

        @Override
        public void ends(Demo.Stage stage, String result) {
            close();
            if (!result.isEmpty()) {
                console.err.println("    " + result);
            }
        }

        private static String title(Demo.Stage stage) {
            return stage.ordinal() + 1 + "/" + Demo.Stage.values().length + " " + stage.title;
        }

        @Override
        public void close() {
            if (bar != null) {
                bar.close();
                bar = null;
            }
        }
    }
}
