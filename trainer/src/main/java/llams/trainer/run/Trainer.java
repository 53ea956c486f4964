package llams.trainer.run;

import java.lang.foreign.Arena;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import llams.engine.device.Device;
import llams.engine.device.Executable;
import llams.engine.device.Session;
import llams.engine.graph.Leaf;
import llams.engine.llama.Llama;
import llams.engine.llama.LoraLinear;
import llams.engine.llama.NoisyTable;
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
    public record Step(double loss, double gradientNorm, int countedTokens, int tokens, Map<String, Double> measures) {}

    private final Objective objective;
    private final Objective.Models models;
    private final List<Leaf> trained;
    private final List<Leaf> summed;
    private final Optimizer optimizer;
    private final boolean recompute;
    private final int seed;
    private final int positions;
    private final Arena arena = Arena.ofShared();
    private final Session session;
    private final Executable update;
    private final RecentPrograms passes;
    private boolean isRandom;

    /// @param trained   the state leaves to train
    /// @param resident  every weight and every trained parameter by leaf name; the parameters are changed in place.
    ///                  Moments that are in it continue, others start at zero
    /// @param positions the longest sequence that will come
    public Trainer(Device device, Llama model, List<Leaf> trained, Map<String, Tensor> resident, Optimizer optimizer,
            int positions, boolean recompute, int seed) {
        this(device, new NextToken(), new Objective.Models(model, null), trained, trained, resident, optimizer,
                positions, recompute, seed);
    }

    /// As above, for leaves that the model knows only as parts of others.
    ///
    /// @param trained leaves to train, each the one of `summed` at its place, or that one's last rows
    /// @param summed  state leaves of the model, whose gradients are summed
    /// @throws IllegalArgumentException if there are parts, and the device does not work in the memory of `resident`
    Trainer(Device device, Objective objective, Objective.Models models, List<Leaf> trained, List<Leaf> summed,
            Map<String, Tensor> resident, Optimizer optimizer, int positions, boolean recompute, int seed) {
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
        for (int i = 0; i < trained.size(); i++) {
            Leaf leaf = trained.get(i);
            Leaf gradient = Optimizer.gradient(summed.get(i));
            for (Leaf state : List.of(gradient, Optimizer.firstMoment(leaf), Optimizer.secondMoment(leaf))) {
                all.computeIfAbsent(state.name(), name -> Tensor.allocate(arena, state.dtype(), state.shape()));
            }
            // The gradient's other rows are summed too, and never looked at.
            all.put(Optimizer.gradient(leaf).name(), LastRows.of(all.get(gradient.name()), leaf.shape()));
        }
        this.session = device.open(all);
        LastRows.check(this.trained, this.summed, all, session);
        this.passes = new RecentPrograms(session);
        this.update = session.compile(optimizer.update(this.trained));
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
    /// @throws NonFiniteLossException if the loss or a gradient is not finite; nothing has been updated then
    public Step step(List<MicroBatch> batches, double rate, int step, int accumulate) {
        Objective.Share share = objective.share(batches);
        Objective.Tally tally = objective.tally(share);
        for (int i = 0; i < batches.size(); i++) {
            MicroBatch batch = objective.prepared(batches.get(i), positions);
            Executable pass = pass(batch, share, step * accumulate + i);
            pass.run();
            float part = pass.output("loss").getFloat(0);
            if (!Float.isFinite(part)) {
                throw NonFiniteLossException.loss(step, i, part);
            }
            tally.add(batch, pass);
        }
        optimizer.fill(update, rate, step);
        update.run();
        double norm = Math.sqrt(update.output("squaredNorm").getFloat(0));
        if (!Double.isFinite(norm)) {
            throw NonFiniteLossException.gradient(step, tally.loss(), norm);
        }
        return new Step(tally.loss(), norm, batches.stream().mapToInt(MicroBatch::countedTokens).sum(),
                batches.stream().mapToInt(MicroBatch::tokens).sum(), tally.measures());
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
        Program program = LossProgram.training(objective, models, batch.tokens(), positions, batch.rowLength(), summed,
                recompute);
        isRandom = program.leaves().contains(LoraLinear.SEED);
        return program;
    }

    /// Measures a model that reads the same leaves, such as the trained one without its dropout.
    public Evaluator evaluator(Llama model) {
        return new Evaluator(session, objective, new Objective.Models(model, models.reference()), positions);
    }

    /// Writes samples with a model that reads the same leaves.
    Samples.Writer samples(Samples samples, Llama model) {
        return samples.in(session, model, positions);
    }

    /// The current contents of a parameter, or of one of its moments.
    public Tensor read(Leaf state) {
        return session.read(state.name());
    }

    @Override
    public void close() {
        session.close();
        arena.close();
    }
}
