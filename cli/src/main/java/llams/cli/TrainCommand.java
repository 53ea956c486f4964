package llams.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import llams.engine.device.Device;
import llams.engine.io.NoRoomException;
import llams.engine.llama.LlamaConfig;
import llams.engine.llama.Parameters;
import llams.engine.plan.Program;
import llams.engine.weights.ConfigJson;
import llams.engine.weights.LlamaWeights;
import llams.model.chat.ChatTemplate;
import llams.model.chat.ModelText;
import llams.model.files.HeldFiles;
import llams.model.files.ModelFiles;
import llams.trainer.data.Corpus;
import llams.trainer.data.DataStatistics;
import llams.trainer.data.DocumentEncoder;
import llams.trainer.data.PackedDataset;
import llams.trainer.run.Forecast;
import llams.trainer.run.RunDirectory;
import llams.trainer.run.TrainSettings;
import llams.trainer.run.TrainingRun;
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
                "Plain text: every token is trained on. Conversations: only the assistant's turns. --out gets a LoRA"
                        + " adapter or a whole model,"
                        + " train.jsonl with a line a step, and train.yaml with all settings.",
                "Ctrl-C finishes the current step, saves and stops; --resume goes on from there."},
        footer = {"", "Data files hold text, or one JSON object a line. What is trained of each:",
                "  book.txt, kowikitext                            every token",
                "  {\"text\": T}                                     every token",
                "  {\"messages\": [{\"role\": R, \"content\": C}]}     what assistants say",
                "  {\"conversations\": [{\"from\": R, \"value\": C}]}  what assistants say",
                "  {\"instruction\": Q, \"input\": I, \"output\": A}   A",
                "  {\"prompt\": Q, \"response\": A}                  A",
                "  {\"question\": Q, \"answer\": A}                  A",
                "  {\"q_ko\": Q, \"a_ko\": A, \"q_en\": Q, \"a_en\": A}  each A after each Q",
                "  {\"ids\": [...], \"labels\": [...]}               ids whose label is not -100",
                "Conversations may have system, tools and history beside them; docs/DATA.md",
                "has examples, and 'llams data show FILE' shows what is trained.", "", "Examples:",
                "  llams train -m model --data chats.jsonl --out tuned",
                "  llams train -m model --data book.txt --method full --steps 500 --out tuned",
                "  llams train --init-config config.json --tokenizer DIR --data a.txt --out new",
                "  llams train --config run.yaml --lr 1e-4 --resume"})
final class TrainCommand implements Callable<Integer> {
    /// A run of fewer steps hears how to make more of them.
    private static final int FEW_STEPS = 20;
    private static final int ENOUGH_STEPS = 80;

    @ParentCommand
    Main llams;

    @Spec
    CommandSpec spec;

    @Mixin
    TrainOptions options;

    @Mixin
    DataOptions reading;

    @Mixin
    WeightsOption weights;

    @Option(
            names = "--config",
            paramLabel = "FILE.yaml",
            description = "Options in a file, as in 'lr: 3e-4'; the command line wins.")
    Path config;

    @Option(names = "--print-config", description = "Print the options as such a file, and do nothing else.")
    boolean printConfig;

    @Option(names = "--json", description = "Print one JSON object at the end.")
    boolean json;

    @Mixin
    ComputeOptions compute;

    @Override
    public Integer call() throws IOException {
        if (config != null) {
            OptionsFile.apply(config, spec, new TrainCommand());
        }
        options.complete();
        options.lora();
        if (weights.form == WeightsOption.Form.q8 && options.method == TrainOptions.Method.full) {
            throw new ParameterException(spec.commandLine(),
                    "--weights q8 is for the frozen base of --method lora: weights that are trained cannot be"
                            + " quantized");
        }
        if (printConfig) {
            llams.out.print(OptionsFile.print(spec, false));
            return Main.DONE;
        }
        Device device = compute.open();
        if (options.model == null) {
            LlamaConfig shape = ConfigJson.readFile(options.initConfig);
            return train(shape, null, 0, text(options.tokenizer), (settings, data, eval) -> TrainingRun.ofRandom(device,
                    settings, shape, options.tokenizer, data, eval, options.out));
        }
        try (LlamaWeights base = weights.open(options.model, compute.options())) {
            boolean hasOwn = ModelFiles.hasTokenizer(options.model);
            Path tokenizer = options.tokenizer != null || !hasOwn ? options.tokenizer : options.model;
            boolean lacks = options.method == TrainOptions.Method.full && !hasOwn;
            HeldFiles beside = lacks ? HeldFiles.ofTokenizer(options.tokenizer) : HeldFiles.NONE;
            base.notes.forEach(note -> line("note", "%s", note));
            int code = train(base.config, base.frozen(), base.allocatedBytes(), text(tokenizer), (settings, data,
                    eval) -> TrainingRun.of(device, settings, base, options.fromAdapter, data, eval, options.out));
            if (code == Main.DONE) {
                beside.write(options.out);
            }
            return code;
        }
    }

