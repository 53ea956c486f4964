package llams.trainer.run;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import llams.engine.device.Device;
import llams.engine.device.Executable;
import llams.engine.device.Session;
import llams.engine.graph.Leaf;
import llams.engine.llama.Llama;
import llams.engine.llama.LoraLinear;
import llams.engine.llama.RopeTable;
import llams.engine.plan.Program;
import llams.engine.tensor.Tensor;
import llams.trainer.optim.Optimizer;

/// Trains some leaves of a model, whether an adapter or every weight: forward and backward over the micro-batches of a
/// step, then one update.
public final class Trainer implements AutoCloseable {
    /// What a step did.
    ///
    /// @param loss          mean over the counted tokens of all micro-batches, before the update
    /// @param gradientNorm  of all gradients together, before clipping
    /// @param countedTokens tokens that the loss counts
    public record Step(double loss, double gradientNorm, int countedTokens, int tokens) {}

    private static final int INFINITY_BITS = 0x7f800000;
    private static final long PART_BYTES = 1 << 22;

    private final Llama model;
    private final List<Leaf> trained;
    private final Optimizer optimizer;
    private final boolean recompute;
    private final int seed;
    private final int positions;
    private final Arena arena = Arena.ofShared();
    private final Session session;
    private final Executable update;
    private final RecentPrograms passes;
    private boolean hasDropout;

    /// @param trained   the state leaves to train
    /// @param resident  every weight and every trained parameter by leaf name; the parameters are changed in place.
    ///                  Moments that are in it are continued, others start at zero
    /// @param positions the longest sequence that will come
    public Trainer(Device device, Llama model, List<Leaf> trained, Map<String, Tensor> resident, Optimizer optimizer,
            int positions, boolean recompute, int seed) {
        this.model = model;
        this.trained = List.copyOf(trained);
        this.optimizer = optimizer;
        this.recompute = recompute;
        this.seed = seed;
        this.positions = positions;
        Map<String, Tensor> all = new LinkedHashMap<>(resident);
        all.put(RopeTable.NAME, RopeTable.create(arena, model.config(), positions));
        for (Leaf leaf : trained) {
            for (Leaf state : List.of(Optimizer.gradient(leaf), Optimizer.firstMoment(leaf),
                    Optimizer.secondMoment(leaf))) {
                all.computeIfAbsent(state.name(), name -> Tensor.allocate(arena, state.dtype(), state.shape()));
            }
        }
        this.session = device.open(all);
        this.passes = new RecentPrograms(session);
        this.update = session.compile(optimizer.update(this.trained));
    }

    /// What training needs in bytes, before anything is allocated.
    ///
    /// @param tokens tokens of one micro-batch
    public static Program.Memory memory(Llama model, List<Leaf> trained, Optimizer optimizer, int tokens, int positions,
            boolean recompute) {
        Program.Memory pass = LossProgram.training(model, tokens, positions, 0, trained, recompute).memory();
        Program.Memory end = optimizer.update(trained).memory();
        long parameters = trained.stream().mapToLong(leaf -> leaf.type().bytes()).sum();
        return new Program.Memory(pass.weights(), 4 * parameters, Math.max(pass.temporaries(), end.temporaries()));
    }

    /// One step at learning rate `rate`, as [#step(List, double, int, int)] with as many micro-batches as every step
    /// has.
    public Step step(List<Batch> batches, double rate, int step) {
        return step(batches, rate, step, batches.size());
    }

    /// One step at learning rate `rate`.
    ///
    /// @param step       number of the step from 0, for the bias correction of the moments and the seed of the dropouts
    /// @param accumulate micro-batches of a full step, which the last of an epoch may not be: no two micro-batches of a
    ///                   run have the same dropouts
    /// @throws NonFiniteLossException if the loss or a gradient is not finite; nothing has been updated then
    public Step step(List<Batch> batches, double rate, int step, int accumulate) {
        int counted = batches.stream().mapToInt(Batch::countedTokens).sum();
        double loss = 0;
        for (int i = 0; i < batches.size(); i++) {
            Batch batch = batches.get(i);
            Executable pass = passes.get(batch.tokens(), batch.rowLength(), () -> plan(batch));
            batch.fill(pass, 1.0 / Math.max(1, counted));
            if (hasDropout) {
                pass.set(LoraLinear.SEED, seed, step * accumulate + i);
            }
            pass.run();
            float part = pass.output("loss").getFloat(0);
            if (!Float.isFinite(part)) {
                throw NonFiniteLossException.loss(step, i, part);
            }
            loss += part;
        }
        update.set(Optimizer.SCHEDULE, optimizer.schedule(rate, step));
        update.run();
        double norm = Math.sqrt(update.output("squaredNorm").getFloat(0));
        if (!Double.isFinite(norm)) {
            throw NonFiniteLossException.gradient(step, loss, norm);
        }
        return new Step(loss, norm, counted, batches.stream().mapToInt(Batch::tokens).sum());
    }

    private Program plan(Batch batch) {
        Program program = LossProgram.training(model, batch.tokens(), positions, batch.rowLength(), trained, recompute);
        hasDropout = program.leaves().contains(LoraLinear.SEED);
        return program;
    }

    /// Measures a model that reads the same leaves, such as the trained one without its dropout.
    public Evaluator evaluator(Llama model) {
        return new Evaluator(session, model, positions);
    }

    /// The present contents of a parameter, or of one of its moments.
    public Tensor read(Leaf state) {
        return session.read(state.name());
    }

    /// A trained parameter, or a moment of one, that has numbers that are not finite.
    record NonFinite(Leaf state, long count) {}

    /// Looks at every trained parameter and its moments, which costs the time of reading them once.
    Optional<NonFinite> nonFinite() {
        for (Leaf leaf : trained) {
            for (Leaf state : List.of(leaf, Optimizer.firstMoment(leaf), Optimizer.secondMoment(leaf))) {
                long count = nonFinite(read(state).data());
                if (count > 0) {
                    return Optional.of(new NonFinite(state, count));
                }
            }
        }
        return Optional.empty();
    }

    /// How many F32 numbers are infinite or NaN. As integers without their sign these are the largest, and a loop for
    /// the largest runs on vectors: 17 GB/s instead of 11 for one that counts.
    static long nonFinite(MemorySegment data) {
        long count = 0;
        for (long from = 0; from < data.byteSize(); from += PART_BYTES) {
            MemorySegment part = data.asSlice(from, Math.min(PART_BYTES, data.byteSize() - from));
            int elements = (int) (part.byteSize() / Float.BYTES);
            int largest = 0;
            for (int i = 0; i < elements; i++) {
                largest = Math.max(largest, part.get(Tensor.I32, (long) Float.BYTES * i) & Integer.MAX_VALUE);
            }
            for (int i = 0; largest >= INFINITY_BITS && i < elements; i++) {
                count += Float.isFinite(part.get(Tensor.F32, (long) Float.BYTES * i)) ? 0 : 1;
            }
        }
        return count;
    }

    @Override
    public void close() {
        session.close();
        arena.close();
    }
}
