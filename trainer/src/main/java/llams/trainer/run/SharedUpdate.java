package llams.trainer.run;

import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import llams.engine.device.Executable;
import llams.engine.device.Session;
import llams.engine.graph.Clear;
import llams.engine.graph.Graph;
import llams.engine.graph.Leaf;
import llams.engine.graph.SquaredNorm;
import llams.engine.graph.Value;
import llams.engine.plan.Program;
import llams.engine.tensor.DType;
import llams.trainer.optim.Optimizer;

/// The end of a step whose parameters are divided among workers: each has the gradients of its own summed over all
/// workers, updates them, and sends them to the others. What is computed is the same, bit for bit, as by
/// [Optimizer#update].
final class SharedUpdate {
    private static final Leaf SQUARED_NORM = Leaf.input("squaredNorm", DType.F32, 1);

    private final Workers workers;
    private final Optimizer optimizer;
    private final List<Leaf> trained;
    private final int[] owners;
    /// The parameters, by worker.
    private final List<List<MemorySegment>> parts;
    /// Null if this worker has no parameters.
    private final Executable norms;
    private final Executable update;

    SharedUpdate(Session session, Workers workers, Optimizer optimizer, List<Leaf> trained, int seed) {
        this.workers = workers;
        this.optimizer = optimizer;
        this.trained = trained;
        this.owners = workers.owners(trained);
        this.parts = workers.parts(owners, trained.stream().map(leaf -> session.read(leaf.name()).data()).toList());
        Graph graph = new Graph();
        Graph ofNorms = new Graph();
        Map<String, Value> outputs = new LinkedHashMap<>();
        for (int i = 0; i < owners.length; i++) {
            Leaf leaf = trained.get(i);
            if (isOwn(i)) {
                outputs.put(leaf.name(), ofNorms.record(new SquaredNorm(), Optimizer.gradient(leaf)));
                optimizer.update(graph, leaf, SQUARED_NORM, seed);
            } else {
                graph.record(new Clear(), Optimizer.gradient(leaf));
            }
        }
        this.norms = outputs.isEmpty() ? null : session.compile(Program.of(ofNorms, outputs));
        this.update = session.compile(Program.of(graph, Map.of()));
    }

    private boolean isOwn(int leaf) {
        return owners[leaf] == workers.collective().rank();
    }

    /// Makes the update; returns the squared norm of all gradients.
    float run(double rate, int step) {
        float squaredNorm = squaredNorm();
        if (norms != null) {
            optimizer.fill(update, rate, step);
            update.set(SQUARED_NORM, squaredNorm);
        }
        update.run();
        workers.collective().gather(parts);
        return squaredNorm;
    }

    private float squaredNorm() {
        if (norms != null) {
            norms.run();
        }
        double[][] parts = new double[workers.collective().size()][owners.length];
        for (int i = 0; i < owners.length; i++) {
            if (isOwn(i)) {
                parts[owners[i]][i] = norms.output(trained.get(i).name()).getFloat(0);
            }
        }
        workers.gather(parts, 1, owners.length);
        float sum = (float) parts[owners[0]][0];
        for (int i = 1; i < owners.length; i++) {
            sum += (float) parts[owners[i]][i];
        }
        return sum;
    }
}