    private static ModelText text(Path path) throws IOException {
        return path == null ? null : ModelText.of(path, ChatTemplate.TRAINING);
    }

    private interface Start {
        TrainingRun of(TrainSettings settings, PackedDataset data, PackedDataset evalData) throws IOException;
    }

    /// Trains, and returns the exit code.
    private int train(LlamaConfig shape, Parameters frozen, long madeBytes, ModelText text, Start start)
            throws IOException {
        TrainSettings asked = options.settings(shape.maxPositions(), 0);
        TrainingRun.checkLength(asked, shape);
        if (shape.metadata().attentionDropout() > 0) {
            line("note", "config.json says attention_dropout %s, which is not applied", shape.metadata().attentionDropout());
        }
        RunDirectory.check(options.out, options.resume);
        checkMemory(shape, frozen, madeBytes, asked);
        DocumentEncoder encoder = reading.encoder(text, shape.vocab());
        Corpus corpus = reading.load(options.data, encoder);
        PackedDataset data = data("data", corpus, asked);
        PackedDataset evalData = options.evalData.isEmpty()
                ? null
                : data("held out", reading.load(options.evalData, encoder), asked);
        TrainSettings settings = options.settings(shape.maxPositions(), data.size());
        // What is needed of the model at the end is read now: who knows what becomes of its directory meanwhile.
        List<Integer> stopIds = options.model == null ? shape.metadata().eos() : ConfigJson.stopIds(shape, options.model);
        TrainingRun.Report last;
        int interrupted;
        try (TrainingRun run = start.of(settings, data, evalData);
                StepProgress progress = new StepProgress(llams.err, options.out, options.resume);
                Interruption interruption = new Interruption(llams.err, run::stop)) {
            banner(run.plan(), settings);
            if (corpus.conversations() > 0) {
                run.onConversations(text);
            }
            noteText(corpus, text);
            options.take(settings);
            run.leave(OptionsFile.print(spec, true));
            try {
                last = run.run(options.resume, progress);
            } catch (NoRoomException e) {
                if (interruption.code() == Main.DONE) {
                    throw e;
                }
                progress.note(e.getMessage());
                return interruption.code();
            }
            interrupted = interruption.code();
        }
        if (!last.isLast()) {
            line("stopped", "after step %,d of %,d; the same command with --resume goes on from %s", last.step() + 1,
                    last.steps(), RunDirectory.newestSave(options.out).orElseThrow());
            return interrupted;
        }
        report(last, corpus.conversations() > 0);
        return Main.DONE;
    }

    private void noteText(Corpus corpus, ModelText text) {
        if (text != null && text.frame().note() != null) {
            line("note", "%s", text.frame().note());
        }
        if (corpus.conversations() > 0 && !text.chat().isModels()) {
            line("note", "the model has no chat template: conversations are written in Llama 3's format, which the"
                    + " result will say");
        }
    }

    private void checkMemory(LlamaConfig shape, Parameters frozen, long madeBytes, TrainSettings settings) {
        Program.Memory memory = Forecast.of(shape, frozen, settings);
        if (!Memory.fits(memory, madeBytes)) {
            Optional<String> remedy = Forecast.remedy(shape, frozen, settings, frozen == null ? null : options.lora(),
                    tried -> Memory.fits(tried, madeBytes));
            Memory.check(memory, madeBytes, remedy.orElse("a smaller model or a larger machine"));
        }
    }

