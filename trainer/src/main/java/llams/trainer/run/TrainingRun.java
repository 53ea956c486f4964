package llams.trainer.run;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import llams.engine.device.Device;
import llams.engine.graph.Leaf;
import llams.engine.llama.LlamaConfig;
import llams.engine.plan.Program;
import llams.engine.tensor.Tensor;
import llams.engine.weights.ConfigJson;
import llams.engine.weights.LlamaWeights;
import llams.model.chat.ModelText;
import llams.model.create.QuantizedModel;
import llams.model.files.ChatFiles;
import llams.model.files.HeldFiles;
import llams.model.files.ModelFiles;
import llams.model.lora.AdapterFiles;
import llams.model.lora.BaseFingerprint;
import llams.trainer.data.DataLoader;
import llams.trainer.data.PackedDataset;
import llams.trainer.optim.Optimizer;
import llams.trainer.optim.Schedule;

/// A fine-tuning run from data to a finished adapter or model, with a log, saves and resuming.
public final class TrainingRun implements AutoCloseable {
    /// What the run will be, known before it starts.
    ///
    /// @param parameters of the whole model, an adapter included
    /// @param trained    of these, how many are trained
    public record Plan(long parameters, long trained, int sequences, int steps, Program.Memory memory) {}

    /// One step, as it stands in the log.
    ///
    /// @param evalLoss NaN if nothing was measured after this step
    /// @param tokens   of all steps so far
    public record Report(int step, int steps, double loss, double learningRate, double gradientNorm, int countedTokens,
            long tokens, double tokensPerSecond, double elapsedSeconds, double evalLoss) {
        /// Whether the run has made all its steps.
        public boolean isLast() {
            return step + 1 == steps;
        }
    }

    /// Hears of each step when it is done.
    @FunctionalInterface
    public interface Listener {
        void step(Report report);

        /// The run begins, with the step after `save`; null if it is a new one.
        default void begins(Path save) {}

        /// Something to know about the run, in one line: a save for which there is no room, say.
        default void note(String note) {}
    }

    private static final Duration PAUSE = Duration.ofSeconds(10);

    private final Device device;
    private final TrainSettings settings;
    private final Trainable model;
    private final PackedDataset data;
    private final List<Batch> evalData;
    private final Path out;
    private final RunSettings.Origin origin;
    private final Arena arena;
    private final Path tokenizer;
    private final List<Integer> stops;
    /// Tests have less of it.
    Patience patience = new Patience(PAUSE);
    private ModelText conversations;
    private HeldFiles beside = HeldFiles.NONE;
    private String settingsFile;
    private volatile boolean stopping;

    private TrainingRun(Device device, TrainSettings settings, Arena arena, Trainable model, PackedDataset data,
            PackedDataset evalData, Path out, RunSettings.Origin origin, Path tokenizer, List<Integer> stops) {
        this.device = device;
        this.settings = settings;
        this.arena = arena;
        this.model = model;
        this.data = data;
        this.evalData = evalData == null ? List.of() : Batch.all(evalData, settings.batch());
        this.out = out;
        this.origin = origin;
        this.tokenizer = tokenizer;
        this.stops = stops;
    }

    /// Tunes an existing model: its adapter if the settings have one, else every weight.
    ///
    /// @param evalData may be null
    /// @param out      for the log, the saves and the result
    /// @throws IllegalArgumentException if a sequence is longer than the model allows
    public static TrainingRun of(Device device, TrainSettings settings, LlamaWeights base, PackedDataset data,
            PackedDataset evalData, Path out) throws IOException {
        return of(device, settings, base, null, data, evalData, out);
    }

    /// The same from an adapter on, with fresh moments: its matrices as they are, the dropout of the settings.
    ///
    /// @param from an adapter's directory, whose shape is that of the settings; null for a new one
    public static TrainingRun of(Device device, TrainSettings settings, LlamaWeights base, Path from,
            PackedDataset data, PackedDataset evalData, Path out) throws IOException {
        checkLength(settings, base.config);
        String fingerprint = BaseFingerprint.ofBoth(base);
        Path tokenizer = ModelFiles.hasTokenizer(base.directory) ? base.directory : null;
        List<Integer> stops = ConfigJson.stopIds(base.config, base.directory);
        if (settings.lora() == null) {
            QuantizedModel.refuse(base.directory, base.config, "training every weight");
            Arena arena = Arena.ofShared();
            return new TrainingRun(device, settings, arena, Trainable.full(arena, base), data, evalData, out,
                    new RunSettings.Origin(fingerprint, weights(base), null), tokenizer, stops);
        }
        Arena arena = Arena.ofShared();
        Trainable model = Trainable.adapter(arena, base, settings.lora(), settings.seed(), from, fingerprint);
        String adapter = from == null ? null : AdapterFiles.fingerprint(from);
        return new TrainingRun(base.watched(device), settings, arena, model, data, evalData, out,
                new RunSettings.Origin(fingerprint, weights(base), adapter), tokenizer, stops);
    }

