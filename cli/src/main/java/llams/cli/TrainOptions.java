package llams.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import llams.engine.device.Device;
import llams.model.extend.ExtendedModel;
import llams.model.lora.LoraConfig;
import llams.trainer.data.DataFiles;
import llams.trainer.distributed.Collective;
import llams.trainer.optim.Optimizer;
import llams.trainer.run.Interval;
import llams.trainer.run.RunDirectory;
import llams.trainer.run.Summation;
import llams.trainer.run.TrainRequest;
import llams.trainer.run.TrainSettings;
import llams.trainer.run.Watch;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// What to train, on what, and how. Every option can stand in a file under its long name without the dashes.
final class TrainOptions {
    private static final TrainSettings STANDARD = TrainSettings.standard();

    enum Method {
        lora, full, newTokens {
            @Override
            public String toString() {
                return "new-tokens";
            }
        },
        dpo, orpo, simpo, kto;

        /// Whether what is trained is an adapter.
        boolean isAdapter() {
            return this != full && this != newTokens;
        }

        boolean isOfPairs() {
            return isAdapter() && this != lora;
        }
    }

    @Spec(Spec.Target.MIXEE)
    CommandSpec spec;

    @Option(
            names = {"-m", "--model"},
            paramLabel = "DIR_OR_FILE",
            description = "The model to tune; an adapter can also be tuned on a GGUF file.")
    Path model;

    @Option(
            names = "--init-config",
            paramLabel = "FILE",
            description = "Instead of -m: a new random model with this config.json.")
    Path initConfig;

    @Option(
            names = "--tokenizer",
            paramLabel = "DIR_OR_FILE",
            description = "The tokenizer for a new model, or for one that has none.")
    Path tokenizer;

    @Option(
            names = "--data",
            paramLabel = "FILE",
            arity = "1..*",
            description = "Training data, in the forms below; - is standard input, FILE[100:2000] some rows.")
    List<Path> data = List.of();

    @Option(
            names = "--data-weights",
            paramLabel = "W",
            split = ",",
            description = "How much of an epoch comes from each file of --data, such as 0.7,0.3 (default: all of each).")
    List<Double> dataWeights = List.of();

    @Option(
            names = "--eval-data",
            paramLabel = "FILE",
            arity = "1..*",
            description = "Held-out data: its loss is measured, but it is not trained on.")
    List<Path> evalData = List.of();

    @Option(names = "--out", paramLabel = "DIR", description = "A new directory for the result, the log and the saves.")
    Path out;

    @Option(
            names = "--method",
            paramLabel = "METHOD",
            description = "lora: train a small adapter; full: train every weight; new-tokens: train only the rows that"
                    + " 'llams extend' added; dpo, orpo, simpo, kto: train an adapter on pairs of a chosen and a"
                    + " rejected answer (default: lora; full for a new model).")
    Method method;

    @Mixin
    PreferenceOptions preference;

    @Mixin
    LoraOptions adapter;

    @Mixin
    TeacherOptions teaching;

    @Option(
            names = "--tokens",
            paramLabel = "N",
            description = "The most tokens in a sequence (default: " + TrainSettings.TOKENS
                    + ", or the model's context if that is shorter).")
    Integer tokens;

    @Option(names = "--batch", paramLabel = "N", description = "Sequences per micro-batch (default: ${DEFAULT-VALUE}).")
    int batch = STANDARD.batch();

    @Option(
            names = "--accumulate",
            paramLabel = "N",
            description = "Micro-batches per step (default: ${DEFAULT-VALUE}).")
    int accumulate = STANDARD.accumulate();

    @Mixin
    WorkerOptions working;

    @Mixin
    PackOption packing;

    @Option(names = "--steps", paramLabel = "N", description = "Number of steps, instead of --epochs.")
    Integer steps;

    @Option(
            names = "--epochs",
            paramLabel = "E",
            description = "Passes over the data (default: 1). The last step of a pass takes what is left.")
    Double epochs;

    @Option(
            names = "--lr",
            paramLabel = "RATE",
            description = "Peak learning rate (default: 3e-4; 2e-5 to train every weight of an existing model).")
    Double learningRate;

    @Mixin
    ScheduleOptions schedule;

    @Option(
            names = "--warmup",
            paramLabel = "N",
            description = "Steps over which the learning rate rises from 0 (default: " + TrainSettings.WARMUP
                    + ", at most a tenth of the run).")
    Integer warmup;

    @Mixin
    OptimizerOptions optimizer;

    @Option(
            names = "--weight-decay",
            paramLabel = "W",
            description = "AdamW: weight decay (default: ${DEFAULT-VALUE}).")
    double weightDecay = STANDARD.optimizer().weightDecay();

    @Option(
            names = "--betas",
            paramLabel = "B1,B2",
            split = ",",
            description = "AdamW: decay rates of its two running means (default: " + Optimizer.BETA1 + ","
                    + Optimizer.BETA2 + ").")
    List<Double> betas = List.of(STANDARD.optimizer().beta1(), STANDARD.optimizer().beta2());

    @Option(
            names = "--lora-plus-ratio",
            paramLabel = "R",
            description = "LoRA+: the B of every adapter learns R times as fast, such as 16 (default: 1).")
    double loraPlusRatio = STANDARD.optimizer().loraPlusRatio();

    @Option(
            names = "--neftune-alpha",
            paramLabel = "A",
            description = "NEFTune: noise of this strength on the vectors of tokens, such as 5 (default: 0).")
    double neftuneAlpha = STANDARD.neftune();

