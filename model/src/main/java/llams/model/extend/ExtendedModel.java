package llams.model.extend;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import llams.engine.io.AtomicFiles;
import llams.engine.io.Json;
import llams.engine.llama.Llama;
import llams.engine.safetensors.SafetensorsWriter;
import llams.engine.safetensors.TensorInfo;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;
import llams.engine.weights.ConfigJson;
import llams.engine.weights.LlamaWeights;
import llams.engine.weights.ModelDirectory;
import llams.model.create.QuantizedModel;
import llams.model.card.ModelCard;
import llams.model.card.Parent;
import llams.model.files.ByteProgress;
import llams.model.files.HeldFiles;
import llams.model.files.ModelFiles;
import llams.model.files.OutputDirectory;
import llams.tokenizer.Tokenizer;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// A model with a larger vocabulary: embedding and head get a row for each new token, made of the rows of the tokens that
/// stood for it so far. All other weights, and all rows so far, are copied bit for bit.
public final class ExtendedModel {
    private static final long COPY_BYTES = 8 << 20;
    private static final String TOKENIZER_JSON = "tokenizer.json";
    private static final String TOKENIZER_CONFIG = "tokenizer_config.json";
    private static final String TIKTOKEN = "original/tokenizer.model";

    /// The key of `config.json` that tells the first new token's id.
    private static final String FIRST_NEW = "extended_from_vocab_size";

    /// What was done.
    ///
    /// @param tokens     new ones
    /// @param vocabulary rows of embedding and head now (`vocab_size`)
    /// @param before     rows before
    /// @param padding    rows behind the last token's
    /// @param bytes      of all tensors
    /// @param files      copied beside weights, config and `tokenizer.json`
    /// @param notes      what there is to know about the model and the result
    public record Report(int tokens, int vocabulary, int before, int padding, long bytes, List<String> files,
            List<String> notes) {}

    private final LlamaWeights weights;
    private final Tokenizer base;
    private final Tokenizer extended;
    private final int rows;

    private ExtendedModel(LlamaWeights weights, Tokenizer base, Tokenizer extended, int multiple) {
        this.weights = weights;
        this.base = base;
        this.extended = extended;
        rows = Math.max(weights.config.vocab(), Math.ceilDiv(extended.size(), multiple) * multiple);
    }

    /// Checks that a model can be extended, before long work.
    ///
    /// @return its tokenizer
    /// @throws IOException if it cannot be read, is quantized, or has no tokenizer that fits; says which
    public static Tokenizer check(Path model) throws IOException {
        ModelDirectory.check(model);
        QuantizedModel.refuse(model, ConfigJson.read(model), "a larger vocabulary");
        if (!ModelFiles.hasTokenizer(model)) {
            throw new IOException(model + ": has no tokenizer to be extended; put the model's tokenizer.json there");
        }
        Tokenizer tokenizer = Tokenizer.load(model);
        int vocabulary = ConfigJson.read(model).vocab();
        if (tokenizer.size() > vocabulary) {
            throw new IOException(model + ": its tokenizer has " + tokenizer.size() + " ids, and its vocab_size is "
                    + vocabulary + ": it belongs to another model");
        }
        return tokenizer;
    }

    /// The id of the first token that was added when the model was last extended.
    ///
    /// @throws IOException if the config cannot be read, or does not say that it was
    public static int firstNewToken(Path model) throws IOException {
        ModelDirectory.check(model);
        Path config = model.resolve("config.json");
        int first = Json.readObject(config).path(FIRST_NEW).asInt(0);
        if (first < 1) {
            throw new IOException(config + ": has no " + FIRST_NEW
                    + ": which of its tokens are new is not known; 'llams extend' writes it");
        }
        return first;
    }

    /// Writes the model in `model` with the tokenizer `extended`, made from its own by [Tokenizer#with].
    ///
    /// @param multiple of which the number of rows must be one; rows without a token are the mean of all rows, so that
    ///                 none of them is likely
    /// @param out      must not exist, or be empty; it appears when all is done
    /// @throws IOException if the model cannot be read or extended, or `out` cannot be written; says which
    public static Report write(Path model, Tokenizer extended, RowWeights by, int multiple, Path out,
            ByteProgress progress) throws IOException {
        OutputDirectory.check(out);
        Tokenizer base = check(model);
        try (LlamaWeights weights = LlamaWeights.open(model); OutputDirectory output = OutputDirectory.create(out)) {
            ExtendedModel result = new ExtendedModel(weights, base, extended, multiple);
            long bytes = result.writeWeights(by, output.path(), progress);
            List<String> notes = new ArrayList<>(weights.notes);
            List<String> files = result.writeFiles(output.path(), notes);
            result.card().write(output.path());
            output.commit();
            return new Report(extended.size() - base.size(), result.rows, weights.config.vocab(),
                    result.rows - extended.size(), bytes, files, notes);
        }
    }

