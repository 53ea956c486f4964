package llams.bench;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import llams.engine.device.Device;
import llams.engine.llama.LlamaConfig;
import llams.engine.llama.ProjectionName;
import llams.engine.tensor.DType;
import llams.model.lora.LoraConfig;
import llams.trainer.measure.RandomModel;
import llams.trainer.measure.Workload;
import llams.trainer.optim.Optimizer;
import llams.trainer.run.MicroBatch;
import llams.trainer.run.Trainer;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;

/// A whole step: forward, backward, clipping, AdamW. The case says the model, what is trained (every weight, or a
/// rank-8 adapter on all seven projections or on q and v), the type of the frozen weights, and sequences x tokens.
public class TrainStepBenchmark {
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
        private MicroBatch batch;
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
            if (method.equals("full") && dtype != DType.F32) {
                throw new IllegalArgumentException("every weight is trained in f32, not " + words[2]);
            }
            LlamaConfig config = RandomModel.config(words[0]);
            check(workload(RandomModel.small(config), method, dtype, 2, CHECKED_TOKENS / 2));
            Workload.Step workload = workload(config, method, dtype, dims[0], dims[1]);
            batch = workload.batch();
            trainer = workload.trainer(cpu, arena);
            Trainer.Step first = next();
            // A new model knows nothing: each of its words is about as likely as the others.
            Close.check("the first loss", first.loss(), Math.log(config.vocab()), 1);
            flops = flops(config, method, dims[0], dims[1]);
        }

        /// One step of a smaller model of the same widths gives the loss and the norm of the gradient that the plain
        /// loops give; so does the one after, which sees what AdamW did.
        private void check(Workload.Step small) {
            List<MicroBatch> batches = List.of(small.batch());
            List<List<Trainer.Step>> steps = new ArrayList<>();
            for (Device device : List.of(cpu, scalar)) {
                // In memory of its own, given back before the real model comes: the peak is to be that of the step.
                try (Arena own = Arena.ofShared(); Trainer both = small.trainer(device, own)) {
                    steps.add(List.of(both.step(batches, RATE, 0), both.step(batches, RATE, 1)));
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

        private Workload.Step workload(LlamaConfig config, String method, DType dtype, int rows, int tokens) {
            return switch (method) {
                case "full" -> Workload.Step.full(config, rows, tokens, recompute, Optimizer.standard());
                case "all" -> lora(config, dtype, EnumSet.allOf(ProjectionName.class), rows, tokens);
                case "qv" -> lora(config, dtype, EnumSet.of(ProjectionName.Q, ProjectionName.V), rows, tokens);
                default ->
                    throw new IllegalArgumentException("targets \"" + method + "\" are not known; there are all, qv");
            };
        }

        private Workload.Step lora(LlamaConfig config, DType dtype, Set<ProjectionName> targets, int rows, int tokens) {
            LoraConfig lora = LoraConfig.standard().withTargets(targets);
            return Workload.Step.lora(config, dtype, lora, rows, tokens, recompute);
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
