package llams.trainer.run;

import java.lang.foreign.Arena;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import llams.engine.device.Device;
import llams.engine.device.Executable;
import llams.engine.device.Session;
import llams.engine.llama.Llama;
import llams.engine.llama.RopeTable;
import llams.engine.plan.Program;
import llams.engine.tensor.Tensor;

/// Measures a model's loss without training it.
public final class Evaluator implements AutoCloseable {
    /// @param meanLoss in nats per counted token
    public record Loss(double meanLoss, long countedTokens) {
        public double perplexity() {
            return StrictMath.exp(meanLoss);
        }

        /// Over a text of `bytes` UTF-8 bytes that the counted tokens stand for.
        public double bitsPerByte(long bytes) {
            return meanLoss * countedTokens / StrictMath.log(2) / bytes;
        }
    }

    private final Objective objective;
    private final Objective.Models models;
    private final int positions;
    private final Session session;
    private final Runnable release;
    private final RecentPrograms programs;
    private final Workers workers;

    /// Measures inside a session that has the model's tensors and a rotary table of `positions`, with the contents they
    /// have at each call. The session stays the caller's.
    ///
    /// @param workers that measure together
    Evaluator(Session session, Objective objective, Objective.Models models, int positions, Workers workers) {
        this(session, objective, models, positions, workers, () -> {});
    }

    private Evaluator(Session session, Objective objective, Objective.Models models, int positions, Workers workers,
            Runnable release) {
        this.workers = workers;
        this.session = session;
        this.objective = objective;
        this.models = models;
        this.positions = positions;
        this.release = release;
        this.programs = new RecentPrograms(session);
    }

    /// @param resident  the model's tensors by leaf name
    /// @param positions the longest sequence that will come
    public static Evaluator open(Device device, Llama model, Map<String, Tensor> resident, int positions) {
        Arena arena = Arena.ofShared();
        Map<String, Tensor> all = new LinkedHashMap<>(resident);
        all.put(RopeTable.NAME, RopeTable.create(arena, model.config(), positions));
        Session session = device.open(all);
        return new Evaluator(session, new NextToken(), new Objective.Models(model, null), positions, Workers.ALONE,
                () -> {
                    session.close();
                    arena.close();
                });
    }

    /// Bytes that measuring sequences of `positions` tokens needs, one at a time, before anything is allocated.
    public static Program.Memory memory(Llama model, int positions) {
        return LossProgram.forward(model, positions, positions, positions).memory();
    }

    /// The mean loss over all counted tokens of the batches.
    public Loss loss(Iterable<MicroBatch> batches) {
        double sum = 0;
        long counted = 0;
        for (MicroBatch batch : batches) {
            for (float loss : tokenLosses(batch)) {
                sum += loss;
            }
            counted += batch.countedTokens();
        }
        return new Loss(counted == 0 ? Double.NaN : sum / counted, counted);
    }

    /// The loss of each token of a batch, `[tokens]`: 0 where nothing counts.
    public float[] tokenLosses(MicroBatch batch) {
        return run(batch, new Objective.Share(1, 1)).output("tokenLoss").toFloats();
    }

    private Executable run(MicroBatch batch, Objective.Share share) {
        Executable program = programs.get(batch.tokens(), batch.rowLength(),
                () -> LossProgram.forward(objective, models, batch.tokens(), positions, batch.rowLength()));
        batch.fill(program);
        objective.fill(program, batch, share);
        program.run();
        return program;
    }

    /// What the objective says of these batches as one.
    ///
    /// @param givesUp asked before each batch; not of several workers
    /// @return null if it was given up
    Objective.Tally measure(List<MicroBatch> batches, BooleanSupplier givesUp) {
        Objective.Share share = objective.share(batches);
        Objective.Tally tally = objective.tally(share);
        double[][] measured = new double[batches.size()][];
        int each = Math.ceilDiv(batches.size(), workers.collective().size());
        Workers.Part own = workers.part(batches.size(), each);
        for (int i = own.from(); i < own.to(); i++) {
            if (givesUp.getAsBoolean()) {
                return null;
            }
            MicroBatch batch = objective.prepared(batches.get(i), positions);
            measured[i] = tally.measure(batch, run(batch, share));
        }
        workers.gather(measured, each, tally.width());
        for (int i = 0; i < measured.length; i++) {
            tally.add(batches.get(i), measured[i]);
        }
        return tally;
    }

    @Override
    public void close() {
        release.run();
    }
}
