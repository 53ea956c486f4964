package llams.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import llams.engine.device.Device;
import llams.engine.generate.Generator;
import llams.engine.io.AtomicFiles;
import llams.engine.weights.LlamaWeights;
import llams.model.lora.AdapterFiles;
import llams.model.text.GenerateOptions;
import llams.model.text.LoadedModel;
import llams.model.text.Sampling;
import llams.model.text.TextGenerator;
import llams.trainer.replay.ReplayJson;
import llams.trainer.replay.ReplayPage;
import llams.trainer.replay.ReplayText;
import llams.trainer.replay.Replayed;
import llams.trainer.replay.StepReplay;
import llams.trainer.replay.TextReplay;
import llams.trainer.run.Replay;
import llams.trainer.run.TrainRequest;
import llams.trainer.run.TrainingRun;
import llams.trainer.run.Watch;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/// `llams replay`: a training step, or the reading of a text, made again to be looked at.
@Command(
        name = "replay",
        sortOptions = false,
        description = {"Make a training step again and look into it.",
                "The step is made from the newest save before it, or from the start of the run, and must come out as in the log, bit for"
                        + " bit. --html writes a page: the text token by token, attention, what the model would say after"
                        + " each layer, gradients, each document's share of the loss, and what the optimizer changed. With"
                        + " --prompt the same of a text that a model reads and continues. Nothing in the run is changed."},
        footer = {"", "Examples:", "  llams replay tuned --step 1 --html step.html",
                "  llams replay model --prompt 'The capital of Korea is' -n 8 --html text.html"})
final class ReplayCommand implements Callable<Integer> {
    /// Between lines about the steps on the way.
    private static final long PAUSE_NANOS = 5_000_000_000L;

    @ParentCommand
    Console console;

    @Spec
    CommandSpec spec;

    @Parameters(paramLabel = "DIR", description = "What 'llams train' wrote; with --prompt also any model.")
    Path directory;

    @Option(names = "--step", paramLabel = "N", description = "The step, counted from 1.")
    Integer step;

    @Option(
            names = {"-p", "--prompt"},
            paramLabel = "TEXT",
            description = "Instead of a step, a text to read and continue.")
    String prompt;

    @Option(
            names = {"-n", "--max-tokens"},
            paramLabel = "N",
            description = "With --prompt: tokens to write, each the most probable (default: 16; 0 for none).")
    Integer maxTokens;

    @Option(
            names = "--tokens",
            paramLabel = "N",
            defaultValue = "256",
            description = "How many tokens to look at closely, from the first of the step's first micro-batch on (default:"
                    + " ${DEFAULT-VALUE}).")
    int tokens;

    @Option(names = "--html", paramLabel = "FILE", description = "Write a page.")
    Path html;

    @Option(names = "--json", description = "Print one JSON object.")
    boolean json;

    @Mixin
    ComputeOptions compute;

    @Override
    public Integer call() throws IOException {
        usage((step == null) != (prompt == null), "give --step N of a run, or --prompt TEXT");
        usage(step == null || step >= 1, "--step must be at least 1, not " + step);
        usage(maxTokens == null || prompt != null, "-n is for --prompt");
        usage(maxTokens == null || maxTokens >= 0, "-n must be 0 or more, not " + maxTokens);
        usage(tokens >= 1, "--tokens must be at least 1, not " + tokens);
        usage(html == null || !Files.isDirectory(html), "--html must be a file, and " + html + " is a directory");
        Device device = compute.open();
        usage(device.name().equals("cpu"), "only the processor shows what it computes: give --device cpu");
        Replayed seen = step == null ? text(device) : step(device);
        if (html != null) {
            AtomicFiles.write(html, ReplayPage.of(seen).getBytes(StandardCharsets.UTF_8));
        }
        if (json) {
            console.out.println(ReplayJson.summary(seen));
        } else {
            ReplayText.lines(seen).forEach(console.out::println);
            if (html != null) {
                console.out.println();
                console.out.println("page: " + html);
            }
        }
        return Console.DONE;
    }

    private Replayed step(Device device) throws IOException {
        Replay.check(directory, step);
        TrainCommand training = training();
        TrainRequest request = training.request().withDevice(device).withWatch(Watch.NONE);
        try (TrainingRun run = TrainingRun.openEarlier(request, new Progress())) {
            return StepReplay.of(run, directory.toAbsolutePath().normalize().getFileName().toString(), step, tokens,
                    new Progress());
        }
    }

    private TrainCommand training() throws IOException {
        return EarlierTraining.command(directory, directory, true, false);
    }

    private final class Progress implements TrainingRun.Listener {
        private long said = System.nanoTime();

        @Override
        public void begins(Path save) {
            console.err.println(save == null
                    ? "no save before step " + step + ": the run is made again from its start"
                    : "from " + save);
        }

        @Override
        public void step(TrainingRun.Report report) {
            if (report.step() + 2 == step || System.nanoTime() - said > PAUSE_NANOS) {
                console.err.printf("step %,d of %,d on the way is as in the log%n", report.step() + 1, step - 1);
                said = System.nanoTime();
            }
        }

        @Override
        public void note(String note) {
            console.note(SettingNames.asOptions(note));
        }
    }

    private Replayed text(Device device) throws IOException {
        try (TextGenerator generator = new TextGenerator(model(device), Integer.MAX_VALUE)) {
            generator.model.notes.forEach(console::note);
            int[] ids = generator.ids(prompt);
            generator.checkLength(ids);
            int more = maxTokens == null ? 16 : maxTokens;
            int[] all = ids;
            if (more > 0) {
                Generator.Continuation made = generator
                        .generate(ids, new GenerateOptions(more, List.of(), Sampling.greedy()), _ -> true)
                        .tokens();
                all = Arrays.copyOf(ids, ids.length + made.ids().length);
                System.arraycopy(made.ids(), 0, all, ids.length, made.ids().length);
            }
            usage(all.length > 1, "a text of one token says nothing; give a longer --prompt, or -n");
            return TextReplay.of(generator.model,
                    directory.toAbsolutePath().normalize().getFileName() + " reads a text", all, ids.length, tokens);
        }
    }

    /// A model, or the adapter of a run on the model that it was trained on.
    private LoadedModel model(Device device) throws IOException {
        if (!Files.exists(directory.resolve(AdapterFiles.CONFIG))) {
            return LoadedModel.of(LlamaWeights.open(directory, null, true, device.options()), null, device);
        }
        TrainCommand training = training();
        return LoadedModel.of(training.weights.open(training.options.model, device.options()), directory, device);
    }

    private void usage(boolean holds, String wanted) {
        if (!holds) {
            throw new ParameterException(spec.commandLine(), wanted);
        }
    }
}
