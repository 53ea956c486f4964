package llams.cli;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import llams.engine.device.Device;
import llams.engine.device.Executable;
import llams.engine.device.Session;
import llams.engine.generate.Generator;
import llams.engine.graph.Graph;
import llams.engine.graph.Leaf;
import llams.engine.graph.Value;
import llams.engine.llama.Llama;
import llams.engine.llama.LlamaConfig;
import llams.engine.plan.Program;
import llams.engine.tensor.DType;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;
import llams.model.lora.Adapter;
import llams.model.lora.LoraConfig;
import llams.model.lora.LoraModel;
import llams.trainer.data.PackedSequence;
import llams.trainer.optim.Optimizer;
import llams.trainer.run.Batch;
import llams.trainer.run.Forecast;
import llams.trainer.run.TrainSettings;
import llams.trainer.run.Trainer;

/// Something that can be run again and again.
///
/// @param work of one run: tokens, or the additions and multiplications of products
/// @param end  gives back what it needed
record Measured(double work, Runnable once, Runnable end) implements AutoCloseable {
    private static final LoraConfig LORA = LoraConfig.standard();
    private static final double RATE = 1e-5;
    /// Products side by side in one program, so that starting it costs little of the time; at most so many results.
    private static final int PRODUCTS = 8;
    private static final long RESULTS = 1L << 28;

    void run() {
        once.run();
    }

    @Override
    public void close() {
        end.run();
    }

    /// Fills a tensor with one run of random values after the other: a large model is made in the time of copying it.
    private static Tensor random(Arena arena, DType dtype, float scale, long... dims) {
        Tensor tensor = Tensor.allocate(arena, dtype, Shape.of(dims));
        // An odd number, so that rows differ.
        Tensor run = Tensor.allocate(arena, dtype, Shape.of(Math.min(tensor.elements(), 65_537)));
        SplittableRandom random = new SplittableRandom(tensor.elements());
        for (long i = 0; i < run.elements(); i++) {
            run.setFloat(i, (float) (scale * random.nextGaussian()));
        }
        long bytes = tensor.data().byteSize();
        for (long at = 0; at < bytes; at += run.data().byteSize()) {
            MemorySegment.copy(run.data(), 0, tensor.data(), at, Math.min(run.data().byteSize(), bytes - at));
        }
        return tensor;
    }

    /// A model without a file.
    ///
    /// @param tensors by leaf name
    record RandomModel(LlamaConfig config, DType dtype, Map<String, Tensor> tensors) {
        static RandomModel create(Arena arena, LlamaConfig config, DType dtype) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            Llama.of(config, (name, dims) -> {
                tensors.computeIfAbsent(name, key -> {
                    Tensor tensor = random(arena, dtype, config.metadata().initializerRange(), dims);
                    if (name.endsWith("norm.weight")) {
                        for (long i = 0; i < tensor.elements(); i++) {
                            tensor.setFloat(i, 1);
                        }
                    }
                    return tensor;
                });
                return Leaf.weight(name, dtype, dims);
            }, Llama.Wrap.NONE);
            return new RandomModel(config, dtype, tensors);
        }

