package llams.trainer.run;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import llams.engine.device.Device;
import llams.engine.device.Executable;
import llams.engine.device.Observer;
import llams.engine.device.Session;
import llams.engine.graph.Leaf;
import llams.engine.graph.Require;
import llams.engine.llama.Llama;
import llams.engine.llama.LlamaConfig;
import llams.engine.llama.LoraLinear;
import llams.engine.llama.NoisyTable;
import llams.engine.llama.Parameters;
import llams.engine.llama.RopeTable;
import llams.engine.plan.Program;
import llams.engine.tensor.Tensor;
import llams.trainer.optim.Optimizer;

/// Trains some leaves of a model, those of an adapter or every weight: forward and backward over the micro-batches of a
/// step, then one update.
public final class Trainer implements AutoCloseable {
    /// What a step did.
    ///
    /// @param loss          mean over the counted tokens of all micro-batches, before the update
    /// @param gradientNorm  of all gradients together, before clipping
    /// @param countedTokens tokens that the loss counts
    /// @param measures      more numbers, by the names that the log has for them
    /// @param gradients     a hash of all gradients, before clipping; empty if the device does not show what it computes,
    ///                      or this worker is not the one that keeps the log
    public record Step(double loss, double gradientNorm, int countedTokens, int tokens, Map<String, Double> measures,
            String gradients) {}

    private static final long ALIGNMENT = 64;

    private final Objective objective;
    private final Objective.Models models;
    private final List<Leaf> trained;
    private final List<Leaf> summed;
    final Optimizer optimizer;
    private final boolean recompute;
    private final int seed;
    private final int positions;
    private final Arena arena = Arena.ofShared();
    private final Session session;
    /// Null if updates are made within the passes, or shared.
    private final Executable update;
    /// Null if every worker makes all updates.
    private final SharedUpdate shared;
    private final boolean isFused;
    private final Workers workers;
    private final GradientSums sums;
    private final RecentPrograms passes;
    /// Null if this worker has nothing to hash, or cannot.
    private final GradientHashes hashes;
    /// Moments that other workers have, by leaf name, while they are saved.
    private final Map<String, Tensor> gathered = new HashMap<>();
    private boolean isRandom;

    /// @param trained   the state leaves to train
    /// @param resident  every weight and every trained parameter by leaf name; the parameters are changed in place.
    ///                  Moments that are in it continue, others start at zero
    /// @param positions the longest sequence that will come
    public Trainer(Device device, Llama model, List<Leaf> trained, Map<String, Tensor> resident, Optimizer optimizer,
            int positions, boolean recompute, int seed) {
        this(device, new NextToken(), new Objective.Models(model, null), trained, trained, resident, optimizer,
                positions, recompute, seed, false);
    }

    /// As above.
    ///
    /// @param isFused whether parameters are updated within the backward pass, in which gradients then share memory:
    ///                every step has one micro-batch, and there is no clip
    /// @throws IllegalArgumentException if it is, and the optimizer clips
    public Trainer(Device device, Llama model, List<Leaf> trained, Map<String, Tensor> resident, Optimizer optimizer,
            int positions, boolean recompute, int seed, boolean isFused) {
        this(device, new NextToken(), new Objective.Models(model, null), trained, trained, resident, optimizer,
                positions, recompute, seed, isFused);
    }

    /// As below, for one worker.
    Trainer(Device device, Objective objective, Objective.Models models, List<Leaf> trained, List<Leaf> summed,
            Map<String, Tensor> resident, Optimizer optimizer, int positions, boolean recompute, int seed,
            boolean isFused) {
        this(device, objective, models, trained, summed, resident, optimizer, positions, recompute, seed, isFused,
                Workers.ALONE);
    }

