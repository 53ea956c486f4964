package llams.model.convert;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import llams.engine.gguf.GgufNames;
import llams.engine.io.AtomicFiles;
import llams.engine.io.Json;
import llams.engine.llama.Llama;
import llams.engine.llama.LlamaConfig;
import llams.engine.llama.ProjectionName;
import llams.engine.safetensors.SafetensorsWriter;
import llams.engine.safetensors.TensorInfo;
import llams.engine.tensor.DType;
import llams.engine.tensor.Tensor;
import llams.engine.weights.ConfigJson;
import llams.model.card.ModelCard;
import llams.model.card.Parent;
import llams.model.files.ByteProgress;
import llams.model.files.HeldFiles;
import llams.model.files.ModelFiles;
import llams.model.files.OutputDirectory;
import llams.tokenizer.Tokenizer;
import tools.jackson.databind.JsonNode;

/// Makes a Hugging Face directory of a model as Meta publishes it: `consolidated.00.pth` and so on with `params.json`.
/// Values come out as they were.
///
/// Meta pairs a head's elements for rotary positions as GGUF does, so rows lie in the same order.
public final class PthImport {
    /// What was done.
    ///
    /// @param shards number of files read
    /// @param bytes  of all tensors
    /// @param files  beside the weights
    public record Report(DType dtype, int shards, long bytes, List<String> files) {}

    private static final String PARAMS = "params.json";
    private static final int MAX_WIDTH = 1 << 24;
    private static final int MAX_LAYERS = 10_000;

    private final Path directory;
    private final PthShards shards;

    private PthImport(PthShards shards) {
        directory = shards.directory;
        this.shards = shards;
    }

    /// Writes the model in `meta` to a new directory.
    ///
    /// @param out must not exist, or be empty; it appears when all is done
    /// @throws IOException if the files are damaged, not a Llama model's or have more in them than tensors, or `out`
    ///                     cannot be written; says which
    public static Report write(Path meta, Path out, ByteProgress progress) throws IOException {
        OutputDirectory.check(out);
        try (PthShards shards = PthShards.open(meta)) {
            return new PthImport(shards).write(out, progress);
        }
    }

    private Report write(Path out, ByteProgress progress) throws IOException {
        LlamaConfig config = config();
        DType dtype = shards.pieces(Llama.EMBEDDING).getFirst().dtype();
        Map<String, TensorInfo> plan = new LinkedHashMap<>();
        for (TensorInfo weight : GgufExport.weights(config)) {
            plan.put(weight.name(),
                    new TensorInfo(weight.name(), shards.pieces(weight.name()).getFirst().dtype(), weight.shape()));
        }
        HeldFiles texts = ModelFiles.hasTokenizer(directory)
                ? HeldFiles.ofTokenizer(directory)
                : HeldFiles.ofModel(directory);
        try (OutputDirectory output = OutputDirectory.create(out)) {
            convert(output.path(), config, plan, progress);
            texts.write(output.path());
            AtomicFiles.write(output.path().resolve("config.json"),
                    ConfigJson.text(config.withMetadata(config.metadata().withDtype(GgufImport.name(dtype))))
                            .getBytes(StandardCharsets.UTF_8));
            ModelCard
                    .of(ModelCard.Kind.CONVERTED, "pth",
                            "A model as Meta publishes it, in Hugging Face's form, bit for bit.",
                            Parent.of("original", directory))
                    .write(output.path());
            output.commit();
            List<String> files = new ArrayList<>(texts.contents().keySet());
            files.addAll(List.of("config.json", ModelFiles.CARD));
            return new Report(dtype, shards.size(), plan.values().stream().mapToLong(TensorInfo::bytes).sum(), files);
        }
    }

