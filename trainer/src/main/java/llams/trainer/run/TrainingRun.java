package llams.trainer.run;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import llams.engine.device.Device;
import llams.engine.llama.LlamaConfig;
import llams.engine.plan.Program;
import llams.engine.tensor.DType;
import llams.engine.tensor.Tensor;
import llams.engine.weights.LlamaWeights;
import llams.engine.weights.ModelDirectory;
import llams.model.chat.ModelText;
import llams.model.create.QuantizedModel;
import llams.model.files.SettingException;
import llams.model.lora.BaseFingerprint;
import llams.trainer.data.DataStatistics;
import llams.trainer.data.ReadingListener;
import llams.trainer.data.Sequences;
import llams.trainer.distributed.Collective;

/// A training run from data to a finished adapter or model, with a log, saves and resuming:
///
/// ```
/// TrainingRun.start(TrainRequest.standard(model, data, out).withSteps(500), listener);
/// ```
public final class TrainingRun implements AutoCloseable {
    /// What the run will be, known before it starts.
    ///
    /// @param parameters    of the whole model, an adapter included
    /// @param trained       how many of these are trained
    /// @param heldOut       null if there is no such data
    /// @param conversations whether there are some in the data
    /// @param settings      with nothing left open
    /// @param programBytes  that the program itself will need: Java, its compiled code, the data; 0 if the system does
    ///                      not tell
    public record Plan(long parameters, long trained, DataStatistics data, DataStatistics heldOut,
            boolean conversations, TrainSettings settings, Program.Memory memory, long programBytes) {
        /// The most memory that the process will have.
        public long peakBytes() {
            return memory.total() + programBytes;
        }

        public int steps() {
            return settings.totalSteps(data.sequences());
        }
    }

    /// One step, as it stands in the log.
    ///
    /// @param evalLoss NaN if nothing was measured after this step
    /// @param tokens   of all steps so far
    /// @param measures more numbers, by the names that the log has for them
    public record Report(int step, int steps, double loss, double learningRate, double gradientNorm, int countedTokens,
            long tokens, double tokensPerSecond, double elapsedSeconds, double evalLoss, Map<String, Double> measures) {
        public Report(int step, int steps, double loss, double learningRate, double gradientNorm, int countedTokens,
                long tokens, double tokensPerSecond, double elapsedSeconds, double evalLoss) {
            this(step, steps, loss, learningRate, gradientNorm, countedTokens, tokens, tokensPerSecond, elapsedSeconds,
                    evalLoss, Map.of());
        }

        /// Whether the run has made all its steps.
        public boolean isLast() {
            return step + 1 == steps;
        }

        /// The same in a run of another length.
        Report of(int total) {
            return new Report(step, total, loss, learningRate, gradientNorm, countedTokens, tokens, tokensPerSecond,
                    elapsedSeconds, evalLoss);
        }
    }

    /// Hears how the run gets on.
    @FunctionalInterface
    public interface Listener extends ReadingListener {
        /// A step is done.
        void step(Report report);

        /// The first step comes next: the one after `save`; null if the run is new.
        default void begins(Path save) {}

        /// There is a save to resume from.
        default void saved(Path save) {}

        /// The held-out loss has not fallen for as many measurements as the run has patience: the result is written.
        ///
        /// @param done steps made
        default void endsEarly(int done) {}

        /// One line about the data, the model or the run, such as a save that the disk has no room for.
        default void note(String note) {}
    }

    final Device device;
    TrainSettings settings;
    final Trainable model;
    Sequences data;
    /// Null if there is none.
    Sequences heldOut;
    final Path out;
    /// Tests have less of it.
    Patience patience = new Patience(Patience.PAUSE);
    volatile boolean stopping;
    Watch watch = Watch.NONE;
    /// Null if there are none.
    Samples samples;
    private boolean isComplete;
    /// For the result's card: the files of the data.
    Map<String, String> dataFiles = Map.of();
    ModelText text;
    RunSettings.Origin origin;
    Teaching teaching = Teaching.NONE;
    Collective collective = Collective.ALONE;
    private final Arena arena;
    private final ResultFiles files;
    /// To be closed with the run; null if it is the caller's, or there is none.
    private LlamaWeights base;
    private String settingsFile;

    private TrainingRun(Device device, TrainSettings settings, Arena arena, Trainable model, Sequences data,
            Sequences heldOut, Path out, RunSettings.Origin origin, ResultFiles files) {
        this.device = device;
        this.settings = settings.forData(data.size());
        this.arena = arena;
        this.model = model.withNoise(settings.neftune());
        this.data = data;
        this.heldOut = heldOut;
        this.out = out;
        this.origin = origin;
        this.files = files;
    }

