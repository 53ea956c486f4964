package llams.model.convert;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import llams.engine.gguf.GgufNames;
import llams.engine.io.AtomicFiles;
import llams.engine.io.Json;
import llams.engine.llama.Llama;
import llams.engine.llama.LlamaConfig;
import llams.engine.llama.ProjectionName;
import llams.engine.pth.PthFile;
import llams.engine.safetensors.SafetensorsWriter;
import llams.engine.safetensors.TensorInfo;
import llams.engine.tensor.DType;
import llams.engine.tensor.Tensor;
import llams.engine.weights.ConfigJson;
import llams.model.files.ByteProgress;
import llams.model.files.HeldFiles;
import llams.model.files.ModelFiles;
import llams.model.files.OutputDirectory;
import llams.model.merge.parts.Floats;
import llams.tokenizer.Tokenizer;
import tools.jackson.databind.JsonNode;

/// Makes a Hugging Face directory of a model as Meta publishes it: `consolidated.00.pth` and so on with `params.json`.
/// Values come out as they were. Several files are shards of one model, each of which has a part of every matrix: rows of
/// those whose outputs are split, columns of those whose inputs are.
///
/// Meta pairs a head's elements for rotary positions as GGUF does, so rows lie in the same order.
public final class PthImport implements AutoCloseable {
    /// What was done.
    ///
    /// @param shards number of files read
    /// @param bytes  of all tensors
    /// @param files  beside the weights
    public record Report(DType dtype, int shards, long bytes, List<String> files) {}

    private static final Pattern SHARD = Pattern.compile("consolidated\\.\\d+\\.pth");
    private static final String PARAMS = "params.json";
    private static final int MAX_WIDTH = 1 << 24;
    private static final int MAX_LAYERS = 10_000;
    /// Names within a layer.
    private static final Map<String, String> NAMES = Map.of("input_layernorm", "attention_norm",
            "post_attention_layernorm", "ffn_norm", ProjectionName.Q.path, "attention.wq", ProjectionName.K.path,
            "attention.wk", ProjectionName.V.path, "attention.wv", ProjectionName.O.path, "attention.wo",
            ProjectionName.GATE.path, "feed_forward.w1", ProjectionName.UP.path, "feed_forward.w3",
            ProjectionName.DOWN.path, "feed_forward.w2");
    private static final Map<String, String> OUTSIDE = Map.of(Llama.EMBEDDING, "tok_embeddings.weight", Llama.NORM,
            "norm.weight", Llama.HEAD, "output.weight");

    private final Path directory;
    private final List<PthFile> shards = new ArrayList<>();

    private PthImport(Path directory) {
        this.directory = directory;
    }

    /// Writes the model in `meta` to a new directory.
    ///
    /// @param out must not exist, or be empty; it appears when all is done
    /// @throws IOException if the files are damaged, not a Llama model's or have more in them than tensors, or `out`
    ///                     cannot be written; says which
    public static Report write(Path meta, Path out, ByteProgress progress) throws IOException {
        OutputDirectory.check(out);
        try (PthImport open = new PthImport(meta)) {
            open.open();
            return open.write(out, progress);
        }
    }

    private void open() throws IOException {
        List<Path> files;
        try (Stream<Path> children = Files.list(directory)) {
            files = children.filter(child -> SHARD.matcher(child.getFileName().toString()).matches()).sorted().toList();
        }
        if (files.isEmpty()) {
            throw new IOException(directory + ": there is no consolidated.00.pth");
        }
        for (Path file : files) {
            shards.add(PthFile.open(file));
        }
    }