    /// As above, for leaves that the model knows only as parts of others.
    ///
    /// @param trained leaves to train, each the one of `summed` at its place, or that one's last rows
    /// @param summed  state leaves of the model, whose gradients are summed
    /// @throws IllegalArgumentException if there are parts or several workers, and the device does not work in the
    ///                                  memory of `resident`
    Trainer(Device device, Objective objective, Objective.Models models, List<Leaf> trained, List<Leaf> summed,
            Map<String, Tensor> resident, Optimizer optimizer, int positions, boolean recompute, int seed,
            boolean isFused, Workers workers) {
        Require.that(!isFused || optimizer.clip() == 0 && trained.equals(summed),
                "trainer: an update within the backward pass cannot clip, nor train parts of tables");
        Require.that(!isFused || workers.isAlone(), "trainer: an update within the backward pass is for one worker");
        this.objective = objective;
        this.models = models;
        this.trained = List.copyOf(trained);
        this.summed = List.copyOf(summed);
        this.optimizer = optimizer;
        this.recompute = recompute;
        this.seed = seed;
        this.positions = positions;
        Map<String, Tensor> all = new LinkedHashMap<>(resident);
        all.put(RopeTable.NAME, RopeTable.create(arena, models.model().config(), positions));
        this.isFused = isFused;
        this.workers = workers;
        if (isFused) {
            shareGradients(all);
        }
        MemorySegment row = workers.isAlone() || workers.areMomentsShared() ? null : gradientsInARow(all);
        int levels = workers.levels();
        for (Leaf leaf : HeldSums.leaves(summed, levels)) {
            all.put(leaf.name(), Tensor.allocate(arena, leaf.dtype(), leaf.shape()));
        }
        List<Leaf> owned = workers.owned(this.trained);
        for (int i = 0; i < trained.size(); i++) {
            Leaf leaf = trained.get(i);
            Leaf gradient = Optimizer.gradient(summed.get(i));
            all.computeIfAbsent(gradient.name(), name -> Tensor.allocate(arena, gradient.dtype(), gradient.shape()));
            for (Leaf moment : owned.contains(leaf) ? optimizer.moments(leaf) : List.<Leaf>of()) {
                all.computeIfAbsent(moment.name(), name -> Tensor.allocate(arena, moment.dtype(), moment.shape()));
            }
            // The gradient's other rows are summed too, and never looked at.
            all.put(Optimizer.gradient(leaf).name(), LastRows.of(all.get(gradient.name()), leaf.shape()));
        }
        this.session = device.open(all);
        LastRows.check(this.trained, this.summed, all, session);
        this.passes = new RecentPrograms(session);
        this.hashes = workers.isFirst() || workers.areMomentsShared() ? GradientHashes.in(session) : null;
        checkMemory(all);
        this.sums = new GradientSums(session, workers, this.trained, this.summed, row);
        this.shared = workers.areMomentsShared()
                ? new SharedUpdate(session, workers, optimizer, this.trained, seed)
                : null;
        this.update = isFused || shared != null ? null : session.compile(optimizer.update(this.trained, seed));
    }

    /// As [TrainSettings] say, for leaves that the model knows.
    public static Trainer of(Device device, Objective.Models models, List<Leaf> trained, Map<String, Tensor> resident,
            TrainSettings settings) {
        return new Trainer(device, settings.objective(), models, trained, trained, resident, settings.optimizer(),
                settings.tokens(), settings.recompute(), settings.seed(), settings.isFused());
    }

    /// As [TrainSettings] say, for the last rows of embedding and head.
    ///
    /// @param frozen   all other leaves
    /// @param resident every weight by name; embedding and head in F32, changed in place
    public static Trainer ofLastRows(Device device, LlamaConfig config, Parameters frozen, Map<String, Tensor> resident,
            TrainSettings settings) {
        LastRows rows = LastRows.of(config, frozen, settings.firstRow());
        Map<String, Tensor> all = new LinkedHashMap<>(resident);
        for (int i = 0; i < rows.tables().size(); i++) {
            Leaf part = rows.trained().get(i);
            all.put(part.name(), LastRows.of(all.get(rows.tables().get(i).name()), part.shape()));
        }
        return new Trainer(device, settings.objective(), new Objective.Models(rows.model(), null), rows.trained(),
                rows.tables(), all, settings.optimizer(), settings.tokens(), settings.recompute(), settings.seed(),
                false);
    }

