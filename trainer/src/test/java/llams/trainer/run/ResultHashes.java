package llams.trainer.run;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import llams.engine.device.Device;
import llams.engine.device.Devices;
import llams.engine.device.Options;
import llams.engine.generate.Generator;
import llams.engine.generate.Sampler;
import llams.engine.gguf.RowEncoder;
import llams.engine.graph.Leaf;
import llams.engine.llama.Llama;
import llams.engine.llama.LlamaConfig;
import llams.engine.llama.ProjectionName;
import llams.engine.tensor.DType;
import llams.engine.tensor.KBlock;
import llams.engine.tensor.Tensor;
import llams.engine.weights.LlamaWeights;
import llams.engine.weights.Quantization;
import llams.model.create.NewModel;
import llams.model.files.ByteProgress;
import llams.model.lora.LoraConfig;
import llams.trainer.data.Document;
import llams.trainer.data.PackedDataset;
import llams.trainer.optim.Optimizer;
import llams.trainer.optim.Schedule;

/// Prints the hashes of an adapter and of a model that were trained for a few steps, and of what models of each weight
/// type generate. The sizes are such that every kind of sum has whole vectors and a rest, and one takes several blocks;
/// and small, as the interpreter takes microseconds for a vector.
final class ResultHashes {
    private static final LlamaConfig ODD = LlamaConfig.standard(20, 27, 1, 2, 1, 523)
            .withRope(10_000, null)
            .withMaxPositions(64)
            .withMetadata(LlamaConfig.Metadata.standard().withInitializerRange(0.1f).withDtype("float32"));
    /// Q8_0 needs whole blocks.
    private static final LlamaConfig EVEN = LlamaConfig.standard(64, 32, 1, 1, 1, 37)
            .withRope(10_000, null)
            .withMaxPositions(64)
            .withMetadata(LlamaConfig.Metadata.standard().withInitializerRange(0.1f));
    /// Larger blocks need wider rows; those of the projections back to it are of smaller ones.
    private static final LlamaConfig WIDE = new LlamaConfig(KBlock.ELEMENTS, 96, 1, 1, 1, 32, 37, 1e-5f, 10_000, null,
            64, false, LlamaConfig.Metadata.standard());
    private static final LoraConfig LORA = new LoraConfig(3, 6, 0.1, EnumSet.allOf(ProjectionName.class), false);
    private static final Optimizer COMPACT = Optimizer.standard().withEightBit(true).withWeights(DType.BF16);
    private static final int TOKENS = 10;
    private static final int STEPS = 2;

    private ResultHashes() {}

    /// Writes the models that are read.
    static void models(Path directory) throws IOException {
        NewModel.write(ODD, 5, null, directory.resolve("odd"), ByteProgress.SILENT);
        for (String dtype : List.of("float32", "bfloat16", "float16")) {
            NewModel.write(EVEN.withMetadata(EVEN.metadata().withDtype(dtype)), 5, null, directory.resolve(dtype),
                    ByteProgress.SILENT);
        }
    }

    /// @param args number of threads and the directory of the models
    public static void main(String[] args) throws IOException {
        Options options = new Options(Integer.parseInt(args[0]));
        Device device = Devices.byName("cpu").with(options);
        Path directory = Path.of(args[1]);
        try (Arena arena = Arena.ofShared()) {
            try (LlamaWeights base = LlamaWeights.open(directory.resolve("odd"))) {
                System.out.println("adapter "
                        + trained(device, Trainable.adapter(arena, base, LORA, 1, null, ""), Optimizer.standard()));
            }
            try (LlamaWeights base = LlamaWeights.openQuantized(directory.resolve("odd"), Quantization.NF4)) {
                System.out.println("qlora "
                        + trained(device, Trainable.adapter(arena, base, LORA, 1, null, ""), Optimizer.standard()));
            }
            for (Optimizer optimizer : List.of(Optimizer.standard(), COMPACT)) {
                System.out.println("model "
                        + trained(device, Trainable.random(arena, ODD, optimizer.weights(), 7, null), optimizer));
            }
        }
        for (String dtype : List.of("float32", "bfloat16", "float16")) {
            System.out.println(dtype + " " + generated(device, directory.resolve(dtype), null, options));
        }
        for (Quantization form : Quantization.values()) {
            System.out.println(form + " " + generated(device, directory.resolve("float32"), form, options));
        }
        System.out.println("blocks " + generatedByBlocks(device));
    }

