package llams.model.merge;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import llams.engine.llama.Llama;
import llams.engine.tensor.Tensor;
import llams.engine.weights.LlamaWeights;
import llams.model.lora.Adapter;
import llams.model.lora.Modules;
import llams.model.merge.parts.Floats;

/// A model's weights with an adapter's folded in, some rows at a time: `W + scale (B A)` in f32, of DoRA with its rows'
/// own lengths. Modules that were trained whole replace the base's.
public final class FoldedModel {
    /// What is added to a weight `[out, in]`.
    ///
    /// @param a          `[rank, in]`
    /// @param b          `[out, rank]`
    /// @param magnitudes the lengths that the rows of the sum get, `[out]`; null to leave them
    private record Target(Tensor a, Tensor b, float scale, Tensor magnitudes) {}

    /// Of rank 0.
    private static final Target NOTHING = new Target(null, null, 0, null);

    /// Every tensor of the base's files before the adapter, by name; quantized weights as such, not as bytes. With a head
    /// if [#unties].
    public final Map<String, Tensor> before;
    /// Whether the head, which was the table of tokens, has a weight of its own.
    public final boolean unties;
    private final Map<String, Target> targets = new HashMap<>();
    /// What replaces weights, F32, by their names.
    private final Map<String, Tensor> copies = new HashMap<>();

    /// @param adapter null for the base as it is
    public FoldedModel(LlamaWeights base, Adapter adapter, Arena arena) throws IOException {
        Map<String, Tensor> weights = new LinkedHashMap<>();
        for (String name : base.checkpoint.names()) {
            weights.put(name, base.checkpoint.tensor(name));
        }
        for (Map.Entry<String, Tensor> weight : base.resident().entrySet()) {
            weights.replace(weight.getKey(), weight.getValue());
        }
        unties = adapter != null && adapter.layout().unties(base.config);
        if (unties) {
            weights.putIfAbsent(Llama.HEAD, weights.get(Llama.EMBEDDING));
        }
        before = weights;
        if (adapter != null) {
            add(adapter, arena);
        }
    }

    private void add(Adapter adapter, Arena arena) {
        adapter.layout().parts().forEach((module, part) -> {
            boolean isTable = module.equals(Modules.EMBEDDING);
            Tensor a = isTable ? Adapter.turned(arena, adapter.b(module)) : adapter.a(module);
            Tensor b = isTable ? adapter.a(module) : adapter.b(module);
            targets.put(Adapter.weightName(module), new Target(a, b, part.scale(), adapter.magnitudes(module)));
        });
        for (String module : adapter.layout().form().saved()) {
            copies.put(Adapter.weightName(module), adapter.copy(module));
        }
        if (adapter.layout().form().tying()) {
            // A tied model may have its table a second time.
            targets.computeIfAbsent(Llama.HEAD, _ -> targets.get(Llama.EMBEDDING));
            copies.computeIfAbsent(Llama.HEAD, _ -> copies.get(Llama.EMBEDDING));
        }
    }

    /// Whether the adapter changes a weight.
    public boolean changes(String name) {
        return targets.containsKey(name) || copies.containsKey(name);
    }

    /// A weight's rows; its A is widened once.
    public Rows rows(String name) {
        boolean isCopied = copies.containsKey(name) && !targets.containsKey(name);
        return new Rows(isCopied ? copies.get(name) : before.get(name), targets.getOrDefault(name, NOTHING));
    }

    /// The rows of one weight.
    public static final class Rows {
        /// Elements of a row; of a tensor of one axis, its only row.
        public final int length;
        /// The number of rows.
        public final long count;
        private final Tensor weight;
        private final Target target;
        /// `[rank][in]`
        private final float[][] a;

        private Rows(Tensor weight, Target target) {
            this.weight = weight;
            this.target = target;
            length = Math.toIntExact(weight.shape().dim(-1));
            count = weight.shape().rank() == 1 ? 1 : weight.shape().dim(0);
            a = new float[target == NOTHING ? 0 : Math.toIntExact(target.a.shape().dim(0))][length];
            for (int r = 0; r < a.length; r++) {
                MemorySegment.copy(target.a.data(), Tensor.F32, 4L * r * length, a[r], 0, length);
            }
        }

        /// Puts some rows into the part's values, one after the other. May be called by several threads, each with a part
        /// of its own.
        public void read(Floats part, long row, int rows) {
            part.read(weight, row * length, rows * length);
            if (target == NOTHING) {
                return;
            }
            float[] sum = new float[length];
            for (int i = 0; i < rows; i++) {
                Arrays.fill(sum, 0);
                for (int r = 0; r < a.length; r++) {
                    addScaled(sum, 0, target.b.getFloat((row + i) * a.length + r), a[r]);
                }
                addScaled(part.values, i * length, target.scale, sum);
                if (target.magnitudes != null) {
                    lengthen(part.values, i * length, length, target.magnitudes.getFloat(row + i));
                }
            }
        }
    }

    /// Gives `in` numbers from `begin` on, as a vector, another length.
    private static void lengthen(float[] y, int begin, int in, float length) {
        double squares = 0;
        for (int i = begin; i < begin + in; i++) {
            squares += (double) y[i] * y[i];
        }
        double factor = length / Math.sqrt(squares);
        for (int i = begin; i < begin + in; i++) {
            y[i] = (float) (y[i] * factor);
        }
    }

    /// `y[begin + i] += factor x[i]`.
    private static void addScaled(float[] y, int begin, float factor, float[] x) {
        for (int i = 0; i < x.length; i++) {
            y[begin + i] += factor * x[i];
        }
    }
}
