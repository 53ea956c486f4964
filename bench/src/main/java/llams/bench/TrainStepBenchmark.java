package llams.bench;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import llams.engine.device.Device;
import llams.engine.graph.Leaf;
import llams.engine.llama.Llama;
import llams.engine.llama.LlamaConfig;
import llams.engine.llama.ProjectionName;
import llams.engine.tensor.DType;
import llams.engine.tensor.Tensor;
import llams.model.lora.Adapter;
import llams.model.lora.LoraConfig;
import llams.model.lora.LoraModel;
import llams.trainer.data.PackedSequence;
import llams.trainer.optim.Optimizer;
import llams.trainer.run.Batch;
import llams.trainer.run.Trainer;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/// A whole step: forward, backward, clipping, AdamW. The case says the model, what is trained (every weight, or a
/// rank-8 adapter on all seven projections or on q and v), the type of the frozen weights, and sequences x tokens.
public class TrainStepBenchmark {
    private static final int RANK = 8;
    private static final double RATE = 3e-4;

    public static class Training extends OnCpu {
        private static final int CHECKED_TOKENS = 32;
        private static final double TOLERANCE = 1e-3;

        @Param({"60M-lora-all-f32-4x256", "60M-full-f32-4x256", "1B-lora-qv-bf16-1x128"})
        public String shape;

        /// Makes activations again in the backward pass instead of keeping them.
        @Param("false")
        public boolean recompute;

        private Trainer trainer;
        private Batch batch;
        private double flops;
        private int step;

        @Override
        void open() {
            String[] words = shape.split("-");
            if (words.length < 4) {
                throw new IllegalArgumentException("shape \"" + shape
                        + "\" is not of the form MODEL-full-DTYPE-ROWSxTOKENS or MODEL-lora-all|qv-DTYPE-ROWSxTOKENS");
            }
            String method = words[1].equals("lora") ? words[2] : "full";
            DType dtype = DType.valueOf(words[words.length - 2].toUpperCase(Locale.ROOT));
            int[] dims = Dims.of(words[words.length - 1], "ROWSxTOKENS");
            LlamaConfig config = RandomModel.config(words[0]);
            check(RandomModel.small(config), method, dtype);
            batch = batch(config, dims[0], dims[1]);
            trainer = trainer(cpu, arena, RandomModel.create(arena, config, dtype), method, dims[1]);
            Trainer.Step first = next();
            // A new model knows nothing: each of its words is about as likely as the others.
            Close.check("the first loss", first.loss(), Math.log(config.vocab()), 1);
            flops = flops(config, method, dims[0], dims[1]);
        }

        /// One step of a smaller model of the same widths gives the loss and the norm of the gradient that the plain
        /// loops give; so does the one after, which sees what AdamW did.
        private void check(LlamaConfig small, String method, DType dtype) {
            Batch rows = batch(small, 2, CHECKED_TOKENS / 2);
            List<List<Trainer.Step>> steps = new ArrayList<>();
            for (Device device : List.of(cpu, scalar)) {
                // In memory of its own, given back before the real model comes: the peak is to be that of the step.
                try (Arena own = Arena.ofShared();
                        Trainer both = trainer(device, own, RandomModel.create(own, small, dtype), method,
                                CHECKED_TOKENS / 2)) {
                    steps.add(List.of(both.step(List.of(rows), RATE, 0), both.step(List.of(rows), RATE, 1)));
                }
            }
            for (int i = 0; i < 2; i++) {
                Trainer.Step fast = steps.get(0).get(i);
                Trainer.Step plain = steps.get(1).get(i);
                Close.check("loss of step " + i, fast.loss(), plain.loss(), TOLERANCE * plain.loss());
                Close.check("gradient of step " + i, fast.gradientNorm(), plain.gradientNorm(),
                        TOLERANCE * plain.gradientNorm());
            }
        }

        private static Batch batch(LlamaConfig config, int rows, int tokens) {
            int[] ids = RandomModel.ids(rows * tokens, config.vocab());
            List<PackedSequence> sequences = new ArrayList<>();
            for (int row = 0; row < rows; row++) {
                int from = row * tokens;
                sequences.add(new PackedSequence(IntStream.range(0, tokens).map(t -> ids[from + t]).toArray(),
                        IntStream.range(0, tokens).toArray(), new int[tokens],
                        IntStream.range(0, tokens).map(t -> t + 1 < tokens ? ids[from + t + 1] : -100).toArray()));
            }
            return Batch.of(sequences);
        }

        private Trainer trainer(Device device, Arena arena, RandomModel weights, String method, int tokens) {
            Optimizer optimizer = Optimizer.standard();
            if (method.equals("full")) {
                List<Leaf> trained = new ArrayList<>();
                Llama model = Llama.of(weights.config(), (name, dims) -> {
                    Leaf leaf = Leaf.state(name, weights.dtype(), dims);
                    if (!trained.contains(leaf)) {
                        trained.add(leaf);
                    }
                    return leaf;
                }, Llama.Wrap.NONE);
                return new Trainer(device, model, trained, weights.tensors(), optimizer, tokens, recompute, 0);
            }
            Set<ProjectionName> targets = switch (method) {
                case "all" -> EnumSet.allOf(ProjectionName.class);
                case "qv" -> EnumSet.of(ProjectionName.Q, ProjectionName.V);
                default ->
                    throw new IllegalArgumentException("targets \"" + method + "\" are not known; there are all, qv");
            };
            LoraConfig lora = new LoraConfig(RANK, 2 * RANK, 0, targets, false);
            Adapter adapter = Adapter.create(arena, lora, weights.config(), 0);
            LoraModel model = LoraModel.of(weights.config(), weights.frozen(), adapter, Leaf.Kind.STATE);
            Map<String, Tensor> resident = LoraModel.resident(weights.tensors(), adapter);
            return new Trainer(device, model.model(), model.adapterLeaves(), resident, optimizer, tokens, recompute, 0);
        }

        /// Two flops a weight and token forward, as many again for the gradient of the input, and for that of the
        /// weight where it is trained; the adapters' own are too few to count.
        private static double flops(LlamaConfig config, String method, int rows, int tokens) {
            double passes = method.equals("full") ? 3 : 2;
            return passes * 2 * RandomModel.multipliedWeights(config) * rows * tokens
                    + 3 * rows * RandomModel.attentionFlops(config, tokens);
        }

        private Trainer.Step next() {
            return trainer.step(List.of(batch), RATE, step++);
        }

        @Override
        void close() {
            trainer.close();
        }
    }

    @Benchmark
    public Trainer.Step step(Training training, Work work) {
        Trainer.Step step = training.next();
        work.add(training.flops, 0, training.batch.tokens());
        return step;
    }
}
