package llams.trainer;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import llams.engine.device.Device;
import llams.engine.graph.Leaf;
import llams.engine.graph.Program;
import llams.engine.llama.LlamaConfig;
import llams.engine.llama.LlamaWeights;
import llams.engine.tensor.Tensor;
import llams.trainer.chat.ModelText;
import llams.trainer.checkpoint.ChatFiles;
import llams.trainer.checkpoint.ModelFiles;
import llams.trainer.data.DataLoader;
import llams.trainer.data.PackedDataset;
import llams.trainer.lora.BaseFingerprint;
import llams.trainer.optim.Optimizer;
import llams.trainer.optim.Schedule;

/// A fine-tuning run from data to a finished adapter or model, with a log, saves and resuming.
public final class FineTune implements AutoCloseable {
    /// What the run will be, known before it starts.
    ///
    /// @param parameters of the whole model, an adapter included
    /// @param trained    of these, how many are trained
    public record Plan(long parameters, long trained, int sequences, int steps, Program.Memory memory) {
    }

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
    }

    private final Device device;
    private final TrainSettings settings;
    private final Trainable model;
    private final PackedDataset data;
    private final List<Batch> evalData;
    private final Path out;
    private final String base;
    private final Arena arena;
    private final Path tokenizer;
    private final List<Integer> stops;
    private ModelText conversations;
    private volatile boolean stopping;

    private FineTune(Device device, TrainSettings settings, Arena arena, Trainable model, PackedDataset data,
            PackedDataset evalData, Path out, String base, Path tokenizer, List<Integer> stops) {
        this.device = device;
        this.settings = settings;
        this.arena = arena;
        this.model = model;
        this.data = data;
        this.evalData = evalData == null ? List.of() : Batch.all(evalData, settings.batch());
        this.out = out;
        this.base = base;
        this.tokenizer = tokenizer;
        this.stops = stops;
    }

    /// Tunes an existing model: its adapter if the settings have one, else every weight.
    ///
    /// @param evalData may be null
    /// @param out      for the log, the saves and the result
    /// @throws IllegalArgumentException if a sequence is longer than the model allows
    public static FineTune of(Device device, TrainSettings settings, LlamaWeights base, PackedDataset data,
            PackedDataset evalData, Path out) throws IOException {
        checkLength(settings, base.config);
        if (settings.lora() == null) {
            QuantizedModel.refuse(base.directory, base.config, "training every weight");
        }
        String fingerprint = BaseFingerprint.ofBoth(base);
        Arena arena = Arena.ofShared();
        Trainable model = settings.lora() == null ? Trainable.full(arena, base)
                : Trainable.adapter(arena, base, settings.lora(), settings.seed());
        return new FineTune(device, settings, arena, model, data, evalData, out, fingerprint,
                ModelFiles.hasTokenizer(base.directory) ? base.directory : null, base.config.stopIds(base.directory));
    }

    /// Trains a new random model.
    ///
    /// @param tokenizer goes along with the result: a file or a directory with one; may be null
    /// @throws IllegalArgumentException if the settings ask for an adapter: a random base would be lost
    public static FineTune ofRandom(Device device, TrainSettings settings, LlamaConfig config, Path tokenizer,
            PackedDataset data, PackedDataset evalData, Path out) {
        if (settings.lora() != null) {
            throw new IllegalArgumentException("an adapter on a new random model is of no use; train it with --method full");
        }
        checkLength(settings, config);
        Arena arena = Arena.ofShared();
        return new FineTune(device, settings, arena, Trainable.random(arena, config, settings.seed(), tokenizer), data, evalData,
                out, "random", tokenizer, config.eos());
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

    /// Tells that conversations are trained on: the result then carries the template by which they were written, what ends an
    /// answer, and an adapter also the tokenizer.
    public FineTune onConversations(ModelText text) {
        conversations = text;
        return this;
    }

    public Plan plan() {
        long all = 0;
        for (Tensor tensor : model.resident().values()) {
            all += tensor.elements();
        }
        long trained = model.trained().stream().mapToLong(leaf -> leaf.shape().elements()).sum();
        return new Plan(all, trained, data.size(), settings.totalSteps(data.size()), Trainer.memory(model.model(),
                model.trained(), settings.optimizer(), settings.tokens() * settings.batch(), settings.tokens(),
                settings.recompute()));
    }

    /// Runs all steps and writes the result into the output directory, in which no other run can write meanwhile.
    ///
    /// @param resume true to go on from the newest save of an earlier run
    /// @return the last step's; one before it if the run was told to [#stop]: then the newest save has that step, and there is no
    ///         result
    /// @throws NonFiniteLossException if a step went wrong; what was saved before it stays
    /// @throws IOException            if something cannot be written, or a save cannot be read
    public Report run(boolean resume, Listener listener) throws IOException {
        try (RunDirectory directory = RunDirectory.open(out, resume)) {
            return train(directory, resume, listener);
        }
    }

    /// Makes [#run] end after the step that it is at, with a save of it. To be called from another thread.
    public void stop() {
        stopping = true;
    }

    private Report train(RunDirectory directory, boolean resume, Listener listener) throws IOException {
        Map<String, Tensor> resident = new LinkedHashMap<>(model.resident());
        for (Leaf leaf : model.trained()) {
            for (Leaf moment : List.of(Optimizer.firstMoment(leaf), Optimizer.secondMoment(leaf))) {
                resident.put(moment.name(), Tensor.allocate(arena, moment.dtype(), moment.shape()));
            }
        }
        DataLoader loader = new DataLoader(data, settings.seed(), true);
        String run = fingerprint();
        int start = 0;
        Optional<Path> save = RunDirectory.newestSave(out);
        if (resume && save.isPresent()) {
            SavedState saved = SavedState.read(save.get(), run, model.trained(), resident);
            loader.seek(saved.position());
            start = saved.step();
        }
        try (TrainingLog log = TrainingLog.open(directory.log(), start);
                Trainer trainer = new Trainer(device, model.model(), model.trained(), resident, settings.optimizer(),
                        settings.tokens(), settings.recompute(), settings.seed())) {
            Report last = steps(start, run, loader, trainer, log, listener);
            if (last.isLast()) {
                model.writer().write(out, contents(trainer));
                writeChatFiles();
            }
            return last;
        }
    }

    private void writeChatFiles() throws IOException {
        if (conversations != null) {
            if (settings.lora() != null && tokenizer != null) {
                ModelFiles.copy(tokenizer, out, ModelFiles.TOKENIZER);
            }
            ChatFiles.write(conversations.chat(), conversations.frame().first(), stops, out);
        }
    }

    private Report steps(int start, String run, DataLoader loader, Trainer trainer, TrainingLog log, Listener listener)
            throws IOException {
        int total = settings.totalSteps(data.size());
        Schedule schedule = new Schedule(settings.schedule(), settings.learningRate(), settings.warmup(), total);
        Evaluator evaluator = trainer.evaluator(model.evalModel());
        long tokens = log.tokens();
        double before = log.elapsedSeconds();
        long began = System.nanoTime();
        Report report = log.last();
        for (int step = start; step < total; step++) {
            long stepBegan = System.nanoTime();
            double rate = schedule.rate(step);
            int[] sequences = next(loader);
            Trainer.Step made;
            try {
                made = trainer.step(batches(sequences), rate, step);
            } catch (NonFiniteLossException e) {
                throw e.in(documents(sequences, e.batch), RunDirectory.newestSave(out).orElse(null));
            }
            tokens += made.tokens();
            double seconds = (System.nanoTime() - stepBegan) * 1e-9;
            boolean last = step + 1 == total;
            boolean measure = !evalData.isEmpty() && (last || isDue(settings.evalEvery(), step));
            double evalLoss = measure ? evaluator.loss(evalData).meanLoss() : Double.NaN;
            report = new Report(step, total, made.loss(), rate, made.gradientNorm(), made.countedTokens(), tokens,
                    made.tokens() / seconds, before + (System.nanoTime() - began) * 1e-9, evalLoss);
            log.write(report);
            boolean stops = stopping && !last;
            if (stops || isDue(settings.saveEvery(), step) && !last) {
                new SavedState(step + 1, loader.position(), run).write(out, trainer, model.trained(),
                        settings.keep(), settings.lora() == null ? (directory, tensors) -> {
                        } : model.writer());
            }
            listener.step(report);
            if (stops) {
                break;
            }
        }
        return report;
    }

    private static boolean isDue(int every, int step) {
        return every > 0 && (step + 1) % every == 0;
    }

    /// The numbers of a step's sequences, `[accumulate * batch]`.
    private int[] next(DataLoader loader) {
        return IntStream.range(0, settings.accumulate() * settings.batch()).map(i -> loader.next()).toArray();
    }

    private List<Batch> batches(int[] sequences) {
        List<Batch> batches = new ArrayList<>();
        for (int from = 0; from < sequences.length; from += settings.batch()) {
            batches.add(Batch.of(Arrays.stream(sequences, from, from + settings.batch()).mapToObj(data::sequence).toList()));
        }
        return batches;
    }

    private List<String> documents(int[] sequences, int batch) {
        boolean every = batch == NonFiniteLossException.EVERY_BATCH;
        int from = every ? 0 : batch * settings.batch();
        int to = every ? sequences.length : from + settings.batch();
        return Arrays.stream(sequences, from, to).mapToObj(data::origins).flatMap(List::stream).distinct().toList();
    }

    private Map<String, Tensor> contents(Trainer trainer) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (Leaf leaf : model.trained()) {
            tensors.put(leaf.name(), trainer.read(leaf));
        }
        return tensors;
    }

    /// What must be the same for a save to go on: everything that the numbers of a step depend on.
    private String fingerprint() {
        TrainSettings s = settings;
        return String.join(" ", String.valueOf(s.lora()), "tokens=" + s.tokens(), "batch=" + s.batch(),
                "accumulate=" + s.accumulate(), "steps=" + s.totalSteps(data.size()), "lr=" + s.learningRate(),
                "schedule=" + s.schedule(), "warmup=" + s.warmup(), String.valueOf(s.optimizer()), "seed=" + s.seed(),
                "data=" + Long.toHexString(data.fingerprint()),
                "model=" + Integer.toHexString(model.config().toString().hashCode()), "base=" + base);
    }

    @Override
    public void close() {
        arena.close();
    }
}