    /// Trains from the beginning, or from the newest save, to the end: [#open] and [#run].
    ///
    /// @return the last step
    public static Report start(TrainRequest request, Listener listener) throws IOException {
        try (TrainingRun run = open(request, listener)) {
            return run.run(request.resume(), listener);
        }
    }

    /// Loads everything that a run needs.
    ///
    /// @param listener hears what there is to know about the data and the model
    /// @throws IOException              if the model, the data or an earlier run in `out` cannot be used
    /// @throws SettingException         if the model does not allow a setting
    /// @throws TooLittleMemoryException if the run does not fit into this machine
    public static TrainingRun open(TrainRequest request, Listener listener) throws IOException {
        return new RunOpener(request, true, listener).open();
    }

    /// Loads an earlier run for [#replay]: nothing is written into its directory, which another run may have locked.
    ///
    /// @throws IOException as [#open]
    public static TrainingRun openEarlier(TrainRequest request, Listener listener) throws IOException {
        return new RunOpener(request, false, listener).open();
    }

    /// Tunes an existing model: its adapter if the settings have one, else every weight.
    ///
    /// @param heldOut may be null
    /// @param out     for the log, the saves and the result
    /// @throws SettingException if a sequence is longer than the model allows
    public static TrainingRun of(Device device, TrainSettings settings, LlamaWeights base, Sequences data,
            Sequences heldOut, Path out) throws IOException {
        return of(device, settings, base, null, data, heldOut, out);
    }

    /// The same, starting from an adapter with fresh moments: its matrices as they are, the dropout of the settings.
    ///
    /// @param from an adapter's directory, whose shape is that of the settings; null for a new one
    public static TrainingRun of(Device device, TrainSettings settings, LlamaWeights base, Path from, Sequences data,
            Sequences heldOut, Path out) throws IOException {
        TrainSettings known = settings.forModel(base.config);
        String fingerprint = BaseFingerprint.ofBoth(base);
        ResultFiles files = ResultFiles.of(base);
        if (settings.lora() == null) {
            boolean isPart = settings.firstRow() > 0;
            ModelDirectory.check(base.directory);
            QuantizedModel.refuse(base.directory, base.config, isPart ? "training rows" : "training every weight");
            Arena arena = Arena.ofShared();
            return new TrainingRun(isPart ? base.watched(device) : device, known, arena,
                    isPart
                            ? Trainable.lastRows(arena, base, settings.firstRow())
                            : Trainable.full(arena, base, settings.optimizer().weights()),
                    data, heldOut, out, RunSettings.Origin.of(base, fingerprint, null), files);
        }
        Arena arena = Arena.ofShared();
        Trainable model = Trainable.adapter(arena, base, settings.lora(), settings.seed(), from, fingerprint);
        return new TrainingRun(base.watched(device), known, arena, model, data, heldOut, out,
                RunSettings.Origin.of(base, fingerprint, from), files);
    }

    /// Trains a new random model.
    ///
    /// @param tokenizer copied into the result: a file or a directory with one; may be null
    /// @throws IllegalArgumentException if the settings ask for an adapter: its random base would be lost
    public static TrainingRun ofRandom(Device device, TrainSettings settings, LlamaConfig config, Path tokenizer,
            Sequences data, Sequences heldOut, Path out) throws IOException {
        if (settings.lora() != null) {
            throw new IllegalArgumentException(
                    "a new model's random weights are not saved with an adapter; train every weight"
                            + " of a new model, without `lora`");
        }
        SettingException.check(settings.firstRow() == 0, "firstRow", settings.firstRow(), "0 for a new model");
        TrainSettings known = settings.forModel(config);
        Arena arena = Arena.ofShared();
        return new TrainingRun(device, known, arena,
                Trainable.random(arena, config, settings.optimizer().weights(), settings.seed(), tokenizer), data,
                heldOut, out, new RunSettings.Origin("random", "F32", null), ResultFiles.of(config, tokenizer));
    }

    /// Declares that the data has conversations: the result then carries the template that they were written with and
    /// the ids that end an answer, and an adapter also the tokenizer.
    public TrainingRun onConversations(ModelText text) throws IOException {
        files.add(text, settings.lora() != null);
        return this;
    }

    /// Makes the run close its base.
    ///
    /// @param named the tokenizer of a base that came without; becomes the result's if that is a whole model
    TrainingRun owning(LlamaWeights weights, Path named) throws IOException {
        base = weights;
        files.add(named, settings.lora() != null);
        return this;
    }

    /// Makes the run one of several workers, whose settings are all the same.
    ///
    /// @throws IllegalArgumentException if the settings are not [TrainSettings#onEachOf] as many
    public TrainingRun on(Collective workers) {
        Workers.of(workers, settings);
        collective = workers;
        return this;
    }