    private static String trained(Device device, Trainable trainable, Optimizer optimizer) {
        Random random = new Random(3);
        List<Document> documents = IntStream.range(0, 12).mapToObj(d -> {
            int[] ids = random.ints(3 + random.nextInt(12), 3, 500).toArray();
            return new Document("document " + d, ids, ids);
        }).toList();
        PackedDataset data = new PackedDataset(documents, TOKENS, true);
        Schedule schedule = new Schedule(Schedule.Kind.COSINE, 1e-2, 1, STEPS + 1);
        MessageDigest hash = hash();
        try (Trainer trainer = new Trainer(device, trainable.model(), trainable.trained(), trainable.resident(),
                optimizer, TOKENS, true, 9)) {
            for (int step = 0; step < STEPS; step++) {
                List<MicroBatch> batches = List.of(
                        MicroBatch.of(List.of(data.sequence(2 * step), data.sequence(2 * step + 1))),
                        MicroBatch.of(List.of(data.sequence(2 * step + 2))));
                Trainer.Step made = trainer.step(batches, schedule.rate(step + 1), step);
                hash.update((made.loss() + " " + made.gradientNorm()).getBytes());
            }
            for (Leaf leaf : optimizer.state(trainable.trained())) {
                add(hash, trainer.read(leaf).data());
            }
        }
        return HexFormat.of().formatHex(hash.digest());
    }

    /// Scores after a prompt, and after each of the next tokens, which are drawn.
    private static String generated(Device device, Path model, Quantization form, Options options) throws IOException {
        try (LlamaWeights weights = LlamaWeights.open(model, form, true, options)) {
            return generated(device, weights.model(), weights.resident());
        }
    }

    /// The same with every type of GGML's smaller blocks in one model.
    private static String generatedByBlocks(Device device) {
        try (Arena arena = Arena.ofShared()) {
            Map<String, Tensor> resident = new LinkedHashMap<>();
            Llama model = Llama.of(WIDE, (name, dims) -> {
                DType dtype = block(name, dims);
                Leaf leaf = Leaf.weight(name, dtype, dims);
                Tensor tensor = Tensor.allocate(arena, dtype, leaf.shape());
                resident.put(name, tensor);
                float[] values = new float[Math.toIntExact(tensor.elements())];
                Random random = new Random(name.hashCode());
                for (int i = 0; i < values.length; i++) {
                    values[i] = (float) random.nextGaussian() / 10;
                }
                new RowEncoder().encode(dtype, values, 0, values.length, tensor.data(), 0);
                return leaf;
            }, Llama.Wrap.NONE);
            return generated(device, model, resident);
        }
    }

    private static DType block(String name, long... dims) {
        if (dims.length == 1) {
            return DType.F32;
        }
        return dims[1] % KBlock.ELEMENTS != 0
                ? DType.Q4_0
                : name.contains("k_proj") || name.contains("up_proj")
                        ? DType.Q5_K
                        : name.contains("v_proj") || name.contains("head") ? DType.Q6_K : DType.Q4_K;
    }

    private static String generated(Device device, Llama model, Map<String, Tensor> resident) {
        MessageDigest hash = hash();
        try (Generator generator = new Generator(device, model, resident, 24)) {
            Sampler sampler = Sampler.of(0.8, 0, 0.95, 0, 3);
            int[] prompt = new Random(4).ints(17, 0, EVEN.vocab()).toArray();
            generator.generate(prompt, 3, sampler, Set.of(), Generator.Listener.of(id -> hash.update((byte) id)));
            add(hash, MemorySegment.ofArray(generator.append(1)));
            add(hash, MemorySegment.ofArray(generator.append(2, 3, 4)));
        }
        return HexFormat.of().formatHex(hash.digest());
    }

    private static MessageDigest hash() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void add(MessageDigest hash, MemorySegment numbers) {
        hash.update(numbers.toArray(ValueLayout.JAVA_BYTE));
    }
}
