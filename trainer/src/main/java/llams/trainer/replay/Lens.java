package llams.trainer.replay;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import llams.engine.device.Device;
import llams.engine.device.Executable;
import llams.engine.device.Session;
import llams.engine.graph.Graph;
import llams.engine.graph.Leaf;
import llams.engine.graph.Node;
import llams.engine.graph.TopTokens;
import llams.engine.graph.Value;
import llams.engine.llama.Llama;
import llams.engine.plan.Program;
import llams.engine.tensor.DType;
import llams.engine.tensor.Tensor;

/// The logit lens: what the model would say next if it ended after each layer. The residual stream goes through the
/// final norm and the head at once, as after the last layer.
final class Lens implements AutoCloseable {
    /// @param ids  `[rows][COUNT]`, the most probable first
    /// @param logp their log-probabilities
    /// @param loss of the token that follows, `[rows]`; 0 where none is known
    record View(int[][] ids, float[][] logp, float[] loss) {}

    static final int COUNT = 5;
    private static final String X = "x";

    private final Llama model;
    private final Arena arena = Arena.ofShared();
    private final Map<String, Tensor> tensors = new LinkedHashMap<>();

    /// Copies what it needs of the tensors that may change.
    ///
    /// @param resident the model's tensors by leaf name
    Lens(Llama model, Map<String, Tensor> resident) {
        this.model = model;
        for (Leaf leaf : best(1, count()).leaves()) {
            Tensor now = resident.get(leaf.name());
            if (leaf.kind() == Leaf.Kind.STATE) {
                Tensor copy = Tensor.allocate(arena, leaf.dtype(), leaf.shape());
                copy.data().copyFrom(now.data());
                tensors.put(leaf.name(), copy);
            } else if (leaf.kind() == Leaf.Kind.WEIGHT) {
                tensors.put(leaf.name(), now);
            }
        }
    }

    private int count() {
        return Math.min(COUNT, model.config().vocab());
    }

    /// The most probable tokens after rows of the residual stream, and those rows as the head sees them.
    private Program best(int rows, int count) {
        Graph g = new Graph();
        Value x = g.rmsNorm(Leaf.input(X, DType.F32, rows, model.config().dim()), model.norm(),
                model.config().normEps());
        Node top = g.recordNode(new TopTokens(count, 1), x, model.head().weight(g), ids(rows));
        Map<String, Value> outputs = new LinkedHashMap<>();
        outputs.put(X, x);
        outputs.put("ids", top.results.get(TopTokens.IDS));
        outputs.put("logp", top.results.get(TopTokens.LOGP));
        return Program.of(g, outputs);
    }

    /// Rows of the head.
    private Program rows(int count) {
        Graph g = new Graph();
        return Program.of(g, Map.of("rows", g.embedding(model.head().weight(g), ids(count))));
    }

    private static Leaf ids(int count) {
        return Leaf.input("ids", DType.I32, count);
    }

    /// @param residual `[layers + 1][window * dim]`
    /// @param labels   what follows each token of the window; negative where nothing does
    View of(Device device, float[][] residual, int[] labels) {
        int rows = residual.length * labels.length;
        int count = count();
        int[][] ids = new int[rows][count];
        float[][] logp = new float[rows][count];
        try (Session session = device.open(tensors)) {
            Executable lens = session.compile(best(rows, count));
            MemorySegment to = lens.input(X).data();
            long at = 0;
            for (float[] part : residual) {
                MemorySegment.copy(part, 0, to, Tensor.F32, at, part.length);
                at += (long) part.length * Float.BYTES;
            }
            lens.set(ids(rows), new int[rows]);
            lens.run();
            Tensor best = lens.output("ids");
            Tensor likely = lens.output("logp");
            for (int row = 0; row < rows; row++) {
                for (int i = 0; i < count; i++) {
                    ids[row][i] = best.getInt((long) row * count + i);
                    logp[row][i] = likely.getFloat((long) row * count + i);
                }
            }
            float[] x = lens.output(X).toFloats();
            int[] asked = new int[rows];
            Arrays.setAll(asked, row -> Math.max(0, labels[row % labels.length]));
            float[] right = rows(session, asked);
            Arrays.setAll(asked, row -> ids[row][0]);
            float[] first = rows(session, asked);
            float[] loss = new float[rows];
            for (int row = 0; row < rows; row++) {
                // The log of the sum follows from a logit whose probability is known.
                double sum = dot(x, first, row) - logp[row][0];
                loss[row] = labels[row % labels.length] < 0 ? 0 : (float) (sum - dot(x, right, row));
            }
            return new View(ids, logp, loss);
        }
    }

    private float[] rows(Session session, int[] ids) {
        Executable rows = session.compile(rows(ids.length));
        rows.set(ids(ids.length), ids);
        rows.run();
        return rows.output("rows").toFloats();
    }

    private double dot(float[] x, float[] weight, int row) {
        double dot = 0;
        int dim = model.config().dim();
        for (int i = row * dim; i < (row + 1) * dim; i++) {
            dot += (double) x[i] * weight[i];
        }
        return dot;
    }

    @Override
    public void close() {
        arena.close();
    }
}
