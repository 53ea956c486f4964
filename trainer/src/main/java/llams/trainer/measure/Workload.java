package llams.trainer.measure;

import java.lang.foreign.Arena;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import llams.engine.device.Device;
import llams.engine.device.Executable;
import llams.engine.device.Session;
import llams.engine.generate.Generator;
import llams.engine.graph.Graph;
import llams.engine.graph.Leaf;
import llams.engine.graph.Value;
import llams.engine.llama.LlamaConfig;
import llams.engine.plan.Program;
import llams.engine.tensor.CounterRandom;
import llams.engine.tensor.DType;
import llams.engine.tensor.Tensor;
import llams.model.lora.Adapter;
import llams.model.lora.LoraConfig;
import llams.model.lora.LoraModel;
import llams.trainer.optim.Optimizer;
import llams.trainer.run.Forecast;
import llams.trainer.run.MicroBatch;
import llams.trainer.run.Objective;
import llams.trainer.run.TrainSettings;
import llams.trainer.run.Trainer;

/// Work with random numbers that can be done again and again: what `llams measure` and `llams bench` put a clock to.
public sealed interface Workload {
    /// What one run does: tokens, or the additions and multiplications of a product.
    double work();

    /// Bytes needed, before anything is allocated.
    Program.Memory memory();

    /// Makes the numbers in `arena` and compiles the program.
    Running start(Device device, Arena arena);

    /// Ready to be run.
    ///
    /// @param end gives back what it needed
    record Running(Runnable once, Runnable end) implements AutoCloseable {
        public void run() {
            once.run();
        }

        @Override
        public void close() {
            end.run();
        }
    }

    /// Tokens `[m, k]` through a weight `[n, k]`.
    ///
    /// @param dtype of the weight
    record Product(int m, int n, int k, DType dtype) implements Workload {
        /// Products side by side in one program, so that starting it costs little of the time, and results of them all.
        private static final int MOST_PRODUCTS = 8;
        private static final long MOST_RESULTS = 1L << 28;

        private int products() {
            return Math.clamp(MOST_RESULTS / ((long) m * n), 1, MOST_PRODUCTS);
        }

        @Override
        public double work() {
            return 2.0 * products() * m * n * k;
        }

        private Leaf x() {
            return Leaf.weight("x", DType.F32, m, k);
        }

        private Leaf weight() {
            return Leaf.weight("weight", dtype, n, k);
        }

        private Program program() {
            Graph g = new Graph();
            Map<String, Value> outputs = new LinkedHashMap<>();
            for (int i = 0; i < products(); i++) {
                outputs.put("y" + i, g.matMul(x(), false, weight(), true));
            }
            return Program.of(g, outputs);
        }

        @Override
        public Program.Memory memory() {
            return program().memory();
        }

