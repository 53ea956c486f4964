package llams.engine;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import llams.engine.device.Device;
import llams.engine.device.Executable;
import llams.engine.device.Session;
import llams.engine.graph.Autodiff;
import llams.engine.graph.Graph;
import llams.engine.graph.Leaf;
import llams.engine.graph.Result;
import llams.engine.graph.Value;
import llams.engine.llama.Llama;
import llams.engine.llama.RopeTable;
import llams.engine.llama.Sequence;
import llams.engine.plan.Program;
import llams.engine.tensor.DType;
import llams.engine.tensor.Tensor;
import llams.engine.weights.LlamaWeights;

/// One forward pass without a cache over rows of tokens, with everything that a test may want to see of it.
public final class FullPass {
    /// Rows laid end to end; `documentIds` and `positions` may be null: then a row is one document.
    public record Rows(int[][] ids, int[][] positions, int[][] documentIds, int[][] labels) {
        int tokens() {
            return ids.length * ids[0].length;
        }

        public int counted() {
            int counted = 0;
            for (int[] row : labels) {
                for (int label : row) {
                    counted += label >= 0 ? 1 : 0;
                }
            }
            return counted;
        }
    }

    public final Map<String, float[]> outputs = new LinkedHashMap<>();

    /// @param gradients true to compute the gradient of the mean loss for every parameter, under its own name
    public static FullPass run(Device device, LlamaWeights weights, Rows rows, boolean gradients, boolean recompute)
            throws IOException {
        FullPass pass = new FullPass();
        int tokens = rows.tokens();
        Graph g = new Graph();
        List<Leaf> parameters = new ArrayList<>();
        Llama model = weights.model();
        if (gradients) {
            model = Llama.of(weights.config, (name, dims) -> {
                Leaf leaf = Leaf.weight(name, DType.F32, dims);
                parameters.add(leaf);
                return leaf;
            }, Llama.Wrap.NONE);
        }
        Value hidden = model.forward(g, Leaf.input("ids", DType.I32, tokens),
                Sequence.of(weights.config, tokens, rows.ids[0].length, rows.ids[0].length), null);
        Map<String, Value> outputs = new LinkedHashMap<>();
        outputs.put("logits", model.logits(g, hidden));
        if (rows.labels != null) {
            List<Result> loss = model.loss(g, hidden, Leaf.input("labels", DType.I32, tokens),
                    Leaf.input("scale", DType.F32, 1));
            outputs.put("loss", loss.get(0));
            outputs.put("tokenLoss", loss.get(1));
            if (gradients) {
                Autodiff.gradients(g, loss.get(0), parameters, recompute)
                        .forEach((leaf, gradient) -> outputs.put(leaf.name(), gradient));
            }
        }
        try (Arena arena = Arena.ofShared()) {
            Map<String, Tensor> resident = weights.resident();
            resident.put(RopeTable.NAME, RopeTable.create(arena, weights.config, rows.ids[0].length));
            try (Session session = device.open(resident)) {
                Executable program = session.compile(Program.of(g, outputs));
                fill(program, rows);
                program.run();
                outputs.keySet().forEach(name -> pass.outputs.put(name, program.output(name).toFloats()));
            }
        }
        return pass;
    }

    private static void fill(Executable program, Rows rows) {
        int columns = rows.ids[0].length;
        for (int r = 0; r < rows.ids.length; r++) {
            int start = 0;
            for (int c = 0; c < columns; c++) {
                int t = r * columns + c;
                if (rows.documentIds != null && c > 0 && rows.documentIds[r][c] != rows.documentIds[r][c - 1]) {
                    start = c;
                }
                program.input("ids").setInt(t, rows.ids[r][c]);
                program.input("position").setInt(t, rows.positions == null ? c : rows.positions[r][c]);
                program.input("first").setInt(t, r * columns + start);
                program.input("last").setInt(t, t);
                if (rows.labels != null) {
                    program.input("labels").setInt(t, rows.labels[r][c]);
                }
            }
        }
        if (rows.labels != null) {
            program.input("scale").setFloat(0, 1f / rows.counted());
        }
    }
}