    /// Places all gradients one behind the other, so that one message has them.
    private MemorySegment gradientsInARow(Map<String, Tensor> all) {
        MemorySegment row = arena
                .allocate(summed.stream().mapToLong(leaf -> roundedBytes(Optimizer.gradient(leaf))).sum(), ALIGNMENT);
        long at = 0;
        for (int leaf : GradientSums.order(summed)) {
            Leaf gradient = Optimizer.gradient(summed.get(leaf));
            all.put(gradient.name(),
                    new Tensor(gradient.dtype(), gradient.shape(), row.asSlice(at, gradient.type().bytes())));
            at += roundedBytes(gradient);
        }
        return row;
    }

    private static long roundedBytes(Leaf leaf) {
        return (leaf.type().bytes() + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }

    private void checkMemory(Map<String, Tensor> all) {
        String name = Optimizer.gradient(summed.getFirst()).name();
        if (!workers.isAlone() && session.read(name).data().address() != all.get(name).data().address()) {
            throw new IllegalArgumentException("several workers sum gradients in the host's memory, and this device has"
                    + " a memory of its own; train on the device cpu");
        }
    }

    private void shareGradients(Map<String, Tensor> all) {
        MemorySegment shared = arena.allocate(FusedUpdate.sharedBytes(models.model(), trained), 64);
        for (Leaf leaf : trained) {
            if (FusedUpdate.isShared(models.model(), leaf)) {
                Leaf gradient = Optimizer.gradient(leaf);
                all.put(gradient.name(),
                        new Tensor(gradient.dtype(), gradient.shape(), shared.asSlice(0, gradient.type().bytes())));
            }
        }
    }

    /// One step at learning rate `rate`, as [#step(List, double, int, int)] with as many micro-batches as every step
    /// has.
    public Step step(List<MicroBatch> batches, double rate, int step) {
        return step(batches, rate, step, batches.size());
    }

    /// One step at learning rate `rate`.
    ///
    /// @param step       number of the step from 0, for the bias correction of the moments and the seed of the dropouts
    /// @param accumulate micro-batches of a full step; the last step of an epoch may have fewer. No two micro-batches
    ///                   of a run have the same dropouts
    /// @throws NonFiniteLossException   if the loss or a gradient is not finite; nothing has been updated then, or, if
    ///                                  updates are fused, only parameters with a finite gradient
    /// @throws IllegalArgumentException if updates are fused, and there is more than one micro-batch
    public Step step(List<MicroBatch> batches, double rate, int step, int accumulate) {
        Require.that(!isFused || batches.size() == 1,
                "trainer: an update within the backward pass is for one micro-batch, not %d", batches.size());
        Objective.Share share = objective.share(batches);
        Objective.Tally tally = objective.tally(share);
        Workers.Part own = workers.part(batches.size(), workers.each());
        double[][] measured = new double[batches.size()][1 + tally.width()];
        Executable last = update;
        for (int i = own.from(); i < own.to(); i++) {
            MicroBatch batch = objective.prepared(batches.get(i), positions);
            Executable pass = pass(batch, share, step * accumulate + i);
            if (isFused) {
                optimizer.fill(pass, rate, step);
                last = pass;
            }
            sums.run(pass, i - own.from(), i + 1 == own.to());
            measured[i][0] = pass.output("loss").getFloat(0);
            if (!Double.isFinite(measured[i][0])) {
                break;
            }
            System.arraycopy(tally.measure(batch, pass), 0, measured[i], 1, tally.width());
        }
        sums.end();
        workers.gather(measured, workers.each(), 1 + tally.width());
        for (int i = 0; i < measured.length; i++) {
            if (!Double.isFinite(measured[i][0])) {
                throw NonFiniteLossException.loss(step, i, measured[i][0]);
            }
            tally.add(batches.get(i), Arrays.copyOfRange(measured[i], 1, measured[i].length));
        }
        double norm = Math.sqrt(squaredNorm(last, rate, step));
        if (!Double.isFinite(norm)) {
            throw NonFiniteLossException.gradient(step, tally.loss(), norm);
        }
        return new Step(tally.loss(), norm, batches.stream().mapToInt(MicroBatch::countedTokens).sum(),
                batches.stream().mapToInt(MicroBatch::tokens).sum(), tally.measures(),
                hashes == null ? "" : hashes.ofStep(trained, workers));
    }

    /// Updates the parameters unless the last pass did; returns the squared norm of all gradients.
    ///
    /// @param last the program that makes the last update of the step; null if it is shared
    private float squaredNorm(Executable last, double rate, int step) {
        if (shared != null) {
            return shared.run(rate, step);
        }
        if (!isFused) {
            optimizer.fill(update, rate, step);
            update.run();
        }
        return last.output("squaredNorm").getFloat(0);
    }

    /// Forward and backward over one micro-batch, ready to run.
    ///
    /// @param number of the micro-batch in the run
    private Executable pass(MicroBatch batch, Objective.Share share, int number) {
        Executable pass = passes.get(batch.tokens(), batch.rowLength(), () -> plan(batch));
        batch.fill(pass);
        objective.fill(pass, batch, share);
        if (isRandom) {
            pass.set(LoraLinear.SEED, seed, number);
        }
        if (models.model().embedding() instanceof NoisyTable noisy) {
            pass.set(NoisyTable.bound(batch.tokens()), batch.bounds(noisy, models.model().config().dim()));
        }
        return pass;
    }

    private Program plan(MicroBatch batch) {
        Program program = !isFused
                ? LossProgram.training(objective, models, batch.tokens(), positions, batch.rowLength(), summed,
                        recompute)
                : LossProgram.updating(objective, models, batch.tokens(), positions, batch.rowLength(), trained,
                        recompute, optimizer, seed);
        isRandom = program.leaves().contains(LoraLinear.SEED);
        return program;
    }

    /// Measures a model that reads the same leaves, such as the trained one without its dropout.
    public Evaluator evaluator(Llama model) {
        return new Evaluator(session, objective, new Objective.Models(model, models.reference()), positions, workers);
    }

    /// Writes samples with a model that reads the same leaves.
    Samples.Writer samples(Samples samples, Llama model) {
        return samples.in(session, model, positions);
    }

    /// The moments of all parameters at the first worker, until it is closed.
    final class Gathered implements AutoCloseable {
        private final Arena memory = Arena.ofShared();

        private Gathered() {
            int[] owners = workers.owners(trained);
            for (int i = 0; i < owners.length; i++) {
                for (Leaf moment : owners[i] == 0 ? List.<Leaf>of() : optimizer.moments(trained.get(i))) {
                    Tensor here = session.read(moment.name());
                    if (workers.isFirst()) {
                        here = Tensor.allocate(memory, moment.dtype(), moment.shape());
                        gathered.put(moment.name(), here);
                    }
                    if (here != null) {
                        workers.collective().move(here.data(), owners[i], 0);
                    }
                }
            }
        }

        @Override
        public void close() {
            gathered.clear();
            memory.close();
        }
    }

    /// Brings the moments that other workers have to the first one: for all workers to call.
    Gathered gather() {
        return new Gathered();
    }

    Workers workers() {
        return workers;
    }

    /// As [Session#observe].
    void observe(Observer observer) {
        session.observe(observer);
    }

    /// The current contents of a parameter, or of one of its moments; null if another worker has them.
    public Tensor read(Leaf state) {
        Tensor here = gathered.get(state.name());
        return here == null ? session.read(state.name()) : here;
    }

    @Override
    public void close() {
        sums.close();
        session.close();
        arena.close();
    }
}
