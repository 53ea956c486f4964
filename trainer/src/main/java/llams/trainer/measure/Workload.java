package llams.trainer.measure;

import java.lang.foreign.Arena;
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

    /// A training step on `rows` sequences of `tokens` tokens: forward, backward, clipping, AdamW.
    sealed interface Step extends Workload {
        double RATE = 1e-5;

        LlamaConfig config();

        int rows();

        int tokens();

        boolean recompute();

        Trainer trainer(Device device, Arena arena);

        /// Null to train every weight.
        LoraConfig lora();

        DType dtype();

        Optimizer optimizer();

        @Override
        default Program.Memory memory() {
            return Forecast.of(config(), RandomModel.frozen(dtype()),
                    TrainSettings.standard()
                            .withLora(lora())
                            .withTokens(tokens())
                            .withBatch(rows(), 1)
                            .withOptimizer(optimizer())
                            .withRecompute(recompute()));
        }

        default MicroBatch batch() {
            return RandomModel.batch(rows(), tokens(), config().vocab());
        }

        @Override
        default double work() {
            return (double) rows() * tokens();
        }

        @Override
        default Running start(Device device, Arena arena) {
            Trainer trainer = trainer(device, arena);
            List<MicroBatch> batches = List.of(batch());
            int[] step = new int[1];
            return new Running(() -> trainer.step(batches, RATE, step[0]++), trainer::close);
        }
    }

    /// Trains an adapter.
    ///
    /// @param dtype of the frozen weights
    record LoraStep(LlamaConfig config, DType dtype, LoraConfig lora, int rows, int tokens,
            boolean recompute) implements Step {
        @Override
        public Optimizer optimizer() {
            return Optimizer.standard();
        }

        @Override
        public Trainer trainer(Device device, Arena arena) {
            RandomModel base = RandomModel.create(arena, config, dtype);
            Adapter adapter = Adapter.create(arena, lora, config, 0);
            LoraModel model = LoraModel.of(config, RandomModel.frozen(dtype), adapter, Leaf.Kind.STATE);
            return new Trainer(device, model.model(), model.adapterLeaves(),
                    LoraModel.resident(base.tensors(), adapter), optimizer(), tokens, recompute, 0);
        }
    }

    /// Trains every weight, in the optimizer's type; without a clip, within the backward pass.
    record FullStep(LlamaConfig config, int rows, int tokens, boolean recompute, Optimizer optimizer) implements Step {
        public FullStep(LlamaConfig config, int rows, int tokens, boolean recompute) {
            this(config, rows, tokens, recompute, Optimizer.standard());
        }

        @Override
        public LoraConfig lora() {
            return null;
        }

        @Override
        public DType dtype() {
            return optimizer.weights();
        }

        @Override
        public Trainer trainer(Device device, Arena arena) {
            RandomModel.Trained all = RandomModel.trained(config, dtype());
            return new Trainer(device, all.model(), all.leaves(), RandomModel.create(arena, config, dtype()).tensors(),
                    optimizer, tokens, recompute, 0, optimizer.clip() == 0);
        }
    }
}