    /// Trains a new random model.
    ///
    /// @param tokenizer goes along with the result: a file or a directory with one; may be null
    /// @throws IllegalArgumentException if the settings ask for an adapter: a random base would be lost
    public static TrainingRun ofRandom(Device device, TrainSettings settings, LlamaConfig config, Path tokenizer,
            PackedDataset data, PackedDataset evalData, Path out) throws IOException {
        if (settings.lora() != null) {
            throw new IllegalArgumentException(
                    "an adapter on a new random model is of no use; train it with --method full");
        }
        checkLength(settings, config);
        Arena arena = Arena.ofShared();
        return new TrainingRun(device, settings, arena, Trainable.random(arena, config, settings.seed(), tokenizer),
                data, evalData, out, new RunSettings.Origin("random", "F32", null), tokenizer, config.metadata().eos());
    }

    /// The element types of a model as it is used.
    private static String weights(LlamaWeights base) throws IOException {
        return base.resident()
                .values()
                .stream()
                .map(tensor -> tensor.dtype().name())
                .distinct()
                .sorted()
                .collect(Collectors.joining(","));
    }

    /// Looks, before long work, whether the model allows sequences as long as the settings ask for.
    ///
    /// @throws IllegalArgumentException if not
    public static void checkLength(TrainSettings settings, LlamaConfig config) {
        if (settings.tokens() > config.maxPositions()) {
            throw new IllegalArgumentException("--tokens " + settings.tokens() + " is longer than the model allows: "
                    + config.maxPositions() + " (max_position_embeddings)");
        }
    }

    /// Tells that conversations are trained on: the result then carries the template by which they were written, what
    /// ends an answer, and an adapter also the tokenizer.
    public TrainingRun onConversations(ModelText text) throws IOException {
        conversations = text;
        if (settings.lora() != null && tokenizer != null) {
            beside = HeldFiles.ofModelsTokenizer(tokenizer);
        }
        return this;
    }

    public Plan plan() {
        long all = 0;
        for (Tensor tensor : model.resident().values()) {
            all += tensor.elements();
        }
        long trained = model.trained().stream().mapToLong(leaf -> leaf.shape().elements()).sum();
        return new Plan(all, trained, data.size(), settings.totalSteps(data.size()),
                Forecast.of(model.model(), model.trained(), settings));
    }

    /// Has a run leave its settings as `train.yaml` beside its log, from the start.
    public void leave(String yaml) {
        settingsFile = yaml;
    }

    /// Runs all steps and writes the result into the output directory, in which no other run can write meanwhile.
    ///
    /// @param resume true to go on from the newest good save of an earlier run, also of one that is finished and is to
    ///               have more steps; if it has them all already, nothing is done
    /// @return the last step's; one before it if the run was told to [#stop]: then the newest save has that step, and
    ///             there is no result
    /// @throws NonFiniteLossException if a step went wrong; what was saved before it stays
    /// @throws IOException            if the disk has no room for what the run will write, the result cannot be
    ///                                written, a save cannot be read, or the base's weights were written to; they say
    ///                                where the run's work is
    public Report run(boolean resume, Listener listener) throws IOException {
        room().check(out, Saves.all(out).size());
        try (RunDirectory directory = RunDirectory.open(out, resume, listener::note)) {
            return train(directory, resume, listener);
        }
    }

    /// Makes [#run] end after the step that it is at, with a save of it, or ends its waiting for room on the disk. To
    /// be called from another thread.
    public void stop() {
        stopping = true;
        patience.end();
    }

    Room room() {
        return Room.of(model, settings, settings.totalSteps(data.size()));
    }