    /// Makes the run learn from a teacher, which is closed with it.
    ///
    /// @throws IOException if what the teacher says cannot be known
    TrainingRun taughtBy(Teaching by) throws IOException {
        by.check(data);
        by.check(heldOut);
        teaching = by;
        settings = by.known(settings);
        origin = origin.taughtBy(by.fingerprint());
        return this;
    }

    /// Makes the run keep and show what `wanted` says.
    ///
    /// @param text the model's tokenizer and chat template, for samples; null if it has none
    /// @throws SettingException if the run has not what that needs
    public TrainingRun watched(Watch wanted, ModelText text) {
        wanted.check(settings, heldOut != null);
        watch = wanted;
        samples = wanted.prompts().isEmpty()
                ? null
                : new Samples(wanted, text, files.areOfConversations(), model.config(), files.stops, settings.tokens(),
                        settings.seed());
        return this;
    }

    public Plan plan() {
        return needs().plan(files.areOfConversations());
    }

    /// The settings, each in backticks, with which everything would fit into this machine, mapped weights too. Empty if
    /// none would do.
    public Optional<String> remedy() throws IOException {
        return needs().remedy();
    }

    /// The type of the frozen weights of the layers; of several, the one that most of the bytes have.
    public DType frozenType() {
        return needs().frozenType();
    }

    private RunNeeds needs() {
        return new RunNeeds(this, base);
    }

    /// The workers of this run.
    public Collective workers() {
        return collective;
    }

    public Device device() {
        return device;
    }

    /// The tokenizer of the data; null if that came as ids.
    public ModelText text() {
        return text;
    }

    public LlamaConfig config() {
        return model.config();
    }

    /// Makes the run leave its settings as `train.yaml` beside its log, from the start.
    public void leave(String yaml) {
        settingsFile = yaml;
    }

    /// Makes all steps and writes the result into the output directory, which is locked meanwhile.
    ///
    /// @param resume true to continue from the newest good save of an earlier run, also of a finished one that is to
    ///               have more steps; if it has them all already, nothing is done
    /// @return the last step; an earlier one if the run was told to [#stop]: then the newest save has that step, and
    ///         there is no result. Null if that was before its first step, while a teacher was asked about the data
    /// @throws NonFiniteLossException if a step went wrong; what was saved before it stays
    /// @throws IOException            if the disk has no room for what the run will write, the result cannot be
    ///                                written, a save cannot be read, or the base's weights were written to; the
    ///                                message says where the run's work is
    public Report run(boolean resume, Listener listener) throws IOException {
        if (collective.rank() > 0) {
            return new RunStart(this, arena, null, listener).follow();
        }
        checkRoom();
        try (RunDirectory directory = RunDirectory.open(out, resume, listener::note)) {
            return new RunStart(this, arena, directory, listener).train(resume, settingsFile);
        }
    }

    /// Makes a step of this run, which has made it before, again: the same numbers, bit for bit. It begins at the newest
    /// good save before the step, or else at the run's own beginning, and checks loss and gradient norm of each step on
    /// the way against the log.
    ///
    /// @param step    from 1
    /// @param watcher sees the step
    /// @throws IOException if the log does not have the step, or a step does not come out as it stands there; says which
    public Replay.Made replay(int step, Replay.Watcher watcher, Listener listener) throws IOException {
        return new Replay(this, arena, listener).make(step, watcher);
    }

    /// Makes [#run] finish the current step, save and return, or give up asking a teacher about the data or waiting for
    /// room on the disk. To be called from another thread.
    public void stop() {
        stopping = true;
        patience.end();
    }

    /// Whether the result is written: the run has made all its steps, or ended early.
    public boolean isComplete() {
        return isComplete;
    }

    Room room() {
        return needs().room();
    }

    /// As [#run] does before its first step.
    ///
    /// @throws IOException if the result and the saves do not fit on the disk; says what would
    public void checkRoom() throws IOException {
        room().check(out, Saves.all(out).size());
    }

    void completed() {
        isComplete = true;
    }

    /// Writes samples inside the trainer's session; null if there are none.
    Samples.Writer samples(Trainer trainer) {
        return samples == null ? null : trainer.samples(samples, model.evalModel());
    }

    /// Writes what was trained, and what those who talk with it must know.
    void writeResult(Path directory, Map<String, Tensor> tensors) throws IOException {
        model.writer().write(directory, tensors);
        files.write(directory);
    }

    @Override
    public void close() throws IOException {
        arena.close();
        teaching.close();
        if (base != null) {
            base.close();
        }
    }
}
