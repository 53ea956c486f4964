package llams.trainer.replay;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import llams.engine.device.Device;
import llams.engine.device.Executable;
import llams.engine.device.Session;
import llams.engine.graph.Graph;
import llams.engine.graph.Leaf;
import llams.engine.graph.LinearCrossEntropy;
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
        for (Leaf leaf : program(1, count()).leaves()) {
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

    private Program program(int rows, int count) {
        Graph g = new Graph();
        Value x = g.rmsNorm(Leaf.input(X, DType.F32, rows, model.config().dim()), model.norm(),
                model.config().normEps());
        Value head = model.head().weight(g);
        Node top = g.recordNode(new TopTokens(count, 1), x, head, all(rows));
        Map<String, Value> outputs = new LinkedHashMap<>();
        outputs.put("ids", top.results.get(TopTokens.IDS));
        outputs.put("logp", top.results.get(TopTokens.LOGP));
        outputs.put("loss", g.linearCrossEntropy(x, head, labels(rows), Leaf.input("scale", DType.F32, 1))
                .get(LinearCrossEntropy.TOKEN_LOSS));
        return Program.of(g, outputs);
    }

    private static Leaf labels(int rows) {
        return Leaf.input("labels", DType.I32, rows);
    }

    private static Leaf all(int rows) {
        return Leaf.input("all", DType.I32, rows);
    }

    /// @param residual `[layers + 1][window * dim]`
    /// @param labels   what follows each token of the window; negative where nothing does
    View of(Device device, float[][] residual, int[] labels) {
        int rows = residual.length * labels.length;
        int count = count();
        try (Session session = device.open(tensors)) {
            Executable lens = session.compile(program(rows, count));
            MemorySegment to = lens.input(X).data();
            long at = 0;
            for (float[] part : residual) {
                MemorySegment.copy(part, 0, to, Tensor.F32, at, part.length);
                at += (long) part.length * Float.BYTES;
            }
            lens.set(labels(rows), Stream.generate(() -> labels)
                    .limit(residual.length)
                    .flatMapToInt(Arrays::stream)
                    .toArray());
            lens.set(all(rows), new int[rows]);
            lens.run();
            int[][] ids = new int[rows][count];
            float[][] logp = new float[rows][count];
            Tensor best = lens.output("ids");
            Tensor likely = lens.output("logp");
            for (int row = 0; row < rows; row++) {
                for (int i = 0; i < count; i++) {
                    ids[row][i] = best.getInt((long) row * count + i);
                    logp[row][i] = likely.getFloat((long) row * count + i);
                }
            }
            return new View(ids, logp, lens.output("loss").toFloats());
        }
    }

    @Override
    public void close() {
        arena.close();
    }
}
