package llams.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import llams.engine.llama.ProjectionName;
import llams.model.lora.AdapterFiles;
import llams.model.lora.LoraConfig;
import llams.trainer.optim.Optimizer;
import llams.trainer.optim.Schedule;
import llams.trainer.run.SaveEvery;
import llams.trainer.run.TrainSettings;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// What a fine-tuning run is asked to do. Every option can stand in a file under its long name without the dashes.
final class TrainOptions {
    private static final int TOKENS = 2048;
    private static final int WARMUP = 100;
    private static final int RANK = 8;
    private static final int ALPHA = 16;
    private static final String TARGETS = "q,k,v,o,gate,up,down";

    enum Method {
        lora, full
    }

    @Spec(Spec.Target.MIXEE)
    CommandSpec spec;

    @Option(names = {"-m", "--model"}, paramLabel = "DIR", description = "The model to tune.")
    Path model;

    @Option(
            names = "--init-config",
            paramLabel = "FILE",
            description = "Instead of -m: a new random model of this config.json.")
    Path initConfig;

    @Option(
            names = "--tokenizer",
            paramLabel = "DIR_OR_FILE",
            description = "The tokenizer of a new model, or of one that came without.")
    Path tokenizer;

    @Option(
            names = "--data",
            paramLabel = "FILE",
            arity = "1..*",
            description = "Training data, in the forms below; - is standard input.")
    List<Path> data = List.of();

    @Option(
            names = "--eval-data",
            paramLabel = "FILE",
            arity = "1..*",
            description = "Held-out data, to measure the loss on.")
    List<Path> evalData = List.of();

    @Option(names = "--out", paramLabel = "DIR", description = "A new directory for the result, the log and the saves.")
    Path out;

    @Option(
            names = "--method",
            paramLabel = "METHOD",
            description = "lora: train a small adapter; full: train every weight (default: lora; full for a new"
                    + " model).")
    Method method;

    @Option(
            names = "--from-adapter",
            paramLabel = "DIR",
            description = "LoRA: go on with this PEFT adapter instead of a new one. Rank, alpha and targets are its"
                    + " own.")
    Path fromAdapter;

    @Option(names = "--rank", paramLabel = "R", description = "LoRA: rank (default: " + RANK + ").")
    Integer rank;

    @Option(names = "--alpha", paramLabel = "A", description = "LoRA: strength, alpha / rank (default: " + ALPHA + ").")
    Double alpha;

    @Option(names = "--lora-dropout", paramLabel = "P", description = "LoRA: dropout rate (default: 0).")
    Double dropout;

    @Option(
            names = "--targets",
            paramLabel = "NAMES",
            split = ",",
            completionCandidates = CompletionValues.Projections.class,
            description = "LoRA: the projections that get an adapter (default: " + TARGETS + ").")
    List<String> targets;

    @Option(names = "--rslora", description = "LoRA: strength alpha / sqrt(rank), for high ranks.")
    boolean rsLora;

    @Option(
            names = "--tokens",
            paramLabel = "N",
            description = "Tokens of a sequence (default: " + TOKENS + ", or the model's context if that is shorter).")
    Integer tokens;

    @Option(
            names = "--batch",
            paramLabel = "N",
            defaultValue = "1",
            description = "Sequences of a micro-batch (default: ${DEFAULT-VALUE}).")
    int batch;

    @Option(
            names = "--accumulate",
            paramLabel = "N",
            defaultValue = "1",
            description = "Micro-batches of a step (default: ${DEFAULT-VALUE}).")
    int accumulate;

    @Option(
            names = "--pack",
            negatable = true,
            defaultValue = "true",
            fallbackValue = "true",
            description = "Documents share sequences (default); --no-pack: one document a sequence.")
    boolean pack;

    @Option(names = "--steps", paramLabel = "N", description = "How many steps; instead of --epochs.")
    Integer steps;

    @Option(
            names = "--epochs",
            paramLabel = "E",
            description = "Passes over the data (default: 1). The last step of a pass has what is left over.")
    Double epochs;