    @Option(names = "--seed", paramLabel = "N", description = "Random seed (default: ${DEFAULT-VALUE}).")
    int seed = STANDARD.seed();

    @Option(
            names = "--eval-every",
            paramLabel = "N",
            description = "Measure the held-out data every N steps, or minutes with an m; 0: only at the end"
                    + " (default).")
    String evalEvery = STANDARD.evalEvery().toString();

    @Option(
            names = "--save-every",
            paramLabel = "N",
            description = "Save every N steps, or minutes with an m; 0: only the result at the end (default:"
                    + " ${DEFAULT-VALUE}).")
    String saveEvery = STANDARD.saveEvery().toString();

    @Option(
            names = "--keep",
            paramLabel = "K",
            description = "How many of the newest saves to keep (default: ${DEFAULT-VALUE}).")
    int keep = STANDARD.keep();

    @Option(
            names = "--recompute",
            description = "Less memory for about a third more time: recompute activations in the backward pass"
                    + " instead of keeping them.")
    boolean recompute;

    @Option(
            names = "--resume",
            description = "Continue from the newest good save in --out; also makes a finished run longer.")
    boolean resume;

    private TrainSettings settings;
    private int firstNewToken;

    /// Checks what can be checked without the model, and fills in what follows from other options.
    ///
    /// @throws IOException if the adapter to continue cannot be read, or the model has no new tokens to train
    void complete() throws IOException {
        usage((model == null) != (initConfig == null),
                "give the model to tune with -m DIR, or a new one with --init-config FILE");
        usage(!data.isEmpty(), "give training data with --data FILE");
        usage(out != null, "give a new directory for the result with --out DIR");
        usage(steps == null || epochs == null, "give --steps or --epochs, not both");
        usage(steps == null || steps >= 1, "--steps must be at least 1, not " + steps);
        usage(betas.size() == 2, "--betas needs two numbers, such as 0.9,0.999");
        if (method == null) {
            method = model == null ? Method.full : Method.lora;
        }
        usage(method == Method.full || model != null, "a new random model is trained with --method full");
        usage(method.isAdapter() || adapter.fromAdapter == null, "--from-adapter is for --method lora; to train"
                + " every weight, fold the adapter into the model first with 'llams merge adapter'");
        usage(method.isAdapter() || loraPlusRatio == 1, "--lora-plus-ratio is for adapters: --method lora");
        usage(method == Method.full || optimizer.trainDtype == OptimizerOptions.TrainDtype.f32,
                "--train-dtype bf16 is for --method full; a frozen base is made smaller with --weights nf4");
        if (method == Method.newTokens) {
            firstNewToken = ExtendedModel.firstNewToken(model);
        }
        try {
            settings = settings(adapter.complete(), new Summation(working.order(order()), 1));
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), SettingNames.asOptions(e.getMessage()));
        }
        learningRate = settings.learningRate();
        if (steps == null) {
            epochs = settings.epochs();
        }
    }

    /// What the options came to, once they are complete.
    TrainSettings completed() {
        return settings;
    }

    /// The order of the sums of the run that is resumed.
    private Summation.Order order() throws IOException {
        return resume ? RunDirectory.order(out) : STANDARD.summation().order();
    }

    private TrainSettings settings(LoraConfig lora, Summation summation) {
        TrainSettings usual = switch (method) {
            case lora, dpo, orpo, simpo, kto -> STANDARD.withLora(lora);
            case full -> model == null ? TrainSettings.newModel() : TrainSettings.full();
            case newTokens -> TrainSettings.newTokens(firstNewToken);
        };
        return new TrainSettings(usual.lora(), usual.firstRow(), tokens == null ? usual.tokens() : tokens, batch,
                accumulate, steps == null ? 0 : steps, epochs == null ? usual.epochs() : epochs,
                learningRate == null ? usual.learningRate() : learningRate, schedule.shape(),
                warmup == null ? usual.warmup() : warmup,
                optimizer.of(usual.optimizer().withBetas(betas.get(0), betas.get(1)).withWeightDecay(weightDecay))
                        .withLoraPlusRatio(loraPlusRatio),
                seed, packing.pack, Interval.parse("evalEvery", evalEvery), Interval.parse("saveEvery", saveEvery),
                keep, recompute, teaching.objective(preference.objective(method)), neftuneAlpha, summation);
    }

    /// The run that these options ask for.
    TrainRequest request(DataFiles files, WeightsOption weights, Device device, Watch watch, Collective workers) {
        TrainRequest.Start start = model == null
                ? new TrainRequest.New(initConfig)
                : new TrainRequest.Existing(model, path -> weights.open(path, device.options()), adapter.fromAdapter);
        return new TrainRequest(start, tokenizer, files, out, resume, settings, device, watch, teaching.source(),
                workers);
    }

    /// Fills in what these settings have by default, so that the options say all that the run is.
    void take(TrainSettings known) {
        tokens = known.tokens();
        warmup = known.warmup();
        schedule.take(known.schedule());
        working.take(known.summation());
    }

    private void usage(boolean holds, String wanted) {
        if (!holds) {
            throw new ParameterException(spec.commandLine(), wanted);
        }
    }

    /// What is trained, for people.
    String describe() {
        return switch (method) {
            case lora -> adapter.describe(settings.lora());
            case dpo, orpo, simpo, kto -> method + " with " + adapter.describe(settings.lora());
            case full -> model == null ? "every weight of a new random model" : "every weight";
            case newTokens -> "rows of embedding and head from token " + firstNewToken + " on";
        };
    }
}