    private Report write(Path out, ByteProgress progress) throws IOException {
        LlamaConfig config = config();
        DType dtype = pieces(Llama.EMBEDDING).getFirst().dtype();
        Map<String, TensorInfo> plan = new LinkedHashMap<>();
        for (TensorInfo weight : GgufExport.weights(config)) {
            plan.put(weight.name(),
                    new TensorInfo(weight.name(), pieces(weight.name()).getFirst().dtype(), weight.shape()));
        }
        HeldFiles texts = ModelFiles.hasTokenizer(directory) ? HeldFiles.ofTokenizer(directory) : HeldFiles.NONE;
        try (OutputDirectory output = OutputDirectory.create(out)) {
            convert(output.path(), config, plan, progress);
            texts.write(output.path());
            AtomicFiles.write(output.path().resolve("config.json"),
                    ConfigJson.text(config.withMetadata(config.metadata().withDtype(GgufImport.name(dtype))))
                            .getBytes(StandardCharsets.UTF_8));
            output.commit();
            List<String> files = new ArrayList<>(texts.contents().keySet());
            files.add("config.json");
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
                for (PthFile shard : shards) {
                    shard.verifyUnchanged();
                }
                try {
                    conversion.run(rows(weight, config), weight.dtype(), bytes -> {
                        writer.append(weight.name(), bytes);
                        done[0] += bytes.byteSize();
                        progress.at(done[0], total);
                    });
                } catch (ArithmeticException e) {
                    throw new IOException(directory + ": \"" + metaName(weight.name()) + "\": " + e.getMessage(), e);
                }
            }
            writer.finish();
        }
    }

    private RowConversion.Rows rows(TensorInfo weight, LlamaConfig config) throws IOException {
        List<Tensor> pieces = pieces(weight.name());
        int length = Math.toIntExact(weight.shape().dim(-1));
        boolean isNorm = weight.shape().rank() == 1;
        check(weight, pieces);
        RowConversion.Source source = isNorm
                ? (part, row, rows) -> part.read(pieces.getFirst(), 0, length)
                : pieces.getFirst().shape().dim(1) == length
                        ? (part, row, rows) -> rowsOf(pieces, part, row, rows)
                        : (part, row, rows) -> columnsOf(pieces, part, row, rows);
        long count = isNorm ? 1 : weight.shape().dim(0);
        return GgufNames.isReordered(weight.name())
                ? new RowConversion.Rows(source, count, length, config.headDim(),
                        row -> GgufNames.rowInFile(row, config))
                : new RowConversion.Rows(source, count, length);
    }

    /// Pieces one below the other.
    private static void rowsOf(List<Tensor> pieces, Floats part, long row, int rows) {
        long begin = 0;
        for (Tensor piece : pieces) {
            long end = begin + piece.shape().dim(0);
            long from = Math.max(row, begin);
            long to = Math.min(row + rows, end);
            if (from < to) {
                int length = piece.dim(1);
                part.read(piece, (from - begin) * length, (int) (to - from) * length, (int) (from - row) * length);
            }
            begin = end;
        }
    }

    /// Pieces beside each other.
    private static void columnsOf(List<Tensor> pieces, Floats part, long row, int rows) {
        int at = 0;
        for (int i = 0; i < rows; i++) {
            for (Tensor piece : pieces) {
                int length = piece.dim(1);
                part.read(piece, (row + i) * length, length, at);
                at += length;
            }
        }
    }

    /// Checks that the pieces make the weight: each whole in one direction, together whole in the other.
    private void check(TensorInfo weight, List<Tensor> pieces) throws IOException {
        Tensor first = pieces.getFirst();
        boolean fits = first.shape().rank() == weight.shape().rank();
        if (fits && weight.shape().rank() == 1) {
            fits = pieces.stream().allMatch(piece -> piece.shape().equals(weight.shape()));
        } else if (fits) {
            int split = first.shape().dim(1) == weight.shape().dim(1) ? 0 : 1;
            long sum = 0;
            for (Tensor piece : pieces) {
                fits &= piece.shape().rank() == 2 && piece.shape().dim(1 - split) == weight.shape().dim(1 - split);
                sum += fits ? piece.shape().dim(split) : 0;
            }
            fits &= sum == weight.shape().dim(split);
        }
        fits &= pieces.stream().allMatch(piece -> piece.dtype() == first.dtype());
        if (!fits) {
            throw new IOException(directory + ": \"" + metaName(weight.name()) + "\" is "
                    + pieces.stream().map(piece -> piece.dtype() + " " + piece.shape()).toList() + " in the "
                    + shards.size() + " files, which does not make " + weight.shape());
        }
    }

    /// What each file has of a weight.
    private List<Tensor> pieces(String name) throws IOException {
        List<Tensor> pieces = new ArrayList<>();
        for (PthFile shard : shards) {
            Tensor piece = shard.tensors.get(metaName(name));
            if (piece == null) {
                throw new IOException(shard.path + ": there is no tensor \"" + metaName(name) + "\" among the "
                        + shard.tensors.size());
            }
            pieces.add(piece);
        }
        return pieces;
    }

    private static String metaName(String name) {
        if (OUTSIDE.containsKey(name)) {
            return OUTSIDE.get(name);
        }
        String[] parts = name.split("\\.", 4);
        return "layers." + parts[2] + "." + NAMES.get(parts[3].substring(0, parts[3].lastIndexOf('.'))) + ".weight";
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
        List<Tensor> embedding = pieces(Llama.EMBEDDING);
        boolean isTied = isTied(embedding);
        boolean isStretched = params.path("use_scaled_rope").asBoolean(false);
        // The models whose head is the table of tokens, 3.2's, are stretched further than their file says.
        double factor = params.path("rope_scaling_factor").asDouble(isTied ? 32 : 8);
        return new LlamaConfig(dim, sum("model.layers.0." + ProjectionName.GATE.path + ".weight"), layers, heads,
                kvHeads, dim / heads, vocab(embedding, dim), (float) params.path("norm_eps").asDouble(1e-5),
                params.path("rope_theta").asDouble(10_000),
                isStretched ? new LlamaConfig.RopeScaling(factor, 1, 4, 8192) : null, isStretched ? 131_072 : 8192,
                isTied, metadata());
    }

    private int vocab(List<Tensor> embedding, int dim) throws IOException {
        long vocab = sum(Llama.EMBEDDING);
        return embedding.getFirst().shape().dim(-1) == dim ? (int) vocab : (int) (vocab / shards.size());
    }

    private boolean isTied(List<Tensor> embedding) {
        for (int i = 0; i < shards.size(); i++) {
            Tensor head = shards.get(i).tensors.get(OUTSIDE.get(Llama.HEAD));
            if (head != null && (!head.shape().equals(embedding.get(i).shape())
                    || head.data().mismatch(embedding.get(i).data()) >= 0)) {
                return false;
            }
        }
        return true;
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

    /// Rows of a weight in all files.
    private int sum(String name) throws IOException {
        long rows = 0;
        for (Tensor piece : pieces(name)) {
            rows += piece.shape().rank() == 2 ? piece.shape().dim(0) : 0;
        }
        if (rows < 1 || rows > Integer.MAX_VALUE) {
            throw new IOException(directory + ": \"" + metaName(name) + "\" has " + rows + " rows");
        }
        return (int) rows;
    }

    private int size(JsonNode params, String name, int otherwise, int most) throws IOException {
        int size = params.path(name).asInt(otherwise);
        if (size < 1 || size > most) {
            throw new IOException(directory.resolve(PARAMS) + ": \"" + name + "\" must be a whole number from 1 to "
                    + most + ", not " + size);
        }
        return size;
    }

    @Override
    public void close() throws IOException {
        for (PthFile shard : shards) {
            shard.close();
        }
    }
}