    private void convert(Path to, LlamaConfig config, Map<String, TensorInfo> plan, ByteProgress progress)
            throws IOException {
        long total = plan.values().stream().mapToLong(TensorInfo::bytes).sum();
        long[] done = new long[1];
        try (SafetensorsWriter writer = SafetensorsWriter.model(to, List.copyOf(plan.values()), Map.of(),
                SafetensorsWriter.DEFAULT_SHARD_BYTES);
                RowConversion conversion = new RowConversion(GgufExport.longest(config))) {
            for (TensorInfo weight : plan.values()) {
                shards.verifyUnchanged();
                try {
                    conversion.run(rows(weight, config), weight.dtype(), bytes -> {
                        writer.append(weight.name(), bytes);
                        done[0] += bytes.byteSize();
                        progress.at(done[0], total);
                    });
                } catch (ArithmeticException e) {
                    throw new IOException(
                            directory + ": \"" + PthShards.metaName(weight.name()) + "\": " + e.getMessage(), e);
                }
            }
            writer.finish();
        }
    }

    private RowConversion.Rows rows(TensorInfo weight, LlamaConfig config) throws IOException {
        int length = Math.toIntExact(weight.shape().dim(-1));
        long count = weight.shape().rank() == 1 ? 1 : weight.shape().dim(0);
        return GgufNames.isReordered(weight.name())
                ? new RowConversion.Rows(shards.source(weight), count, length, config.headDim(),
                        row -> GgufNames.rowInFile(row, config))
                : new RowConversion.Rows(shards.source(weight), count, length);
    }

    private LlamaConfig config() throws IOException {
        JsonNode params = Json.readObject(directory.resolve(PARAMS));
        int dim = size(params, "dim", -1, MAX_WIDTH);
        int heads = size(params, "n_heads", -1, MAX_WIDTH);
        int layers = size(params, "n_layers", -1, MAX_LAYERS);
        int kvHeads = size(params, "n_kv_heads", heads, heads);
        if (dim % heads != 0 || dim / heads % 2 != 0 || heads % kvHeads != 0) {
            throw new IOException(directory.resolve(PARAMS) + ": dim " + dim + ", n_heads " + heads + " and n_kv_heads "
                    + kvHeads + " give no heads of an even width");
        }
        List<Tensor> embedding = shards.pieces(Llama.EMBEDDING);
        boolean isTied = shards.isTied();
        boolean isStretched = params.path("use_scaled_rope").asBoolean(false);
        // The models whose head is the table of tokens, 3.2's, are stretched further than their file says.
        double factor = params.path("rope_scaling_factor").asDouble(isTied ? 32 : 8);
        return new LlamaConfig(dim, shards.rows("model.layers.0." + ProjectionName.GATE.path + ".weight"), layers,
                heads, kvHeads, dim / heads, vocab(embedding, dim), (float) params.path("norm_eps").asDouble(1e-5),
                params.path("rope_theta").asDouble(10_000),
                isStretched ? new LlamaConfig.RopeScaling(factor, 1, 4, 8192) : null, isStretched ? 131_072 : 8192,
                isTied, metadata());
    }

    private int vocab(List<Tensor> embedding, int dim) throws IOException {
        long vocab = shards.rows(Llama.EMBEDDING);
        return embedding.getFirst().shape().dim(-1) == dim ? (int) vocab : (int) (vocab / shards.size());
    }

    private LlamaConfig.Metadata metadata() throws IOException {
        if (!ModelFiles.hasTokenizer(directory)) {
            return LlamaConfig.Metadata.standard();
        }
        Tokenizer tokenizer = Tokenizer.load(directory);
        List<Integer> stops = new ArrayList<>();
        for (String name : List.of("<|end_of_text|>", "<|eom_id|>", "<|eot_id|>")) {
            tokenizer.special(name).ifPresent(stops::add);
        }
        return LlamaConfig.Metadata.standard().withIds(tokenizer.special("<|begin_of_text|>").orElse(-1), stops);
    }

    private int size(JsonNode params, String name, int otherwise, int most) throws IOException {
        int size = params.path(name).asInt(otherwise);
        if (size < 1 || size > most) {
            throw new IOException(directory.resolve(PARAMS) + ": \"" + name + "\" must be a whole number from 1 to "
                    + most + ", not " + size);
        }
        return size;
    }
}
