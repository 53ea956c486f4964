package llams.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import llams.engine.io.NoRoomException;
import llams.model.files.SettingException;
import llams.trainer.distributed.Collective;
import llams.trainer.run.NextToken;
import llams.trainer.run.RunDirectory;
import llams.trainer.run.TooLittleMemoryException;
import llams.trainer.run.TrainRequest;
import llams.trainer.run.TrainingRun;
import llams.trainer.measure.StepTime;
import llams.trainer.watch.Machine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// `llams train`: fine-tunes a model, or trains a new one.
@Command(
        name = "train",
        sortOptions = false,
        description = {"Fine-tune a model, or train a new one.",
                "Plain text: every token is trained on. Conversations: only the assistant's turns (--train-on). --out gets a LoRA"
                        + " adapter or a whole model,"
                        + " train.jsonl with a line for each step, report.html with its curves, and train.yaml with all"
                        + " settings.",
                "Ctrl-C finishes the current step, saves and stops; --resume continues from there."},
        footer = {"", "Data files hold text, or one JSON object per line. What is trained on:",
                "  book.txt, kowikitext                          every token",
                "  {\"text\": T}                                   every token",
                "  {\"messages\": [{\"role\": R, \"content\": C}]}     what assistants say",
                "  {\"conversations\": [{\"from\": R, \"value\": C}]}  what assistants say",
                "  {\"instruction\": Q, \"input\": I, \"output\": A}   A",
                "  {\"prompt\": Q, \"response\": A}                  A",
                "  {\"question\": Q, \"answer\": A}                  A",
                "  {\"q_ko\": Q, \"a_ko\": A, \"q_en\": Q, \"a_en\": A}  each A after each Q",
                "  {\"ids\": [...], \"labels\": [...]}               ids whose label is not -100",
                "  {\"prompt\": Q, \"chosen\": A, \"rejected\": B}     A over B (--method dpo, ...)",
                "Conversations may have system, tools and history beside them; docs/DATA.md",
                "has examples, and 'llams data show FILE' shows what is trained.", "", "Examples:",
                "  llams train -m model --data chats.jsonl --out tuned",
                "  llams train -m model --data book.txt --method full --steps 500 --out tuned",
                "  llams train -m model --data pairs.jsonl --method dpo --lr 1e-5 --out preferred",
                "  llams train -m small --data chats.jsonl --teacher large --out tuned",
                "  llams train --init-config config.json --tokenizer DIR --data a.txt --out new",
                "  llams train --config laptop-chat -m model --data chats.jsonl --out tuned",
                "  llams train --config run.yaml --lr 1e-4 --resume"})
final class TrainCommand implements Callable<Integer> {
    @ParentCommand
    Console console;

    @Spec
    CommandSpec spec;

    @Mixin
    TrainOptions options;

    @Mixin
    DataOptions reading;

    @Mixin
    WeightsOption weights;

    @Mixin
    WatchOptions watching;

    @Option(
            names = "--config",
            paramLabel = "NAME_OR_FILE",
            description = "Options in a YAML file, as in 'lr: 3e-4', or of a recipe that 'llams recipes' lists; the"
                    + " command line wins.")
    Path config;

    @Option(
            names = "--set",
            paramLabel = "KEY=VALUE",
            description = "Replace a line of that file; without a value, leave it out. May be given several times.")
    List<String> settings = List.of();

    @Option(names = "--print-config", description = "Print the options as such a file, and do nothing else.")
    boolean printConfig;

    @Option(
            names = "--dry-run",
            description = "Show the data, the memory and the time that the run will take, and do nothing else.")
    boolean dryRun;

    @Option(names = "--json", description = "Print one JSON object at the end.")
    boolean json;

    @Mixin
    ComputeOptions compute;

    @Override
    public Integer call() throws Exception {
        Configuration configuration = configure();
        try {
            Collective workers = options.working.join(console);
            return JoinOptions.together(workers, () -> run(workers));
        } catch (ParameterException | SettingException e) {
            throw configuration.placed(e);
        } catch (NoSuchFileException e) {
            throw configuration.placed(e);
        }
    }

    private int run(Collective workers) throws IOException {
        TrainRequest request = JoinOptions.alike(workers, () -> {
            options.working.check(workers);
            complete();
            return printConfig ? null : request(workers);
        });
        if (printConfig) {
            if (workers.rank() == 0) {
                console.out.print(OptionsFile.print(spec, false));
            }
            return Console.DONE;
        }
        PrintStream err = JoinOptions.messages(console, workers);
        try (StepMeter progress = new StepMeter(err, options.out, options.resume);
                TrainingRun run = JoinOptions.alike(workers, () -> open(request, progress))) {
            return train(run, progress, err);
        }
    }

    /// Takes what `--config` and `--set` give.
    Configuration configure() throws IOException {
        return Configuration.apply(config, settings, spec, new TrainCommand());
    }