        int[] ids(int count) {
            return new SplittableRandom(1).ints(count, 0, config.vocab()).toArray();
        }
    }

    /// @param size of the product, `[M, N]` made of sums over K
    static Measured product(Device device, Arena arena, int[] size, DType dtype) {
        Session session = device.open(Map.of("x", random(arena, DType.F32, 1, size[0], size[2]), "weight",
                random(arena, dtype, 0.02f, size[1], size[2])));
        Executable program = session.compile(products(size, dtype));
        return new Measured(2.0 * repeated(size) * size[0] * size[1] * size[2], program::run, session::close);
    }

    private static int repeated(int[] size) {
        return Math.clamp(RESULTS / ((long) size[0] * size[1]), 1, PRODUCTS);
    }

    private static Program products(int[] size, DType dtype) {
        Leaf x = Leaf.weight("x", DType.F32, size[0], size[2]);
        Leaf weight = Leaf.weight("weight", dtype, size[1], size[2]);
        Graph g = new Graph();
        Map<String, Value> outputs = new LinkedHashMap<>();
        for (int i = 0; i < repeated(size); i++) {
            outputs.put("y" + i, g.matMul(x, false, weight, true));
        }
        return Program.of(g, outputs);
    }

    /// Bytes that [#product] needs, before anything is allocated; so for the others below.
    static Program.Memory productMemory(int[] size, DType dtype) {
        return products(size, dtype).memory();
    }

    static Program.Memory generatorMemory(LlamaConfig config, DType dtype, int tokens) {
        return Generator.memory(llama(config, dtype), tokens, tokens);
    }

    static Program.Memory loraMemory(LlamaConfig config, DType dtype, int tokens, boolean recompute) {
        LoraModel model = LoraModel.of(config, (name, dims) -> Leaf.weight(name, dtype, dims), LORA.layout(config),
                Leaf.Kind.STATE);
        return Forecast.of(model.model(), model.adapterLeaves(), settings(tokens, recompute));
    }

    static Program.Memory fullMemory(LlamaConfig config, int tokens, boolean recompute) {
        List<Leaf> trained = new ArrayList<>();
        return Forecast.of(trained(config, DType.F32, trained), trained, settings(tokens, recompute));
    }

    static Measured prefill(Device device, RandomModel model, int tokens) {
        Generator generator = generator(device, model, tokens);
        int[] ids = model.ids(tokens);
        return new Measured(tokens, () -> {
            generator.reset();
            generator.append(ids);
        }, generator::close);
    }

    /// One token a run, from an empty context to a full one and again.
    static Measured decode(Device device, RandomModel model, int tokens) {
        Generator generator = generator(device, model, tokens);
        return new Measured(1, () -> {
            if (generator.position() == tokens) {
                generator.reset();
            }
            generator.append(1);
        }, generator::close);
    }

    private static Generator generator(Device device, RandomModel model, int tokens) {
        return new Generator(device, llama(model.config, model.dtype), model.tensors, tokens);
    }

    private static Llama llama(LlamaConfig config, DType dtype) {
        return Llama.of(config, (name, dims) -> Leaf.weight(name, dtype, dims), Llama.Wrap.NONE);
    }

    static Measured lora(Device device, Arena arena, RandomModel model, int tokens, boolean recompute) {
        Adapter adapter = Adapter.create(arena, LORA, model.config, 0);
        LoraModel wrapped = LoraModel.of(model.config, (name, dims) -> Leaf.weight(name, model.dtype, dims), adapter,
                Leaf.Kind.STATE);
        return training(
                new Trainer(device, wrapped.model(), wrapped.adapterLeaves(),
                        LoraModel.resident(model.tensors, adapter), Optimizer.standard(), tokens, recompute, 0),
                model, tokens);
    }

    static Measured full(Device device, RandomModel model, int tokens, boolean recompute) {
        List<Leaf> trained = new ArrayList<>();
        Llama llama = trained(model.config, model.dtype, trained);
        return training(new Trainer(device, llama, trained, model.tensors, Optimizer.standard(), tokens, recompute, 0),
                model, tokens);
    }

    /// A model of which every weight is trained.
    ///
    /// @param trained gets its leaves
    private static Llama trained(LlamaConfig config, DType dtype, List<Leaf> trained) {
        return Llama.of(config, (name, dims) -> {
            Leaf leaf = Leaf.state(name, dtype, dims);
            if (!trained.contains(leaf)) {
                trained.add(leaf);
            }
            return leaf;
        }, Llama.Wrap.NONE);
    }

    private static TrainSettings settings(int tokens, boolean recompute) {
        return TrainSettings.standard().withTokens(tokens).withRecompute(recompute);
    }

    private static Measured training(Trainer trainer, RandomModel model, int tokens) {
        int[] ids = model.ids(tokens + 1);
        Batch batch = Batch.of(List.of(new PackedSequence(IntStream.range(0, tokens).map(t -> ids[t]).toArray(),
                IntStream.range(0, tokens).toArray(), new int[tokens],
                IntStream.range(0, tokens).map(t -> ids[t + 1]).toArray())));
        int[] step = new int[1];
        return new Measured(tokens, () -> trainer.step(List.of(batch), RATE, step[0]++), trainer::close);
    }
}