        @Override
        public Running start(Device device, Arena arena) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            for (Leaf leaf : List.of(x(), weight())) {
                tensors.put(leaf.name(), Tensor.allocate(arena, leaf.dtype(), leaf.shape()));
                CounterRandom random = CounterRandom.named(0, leaf.name());
                RandomFill.fill(tensors.get(leaf.name()), i -> (float) random.gaussian(i));
            }
            Session session = device.open(tensors);
            Executable program = session.compile(program());
            return new Running(program::run, session::close);
        }
    }

    /// Reads a prompt.
    record Prefill(LlamaConfig config, DType dtype, int tokens) implements Workload {
        @Override
        public double work() {
            return tokens;
        }

        @Override
        public Program.Memory memory() {
            return Generator.memory(RandomModel.frozen(config, dtype), tokens, tokens);
        }

        @Override
        public Running start(Device device, Arena arena) {
            Generator generator = RandomModel.create(arena, config, dtype).generator(device, tokens);
            int[] ids = RandomModel.ids(tokens, config.vocab());
            return new Running(() -> {
                generator.reset();
                generator.append(ids);
            }, generator::close);
        }
    }

    /// Writes one token a run, from an empty context to a full one and again.
    record Decode(LlamaConfig config, DType dtype, int tokens) implements Workload {
        @Override
        public double work() {
            return 1;
        }

        @Override
        public Program.Memory memory() {
            return Generator.memory(RandomModel.frozen(config, dtype), tokens, tokens);
        }

        @Override
        public Running start(Device device, Arena arena) {
            Generator generator = RandomModel.create(arena, config, dtype).generator(device, tokens);
            return new Running(() -> {
                if (generator.position() == tokens) {
                    generator.reset();
                }
                generator.append(1);
            }, generator::close);
        }
    }

    /// A training step: forward and backward over `settings.accumulate()` micro-batches, clipping, AdamW.
    ///
    /// @param dtype    of the frozen weights, if an adapter is trained
    /// @param settings `tokens` are those of every document
    /// @param counted  share of the tokens that the loss counts: the others need no logits
    record Step(LlamaConfig config, DType dtype, TrainSettings settings, double counted) implements Workload {
        private static final double RATE = 1e-5;

        /// Trains an adapter on `rows` sequences.
        public static Step lora(LlamaConfig config, DType dtype, LoraConfig lora, int rows, int tokens,
                boolean recompute) {
            return new Step(config, dtype,
                    TrainSettings.standard()
                            .withLora(lora)
                            .withTokens(tokens)
                            .withBatch(rows, 1)
                            .withRecompute(recompute),
                    1);
        }

        /// Trains every weight, in the optimizer's type; without a clip, within the backward pass.
        public static Step full(LlamaConfig config, int rows, int tokens, boolean recompute, Optimizer optimizer) {
            Step standard = lora(config, optimizer.weights(), null, rows, tokens, recompute);
            return standard.with(standard.settings.withOptimizer(optimizer));
        }

        Step with(TrainSettings other) {
            return new Step(config, dtype, other, counted);
        }

        Step withRows(int fewer) {
            return with(settings.withBatch(fewer, settings.accumulate()));
        }

        Step withTokens(int fewer) {
            return with(settings.withTokens(fewer));
        }

        Step withMicroBatches(int count) {
            return with(settings.withBatch(settings.batch(), count));
        }

        Step withLayers(int fewer) {
            LlamaConfig c = config;
            return new Step(
                    new LlamaConfig(c.dim(), c.hiddenDim(), fewer, c.heads(), c.kvHeads(), c.headDim(), c.vocab(),
                            c.normEps(), c.ropeTheta(), c.ropeScaling(), c.maxPositions(), c.tied(), c.metadata()),
                    dtype, settings, counted);
        }

        /// How often each weight is multiplied by a token: forward, again for the gradients, and by the reference.
        double passes() {
            boolean isWhole = settings.lora() == null && settings.firstRow() == 0;
            return forwardPasses() + (isWhole ? 2 : 1) + (settings.recompute() ? 1 : 0);
        }

        /// The same of a micro-batch of held-out data.
        double forwardPasses() {
            return settings.objective().hasReference() ? 2 : 1;
        }

        /// Additions and multiplications of one micro-batch, roughly.
        double flops() {
            int tokens = settings.tokens();
            double documents = settings.objective().mostTokens(1, settings.batch());
            double head = (double) config.vocab() * config.dim();
            double weights = RandomModel.multipliedWeights(config) - (1 - counted) * head;
            return passes() * documents * (2.0 * tokens * weights + RandomModel.attentionFlops(config, tokens));
        }

        @Override
        public Program.Memory memory() {
            return Forecast.of(config, RandomModel.frozen(dtype), settings);
        }

        public MicroBatch batch() {
            return RandomModel.batch(settings, config.vocab(), counted);
        }

        @Override
        public double work() {
            return (double) settings.accumulate()
                    * settings.objective().mostTokens(settings.tokens(), settings.batch());
        }

        public Trainer trainer(Device device, Arena arena) {
            if (settings.firstRow() > 0) {
                return Trainer.ofLastRows(device, config, RandomModel.frozen(dtype),
                        RandomModel.tensors(arena, config, RandomModel.withTables(dtype)), settings);
            }
            if (settings.lora() == null) {
                DType trained = settings.optimizer().weights();
                RandomModel.Trained all = RandomModel.trained(config, trained);
                return Trainer.of(device, new Objective.Models(all.model(), null), all.leaves(),
                        RandomModel.create(arena, config, trained).tensors(), settings);
            }
            RandomModel base = RandomModel.create(arena, config, dtype);
            Adapter adapter = Adapter.create(arena, settings.lora(), config, 0, base.tensors());
            LoraModel model = LoraModel.of(config, RandomModel.frozen(dtype), adapter, Leaf.Kind.STATE);
            return Trainer.of(device, new Objective.Models(model.model(), RandomModel.frozen(config, dtype)),
                    model.adapterLeaves(), LoraModel.resident(base.tensors(), adapter), settings);
        }

        @Override
        public Running start(Device device, Arena arena) {
            Trainer trainer = trainer(device, arena);
            List<MicroBatch> batches = Collections.nCopies(settings.accumulate(), batch());
            int[] step = new int[1];
            return new Running(() -> trainer.step(batches, RATE, step[0]++), trainer::close);
        }
    }
}