    void complete() throws IOException {
        options.complete();
        if (weights.form != WeightsOption.Form.stored && !options.method.isAdapter()) {
            throw new ParameterException(spec.commandLine(), "--weights " + weights.form
                    + " is for the frozen base of --method lora: weights that are trained cannot be quantized");
        }
    }

    TrainRequest request() throws IOException {
        return request(Collective.ALONE);
    }

    private TrainRequest request(Collective workers) throws IOException {
        return options.request(reading.files(options.data, options.dataWeights, options.evalData), weights,
                compute.open(), watching.watch(), workers);
    }

    private static TrainingRun open(TrainRequest request, TrainingRun.Listener listener) throws IOException {
        try {
            return TrainingRun.open(request, listener);
        } catch (TooLittleMemoryException e) {
            throw MachineMemory.tooLittle(e.memory, e.weightBytes, SettingNames.asOptions(e.remedy));
        }
    }

    /// Trains, and returns the exit code.
    ///
    /// @param err where this worker says how it gets on
    private int train(TrainingRun run, StepMeter progress, PrintStream err) throws IOException {
        TrainingRun.Plan plan = run.plan();
        RunBanner banner = new RunBanner(err, options);
        banner.print(run, plan);
        boolean isFirst = run.workers().rank() == 0;
        if (!dryRun && isFirst) {
            run.checkRoom();
        }
        // Measured on one machine, with nobody to wait for.
        StepTime time = run.workers().size() == 1 ? RunTime.of(run, dryRun) : null;
        if (time != null) {
            banner.line("time", "%s", RunTime.line(plan, time));
        }
        if (dryRun) {
            if (json && isFirst) {
                console.out.println(RunTime.json(plan, time));
            }
            return Console.DONE;
        }
        options.take(plan.settings());
        run.leave(OptionsFile.print(spec, true));
        TrainingRun.Report last;
        int interrupted;
        try (WorkInterruption interruption = new WorkInterruption(err,
                "finishing the current step, then saving and stopping", run::stop)) {
            try {
                last = run.run(options.resume, progress);
            } catch (NoRoomException e) {
                if (interruption.code() == Console.DONE) {
                    throw e;
                }
                progress.note(e.getMessage());
                return interruption.code();
            }
            interrupted = interruption.code();
        }
        progress.close();
        if (interrupted == Console.DONE && !run.isComplete()) {
            // Another worker was told to.
            interrupted = Console.STOPPED;
        }
        if (!isFirst) {
            return interrupted;
        }
        if (last == null) {
            banner.line("stopped",
                    "before the first step, while the teacher was asked; the same command asks it again");
            return interrupted;
        }
        if (!run.isComplete()) {
            banner.line("stopped", "after step %,d of %,d; the same command with --resume continues from %s",
                    last.step() + 1, last.steps(), RunDirectory.newestSave(options.out).orElseThrow());
            return interrupted;
        }
        report(last, plan.conversations());
        return Console.DONE;
    }

    private void report(TrainingRun.Report last, boolean conversations) {
        if (json) {
            ObjectNode report = JsonNodeFactory.instance.objectNode();
            report.put("steps", last.step() + 1).put("loss", last.loss());
            if (!Double.isNaN(last.evalLoss())) {
                report.put("evalLoss", last.evalLoss());
            }
            report.put("tokens", last.tokens())
                    .put("elapsedSeconds", last.elapsedSeconds())
                    .put("peakBytes", Machine.peakBytes())
                    .put("out", options.out.toString())
                    .put("device", compute.used);
            console.out.println(report);
            return;
        }
        String heldOut = Double.isNaN(last.evalLoss())
                ? ""
                : String.format(Locale.ROOT, ", held-out loss %.4f", last.evalLoss())
                        + (options.completed().objective() instanceof NextToken
                                ? String.format(Locale.ROOT, " (perplexity %.2f)", Math.exp(last.evalLoss()))
                                : "");
        console.out.printf(Locale.ROOT, "%s: %,d steps, %,d tokens in %.0f s, last loss %.4f%s%n", options.out,
                last.step() + 1, last.tokens(), last.elapsedSeconds(), last.loss(), heldOut);
        if (Files.exists(RunDirectory.best(options.out))) {
            console.out.println("the best:    " + RunDirectory.best(options.out));
        }
        console.out.println("to use it:   " + use(conversations));
        if (options.method.isAdapter()) {
            console.out.println("to fold it:  " + Shell.command("merge", "adapter", "--base", options.model,
                    "--adapter", options.out, "--out", "NEW"));
        }
    }

    /// The command that shows what the model has learned.
    private String use(boolean conversations) {
        List<Object> words = new ArrayList<>(List.of(conversations ? "chat" : "generate", "-m"));
        words.addAll(
                options.method.isAdapter() ? List.of(options.model, "--adapter", options.out) : List.of(options.out));
        if (!conversations) {
            words.addAll(List.of("-p", "TEXT"));
        }
        return Shell.command(words.toArray());
    }
}