    private PackedDataset data(String name, Corpus corpus, TrainSettings settings) {
        PackedDataset data = new PackedDataset(corpus.documents(), settings.tokens(), settings.pack());
        DataStatistics s = data.statistics();
        line(name, "%,d documents, %,d tokens; %,d sequences of at most %d tokens; %,d tokens counted", s.documents(),
                s.tokens(), s.sequences(), settings.tokens(), s.countedTokens());
        if (s.truncated() + s.dropped() > 0) {
            line("", "%,d documents lost %,d tokens at their ends; %,d were left out, as nothing in them counts",
                    s.truncated(), s.truncatedTokens(), s.dropped());
        }
        corpus.notes().forEach(note -> line("note", "%s", note));
        return data;
    }

    private void banner(TrainingRun.Plan plan, TrainSettings settings) {
        line("model", "%s, %,d parameters", options.model == null ? options.initConfig : options.model,
                plan.parameters());
        line("trained", "%s: %,d parameters, %.3g%%", options.describe(), plan.trained(),
                100.0 * plan.trained() / plan.parameters());
        line("steps", "%,d of %d x %d x %d tokens; learning rate %s, %s, after %d steps of warm-up", plan.steps(),
                settings.accumulate(), settings.batch(), settings.tokens(), settings.learningRate(), options.schedule,
                settings.warmup());
        passes(plan, settings);
        line("memory", "%s weights, %s state, %s temporary; the machine has %s", Memory.text(plan.memory().weights()),
                Memory.text(plan.memory().state()), Memory.text(plan.memory().temporaries()),
                Memory.text(Memory.machineBytes()));
    }

    /// How often the run goes round through the data, and whether that is enough to speak of.
    private void passes(TrainingRun.Plan plan, TrainSettings settings) {
        int perPass = settings.stepsPerEpoch(plan.sequences());
        int left = plan.sequences() % (settings.accumulate() * settings.batch());
        line("", "%.3g times through the data, %,d step%s each time%s", (double) plan.steps() / perPass, perPass,
                perPass == 1 ? "" : "s",
                left == 0
                        ? ""
                        : String.format(", the last with the %d sequence%s left over", left, left == 1 ? "" : "s"));
        if (options.steps == null && plan.steps() < FEW_STEPS) {
            int epochs = Math.ceilDiv(ENOUGH_STEPS, perPass);
            line("", "few steps change a model little: the data make %d an epoch; --epochs %d makes %d%s", perPass,
                    epochs, epochs * perPass,
                    settings.accumulate() * settings.batch() == 1 ? "" : ", a smaller --batch more of each");
        }
    }

    private void line(String name, String format, Object... values) {
        llams.err.println(String.format("%-9s ", name) + String.format(Locale.ROOT, format, values));
    }

    private void report(TrainingRun.Report last, boolean conversations) {
        if (json) {
            ObjectNode report = JsonNodeFactory.instance.objectNode();
            report.put("steps", last.steps()).put("loss", last.loss());
            if (!Double.isNaN(last.evalLoss())) {
                report.put("evalLoss", last.evalLoss());
            }
            report.put("tokens", last.tokens())
                    .put("elapsedSeconds", last.elapsedSeconds())
                    .put("out", options.out.toString())
                    .put("device", compute.used);
            llams.out.println(report);
            return;
        }
        String heldOut = Double.isNaN(last.evalLoss())
                ? ""
                : String.format(Locale.ROOT, ", held-out loss %.4f (perplexity %.2f)", last.evalLoss(),
                        Math.exp(last.evalLoss()));
        llams.out.printf(Locale.ROOT, "%s: %,d steps, %,d tokens in %.0f s, last loss %.4f%s%n", options.out,
                last.steps(), last.tokens(), last.elapsedSeconds(), last.loss(), heldOut);
        boolean adapter = options.method == TrainOptions.Method.lora;
        llams.out.println("to use it:   " + use(conversations));
        if (options.method == TrainOptions.Method.lora) {
            llams.out.println("to fold it:  " + Shell.command("merge", "adapter", "--base", options.model, "--adapter",
                    options.out, "--out", "NEW"));
        }
    }

    /// The command that shows what was learnt.
    private String use(boolean conversations) {
        List<Object> words = new ArrayList<>(List.of(conversations ? "chat" : "generate", "-m"));
        words.addAll(options.method == TrainOptions.Method.lora
                ? List.of(options.model, "--adapter", options.out)
                : List.of(options.out));
        if (!conversations) {
            words.addAll(List.of("-p", "TEXT"));
        }
        return Shell.command(words.toArray());
    }
}