    @Option(
            names = "--lr",
            paramLabel = "RATE",
            description = "Peak learning rate (default: 3e-4; 2e-5 to train every weight of an existing model).")
    Double learningRate;

    @Option(
            names = "--schedule",
            paramLabel = "KIND",
            completionCandidates = CompletionValues.Schedules.class,
            defaultValue = "cosine",
            description = "How the learning rate falls: cosine, linear or constant (default: ${DEFAULT-VALUE}).")
    String schedule;

    @Option(
            names = "--warmup",
            paramLabel = "N",
            description = "Steps over which the learning rate rises from 0 (default: " + WARMUP + ", at most a"
                    + " tenth of the run).")
    Integer warmup;

    @Option(
            names = "--weight-decay",
            paramLabel = "W",
            defaultValue = "0.01",
            description = "AdamW (default: ${DEFAULT-VALUE}).")
    double weightDecay;

    @Option(
            names = "--betas",
            paramLabel = "B1,B2",
            split = ",",
            defaultValue = "0.9,0.999",
            description = "AdamW (default: ${DEFAULT-VALUE}).")
    List<Double> betas;

    @Option(
            names = "--clip",
            paramLabel = "NORM",
            defaultValue = "1",
            description = "Largest norm of a step's gradient; 0: no limit (default: ${DEFAULT-VALUE}).")
    double clip;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "0",
            description = "Another seed, another run (default: ${DEFAULT-VALUE}).")
    int seed;

    @Option(
            names = "--eval-every",
            paramLabel = "N",
            defaultValue = "0",
            description = "Measure the held-out data every N steps; 0: at the end only (default).")
    int evalEvery;

    @Option(
            names = "--save-every",
            paramLabel = "N",
            defaultValue = "10m",
            description = "Save every N steps, or minutes with an m; 0: only the result at the end (default:"
                    + " ${DEFAULT-VALUE}).")
    String saveEvery;

    @Option(
            names = "--keep",
            paramLabel = "K",
            defaultValue = "2",
            description = "Saves to keep, the newest (default: ${DEFAULT-VALUE}).")
    int keep;

    @Option(
            names = "--recompute",
            description = "Less memory, about a third more time: compute activations again"
                    + " instead of keeping them.")
    boolean recompute;

    @Option(
            names = "--resume",
            description = "Go on from the newest good save in --out, also to make a finished run longer.")
    boolean resume;

    /// What [#fromAdapter] looks like.
    private LoraConfig continued;

    /// Checks what can be checked without the model, and fills in what follows from other options.
    ///
    /// @throws IOException if the adapter to go on with cannot be read
    void complete() throws IOException {
        usage((model == null) != (initConfig == null),
                "give the model to tune with -m DIR, or a new one with --init-config FILE");
        usage(!data.isEmpty(), "give training data with --data FILE");
        usage(out != null, "give a new directory for the result with --out DIR");
        usage(steps == null || epochs == null, "give --steps or --epochs, not both");
        usage(steps == null || steps >= 1, "--steps must be at least 1, not " + steps);
        usage(betas.size() == 2, "--betas needs two numbers, as in 0.9,0.999");
        betas.forEach(beta -> usage(beta >= 0 && beta < 1, "--betas must be at least 0 and below 1, not " + beta));
        usage(weightDecay >= 0 && Double.isFinite(weightDecay), "--weight-decay must be 0 or more, not " + weightDecay);
        usage(clip >= 0 && Double.isFinite(clip), "--clip must be 0 or more, not " + clip);
        if (method == null) {
            method = model == null ? Method.full : Method.lora;
        }
        usage(method == Method.full || model != null, "a new random model is trained with --method full");
        if (fromAdapter != null) {
            usage(method == Method.lora, "--from-adapter is for --method lora; to train every weight, fold the"
                    + " adapter into the model first with 'llams merge adapter'");
            continued = AdapterFiles.config(fromAdapter);
            agrees("--rank", rank, continued.rank());
            agrees("--alpha", alpha, continued.alpha());
            agrees("--targets", targets == null ? null : projections(), continued.targets());
            agrees("--rslora", rsLora ? true : null, continued.rsLora());
            dropout = dropout == null ? continued.dropout() : dropout;
        } else {
            rank = rank == null ? RANK : rank;
            alpha = alpha == null ? ALPHA : alpha;
            targets = targets == null ? List.of(TARGETS.split(",")) : targets;
            dropout = dropout == null ? 0 : dropout;
        }
        if (learningRate == null) {
            learningRate = method == Method.full && model != null ? 2e-5 : 3e-4;
        }
        if (steps == null && epochs == null) {
            epochs = 1.0;
        }
    }

    private void agrees(String option, Object given, Object adapters) {
        usage(given == null || given.equals(adapters), option + " " + given + " contradicts --from-adapter "
                + fromAdapter + ", which has " + adapters + "; leave " + option + " out");
    }

    private Set<ProjectionName> projections() {
        Set<ProjectionName> projections = EnumSet.noneOf(ProjectionName.class);
        for (String target : targets) {
            projections.add(ProjectionName.named(target.strip())
                    .orElseThrow(() -> wrong(
                            "--targets: there is no \"" + target + "\"; there are q, k, v, o, gate, up, down")));
        }
        return projections;
    }

    /// The adapter that these options describe, even if every weight is to be trained.
    LoraConfig lora() {
        return usage(() -> continued != null
                ? continued.withDropout(dropout)
                : new LoraConfig(rank, alpha, dropout, projections(), rsLora));
    }

    /// @param context  the most tokens that the model allows
    /// @param sequences how many the data has, which sets the default warm-up; 0 if not known yet
    TrainSettings settings(int context, int sequences) {
        LoraConfig lora = method == Method.lora ? lora() : null;
        Optimizer optimizer = new Optimizer(betas.get(0), betas.get(1), 1e-8, weightDecay, clip);
        return usage(() -> {
            SaveEvery saves = SaveEvery.parse(saveEvery);
            TrainSettings plain = new TrainSettings(lora, tokens == null ? Math.min(TOKENS, context) : tokens, batch,
                    accumulate, steps == null ? 0 : steps, epochs == null ? 0 : epochs, learningRate,
                    Schedule.Kind.named(schedule), warmup == null ? 0 : warmup, optimizer, seed, pack, evalEvery, saves,
                    keep, recompute);
            int rise = warmup == null ? Math.min(WARMUP, plain.totalSteps(sequences) / 10) : warmup;
            return new TrainSettings(lora, plain.tokens(), batch, accumulate, plain.steps(), plain.epochs(),
                    learningRate, plain.schedule(), rise, optimizer, seed, pack, evalEvery, saves, keep, recompute);
        });
    }

    /// Fills in what these settings have by default, so that the options say all that the run is.
    void take(TrainSettings settings) {
        tokens = settings.tokens();
        warmup = settings.warmup();
    }

    private interface Made<T> {
        T make();
    }

    /// What is wrong with an option's value is wrong usage.
    private <T> T usage(Made<T> made) {
        try {
            return made.make();
        } catch (IllegalArgumentException e) {
            throw wrong(e.getMessage());
        }
    }

    private void usage(boolean holds, String wanted) {
        if (!holds) {
            throw wrong(wanted);
        }
    }

    private ParameterException wrong(String message) {
        return new ParameterException(spec.commandLine(), message);
    }

    /// What is trained, for people.
    String describe() {
        if (method == Method.full) {
            return model == null ? "every weight of a new random model" : "every weight";
        }
        List<String> names = new ArrayList<>();
        LoraConfig lora = lora();
        lora.targets().forEach(target -> names.add(target.name().toLowerCase(Locale.ROOT)));
        return "LoRA of rank " + lora.rank() + ", alpha " + lora.alpha() + ", on " + String.join(", ", names)
                + (fromAdapter == null ? "" : ", from " + fromAdapter);
    }
}