    private Report train(RunDirectory directory, boolean resume, Listener listener) throws IOException {
        Map<String, Tensor> resident = new LinkedHashMap<>(model.resident());
        for (Leaf leaf : model.trained()) {
            for (Leaf moment : List.of(Optimizer.firstMoment(leaf), Optimizer.secondMoment(leaf))) {
                resident.put(moment.name(), Tensor.allocate(arena, moment.dtype(), moment.shape()));
            }
        }
        DataLoader loader = new DataLoader(data, settings.seed(), true);
        RunSettings asked = RunSettings.of(settings, data, model.config(), origin);
        Saves saves = new Saves(out, settings.keep(), asked, listener::note);
        if (resume) {
            saves.check(model.trained());
        }
        int start = 0;
        if (saves.newest().isPresent()) {
            SavedState saved = saves.restore(model.trained(), resident, device.arithmetic());
            loader.seek(saved.position());
            start = saved.step();
        }
        listener.begins(saves.newest().orElse(null));
        if (settingsFile != null) {
            directory.writeSettings(settingsFile);
        }
        try (TrainingLog log = TrainingLog.open(directory.log(), start, listener::note)) {
            if (start == asked.steps() && saves.isFinished()) {
                listener.note("all " + start + " steps were made and the result is complete; more --steps or"
                        + " --epochs go on from there");
                return log.last(start, asked.steps());
            }
            try (Trainer trainer = new Trainer(device, model.model(), model.trained(), resident, settings.optimizer(),
                    settings.tokens(), settings.recompute(), settings.seed())) {
                RunOutput output = new RunOutput(out, settings, model, this::writeResult, trainer,
                        (done, position) -> new SavedState(done, position, asked, device.arithmetic()), saves, log,
                        patience, listener::note);
                Report last = steps(start, asked.steps(), output, loader, trainer, log, saves, listener);
                if (last.isLast()) {
                    output.finish(last.steps(), loader.position());
                }
                return last;
            }
        }
    }

    /// Tuned weights, and what those who talk with them must know.
    private void writeResult(Path directory, Map<String, Tensor> tensors) throws IOException {
        model.writer().write(directory, tensors);
        if (conversations != null) {
            beside.write(directory);
            ChatFiles.write(conversations.chat(), conversations.frame().first(), stops, directory);
        }
    }

    private Report steps(int start, int total, RunOutput output, DataLoader loader, Trainer trainer, TrainingLog log,
            Saves saves, Listener listener) throws IOException {
        Schedule schedule = new Schedule(settings.schedule(), settings.learningRate(), settings.warmup(), total);
        Evaluator evaluator = trainer.evaluator(model.evalModel());
        long tokens = log.tokens();
        double before = log.elapsedSeconds();
        long began = System.nanoTime();
        Report report = log.last(start, total);
        StepBatches batches = new StepBatches(data, settings, loader);
        for (int step = start; step < total; step++) {
            long stepBegan = System.nanoTime();
            double rate = schedule.rate(step);
            DataLoader.Position position = loader.position();
            int[] sequences = batches.next();
            Trainer.Step made;
            try {
                made = trainer.step(batches.of(sequences), rate, step, settings.accumulate());
            } catch (NonFiniteLossException e) {
                throw e.in(batches.documents(sequences, e.batch), saves.newest().orElse(null));
            } catch (UncheckedIOException e) {
                // The base's weights are not what they were; the step has changed nothing yet.
                throw output.abandoned(step, position, e.getCause());
            }
            saves.prove();
            tokens += made.tokens();
            double seconds = (System.nanoTime() - stepBegan) * 1e-9;
            boolean last = step + 1 == total;
            boolean measure = !evalData.isEmpty() && (last || isDue(settings.evalEvery(), step));
            double evalLoss = measure ? heldOut(evaluator, step, saves, listener) : Double.NaN;
            report = new Report(step, total, made.loss(), rate, made.gradientNorm(), made.countedTokens(), tokens,
                    made.tokens() / seconds, before + (System.nanoTime() - began) * 1e-9, evalLoss);
            log.write(report);
            boolean stops = stopping && !last;
            if (stops) {
                output.save(step + 1, loader.position());
            } else if (!last && output.isDue(step + 1)) {
                output.saveIfPossible(step + 1, loader.position());
            }
            listener.step(report);
            if (stops) {
                break;
            }
        }
        return report;
    }

    private double heldOut(Evaluator evaluator, int step, Saves saves, Listener listener) throws IOException {
        double loss;
        try {
            loss = evaluator.loss(evalData).meanLoss();
        } catch (UncheckedIOException e) {
            // The base's weights are not what they were. If there is another step, it ends the run.
            listener.note("no held-out loss after step " + (step + 1) + ": " + e.getCause().getMessage());
            return Double.NaN;
        }
        if (!Double.isFinite(loss)) {
            throw NonFiniteLossException.heldOut(step, loss, saves.newest().orElse(null));
        }
        return loss;
    }

    private static boolean isDue(int every, int step) {
        return every > 0 && (step + 1) % every == 0;
    }

    @Override
    public void close() {
        arena.close();
    }
}