    private ModelCard card() throws IOException {
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("new tokens", String.valueOf(extended.size() - base.size()));
        facts.put("ids of the new tokens", base.size() + " to " + (extended.size() - 1));
        facts.put("vocab_size", rows + ", before " + weights.config.vocab());
        return ModelCard
                .of(ModelCard.Kind.EXTENDED, "extended-vocabulary",
                        "The vocabulary has more tokens; all earlier ids stay. The new rows of embedding and head are"
                                + " weighted means of the rows of the tokens that stood for the same text before, and"
                                + " are not trained yet.",
                        Parent.of("original", weights.directory))
                .with("Vocabulary", facts);
    }

    private boolean isVocabulary(String name) {
        return name.equals(Llama.EMBEDDING) || name.equals(Llama.HEAD);
    }

    private long writeWeights(RowWeights by, Path directory, ByteProgress progress) throws IOException {
        Map<String, TensorInfo> plan = new LinkedHashMap<>();
        for (String name : weights.checkpoint.names()) {
            TensorInfo info = weights.checkpoint.info(name);
            plan.put(name,
                    isVocabulary(name)
                            ? new TensorInfo(name, info.dtype(), Shape.of(rows, info.shape().dim(1)))
                            : info);
        }
        long totalBytes = plan.values().stream().mapToLong(TensorInfo::bytes).sum();
        long doneBytes = 0;
        try (SafetensorsWriter writer = SafetensorsWriter.model(directory, List.copyOf(plan.values()),
                weights.checkpoint.metadata(), SafetensorsWriter.DEFAULT_SHARD_BYTES)) {
            for (TensorInfo info : plan.values()) {
                weights.checkpoint.verifyUnchanged();
                Tensor tensor = weights.checkpoint.tensor(info.name());
                boolean grows = isVocabulary(info.name());
                long kept = grows ? base.size() * info.dtype().bytes(tensor.shape().dim(1)) : info.bytes();
                for (long at = 0; at < kept; at += COPY_BYTES) {
                    long count = Math.min(COPY_BYTES, kept - at);
                    writer.append(info.name(), tensor.data().asSlice(at, count));
                    progress.at(doneBytes += count, totalBytes);
                }
                if (grows) {
                    double tilt = weights.config.tied()
                            ? by.tied()
                            : info.name().equals(Llama.HEAD) ? by.head() : by.embedding();
                    writeRows(tensor, tilt, info.name(), writer);
                    progress.at(doneBytes += info.bytes() - kept, totalBytes);
                }
            }
            writer.finish();
        }
        return totalBytes;
    }

    /// Writes the rows from the first new token on.
    private void writeRows(Tensor old, double tilt, String name, SafetensorsWriter writer) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            RowMean mean = new RowMean(arena, old);
            for (int id = base.size(); id < extended.size(); id++) {
                int[] pieces = base.encodePiece(extended.bytes(id));
                writer.append(name, mean.of(pieces, RowWeights.of(tilt, pieces.length)));
            }
            if (rows > extended.size()) {
                int[] all = IntStream.range(0, base.size()).toArray();
                MemorySegment row = mean.of(all, RowWeights.of(1, all.length));
                for (int id = extended.size(); id < rows; id++) {
                    writer.append(name, row);
                }
            }
        }
    }

    /// Writes all files but the weights; returns the names of those that were copied.
    private List<String> writeFiles(Path directory, List<String> notes) throws IOException {
        Path model = weights.directory;
        Map<String, byte[]> copied = new LinkedHashMap<>(HeldFiles.ofModel(model).contents());
        copied.remove(TOKENIZER_JSON);
        if (copied.remove(TIKTOKEN) != null) {
            notes.add("tiktoken's " + TIKTOKEN + " is left out: it cannot say that new ids follow the special tokens'");
        }
        new HeldFiles(copied, null).write(directory);
        Path json = model.resolve(TOKENIZER_JSON);
        if (Files.isRegularFile(json)) {
            extended.writeJson(directory.resolve(TOKENIZER_JSON), json);
        } else {
            extended.writeJson(directory.resolve(TOKENIZER_JSON));
        }
        if (!copied.containsKey(TOKENIZER_CONFIG)) {
            extended.writeConfig(directory.resolve(TOKENIZER_CONFIG));
        }
        ObjectNode config = (ObjectNode) Json.parse("config.json", weights.configJson());
        config.put("vocab_size", rows).put(FIRST_NEW, base.size());
        AtomicFiles.write(directory.resolve("config.json"),
                JsonMapper.shared().writerWithDefaultPrettyPrinter().writeValueAsBytes(config));
        return List.copyOf(copied.keySet());
    }
}
