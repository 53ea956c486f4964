package llams.engine.weights;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import llams.engine.cpu.ContentHash;
import llams.engine.cpu.Quantizer;
import llams.engine.device.Device;
import llams.engine.device.Options;
import llams.engine.gguf.GgufFile;
import llams.engine.graph.Leaf;
import llams.engine.io.Json;
import llams.engine.llama.Llama;
import llams.engine.llama.LlamaConfig;
import llams.engine.llama.Parameters;
import llams.engine.safetensors.Checkpoint;
import llams.engine.safetensors.TensorInfo;
import llams.engine.tensor.Tensor;
import tools.jackson.databind.node.ObjectNode;

/// An open model: its configuration, and its weights mapped from the file. Nothing is copied, unless asked for or needed
/// to quantize; of a GGUF file, what [GgufWeights] copies.
public final class LlamaWeights implements AutoCloseable {
    /// The model's directory, or the GGUF file.
    public final Path directory;
    /// Describes the weights as they are here: perhaps quantized though not stored so, or with a head of their own
    /// though `config.json` says tied.
    public final LlamaConfig config;
    public final Checkpoint checkpoint;
    /// What the files hold that is not used, or not used as they say: a line each, to be shown to the user.
    public final List<String> notes;
    /// Null for a directory.
    private final GgufWeights gguf;
    private final Quantization stored;
    private final boolean isStoredTied;
    private final boolean isMapped;
    private final Options options;
    private final WeightLeaves found;
    private final Map<String, Tensor> quantized = new LinkedHashMap<>();
    private final Arena arena = Arena.ofShared();
    /// Its threads serve all weights; null until one has to be quantized.
    private Quantizer quantizer;
    /// Null until it is asked for: it costs reading all files.
    private String contentHash;

    private LlamaWeights(Path directory, LlamaConfig written, Quantization asked, boolean map, Options options,
            Checkpoint checkpoint, GgufWeights gguf) throws IOException {
        this.directory = directory;
        isMapped = map;
        this.options = options;
        this.checkpoint = checkpoint;
        this.gguf = gguf;
        stored = Quantization.of(written.metadata().quantization());
        isStoredTied = written.tied();
        LlamaConfig shown = isStoredTied && hasOwnHead(checkpoint) ? written.withTied(false) : written;
        config = asked == null ? shown : shown.withMetadata(shown.metadata().withQuantization(asked.method()));
        found = WeightLeaves.find(directory, config, stored, checkpoint, gguf != null);
        notes = List.copyOf(notes());
    }

    /// Opens a model, `config.json` and weights or a GGUF file, and checks that every weight of the model is there in its
    /// shape.
    ///
    /// @throws IOException if a file is missing or damaged, or the weights are not those of the config; says which
    public static LlamaWeights open(Path directoryOrFile) throws IOException {
        return open(directoryOrFile, null, true, Options.standard());
    }

    /// The same model with its matrices quantized: what is not stored so is quantized when [#resident] is first asked
    /// for, on all cores, bit for bit as it would be stored. What this quantization is not for stays as it is.
    ///
    /// @throws IOException as [#open], or if the weights are stored in another quantization
    public static LlamaWeights openQuantized(Path directory, Quantization quantization) throws IOException {
        ModelDirectory.check(directory);
        return open(directory, quantization, true, Options.standard());
    }

    /// The model as [#open(Path)] or [#openQuantized] have it, mapped or copied into memory.
    ///
    /// @param quantization null for weights as they are stored
    /// @param options      for quantizing and hashing the weights
    /// @throws IOException as [#openQuantized]
    public static LlamaWeights open(Path directoryOrFile, Quantization quantization, boolean map, Options options)
            throws IOException {
        if (GgufFile.is(directoryOrFile)) {
            return openGguf(directoryOrFile, quantization, map, options);
        }
        ModelDirectory.check(directoryOrFile);
        LlamaConfig stored = ConfigJson.read(directoryOrFile);
        refuseQuantized(directoryOrFile, stored.metadata().quantization(), quantization);
        Checkpoint checkpoint = map ? Checkpoint.open(directoryOrFile) : Checkpoint.openCopy(directoryOrFile);
        try {
            return new LlamaWeights(directoryOrFile, stored, quantization, map, options, checkpoint, null);
        } catch (IOException | RuntimeException e) {
            checkpoint.close();
            throw e;
        }
    }

    private static LlamaWeights openGguf(Path path, Quantization quantization, boolean map, Options options)
            throws IOException {
        GgufWeights weights = GgufWeights.open(path, map);
        try {
            refuseQuantized(path, weights.quantization(), quantization);
            return new LlamaWeights(path, weights.config, quantization, map, options, Checkpoint.of(path, weights),
                    weights);
        } catch (IOException | RuntimeException e) {
            weights.close();
            throw e;
        }
    }

    private static void refuseQuantized(Path model, String method, Quantization asked) throws IOException {
        if (asked != null && method != null && !method.equals(asked.method())) {
            throw new IOException(model + ": its weights are quantized already (" + method + "); " + asked.method()
                    + " is made from the original model");
        }
    }

    /// Whether this is a GGUF file.
    public boolean isGguf() {
        return gguf != null;
    }

    /// Whether a model has an output head that is more than a copy of its embedding. That, and not what its config
    /// says, decides whether the two are tied, as in Hugging Face's library.
    public static boolean hasOwnHead(Checkpoint model) throws IOException {
        if (!model.has(Llama.HEAD) || !model.has(Llama.EMBEDDING)) {
            return model.has(Llama.HEAD);
        }
        Tensor head = model.tensor(Llama.HEAD);
        Tensor embedding = model.tensor(Llama.EMBEDDING);
        return head.dtype() != embedding.dtype() || !head.shape().equals(embedding.shape())
                || head.data().mismatch(embedding.data()) >= 0;
    }

    private List<String> notes() {
        List<String> notes = new ArrayList<>();
        if (isStoredTied && !config.tied()) {
            notes.add("config.json says tie_word_embeddings true, but \"" + Llama.HEAD
                    + "\" is not the embedding: it is used as a head of its own");
        }
        notes.addAll(UnusedTensors.notes(checkpoint.names(), found.leaves().keySet(), config.layers()));
        return notes;
    }

    /// The content of `config.json`, corrected where the weights show otherwise: what a model made from this one needs.
    public byte[] configJson() throws IOException {
        if (isGguf()) {
            return ConfigJson.text(config).getBytes(StandardCharsets.UTF_8);
        }
        Path file = directory.resolve("config.json");
        if (config.tied() == isStoredTied) {
            return Files.readAllBytes(file);
        }
        ObjectNode json = Json.readObject(file);
        json.put("tie_word_embeddings", false);
        return (json.toPrettyString() + "\n").getBytes(StandardCharsets.UTF_8);
    }

    /// The weights as frozen leaves, in the types that they have here.
    public Parameters frozen() {
        return found.frozen(directory);
    }

    /// The model without adapters.
    public Llama model() {
        return Llama.of(config, frozen(), Llama.Wrap.NONE);
    }

    /// Every weight of the model with its type here: in a quantized one as `[out, in]`, not the bytes that the file
    /// has.
    public List<TensorInfo> infos() {
        return found.leaves()
                .values()
                .stream()
                .map(leaf -> new TensorInfo(leaf.name(), leaf.dtype(), leaf.shape()))
                .toList();
    }

    /// Bytes of memory that the weights take: what [#resident] allocates because it is not in the file as it is needed,
    /// and the copy of the file if it is not mapped.
    public long allocatedBytes() {
        return (isMapped ? 0 : checkpoint.bytes()) + (isGguf() ? gguf.reorderedBytes() : 0)
                + found.made().stream().mapToLong(name -> found.leaves().get(name).type().bytes()).sum();
    }

    /// The tensors behind [#frozen], by name; they live until this is closed.
    ///
    /// @throws IOException if a weight cannot be quantized; says which
    public Map<String, Tensor> resident() throws IOException {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (Leaf leaf : found.leaves().values()) {
            Tensor tensor = quantized.get(leaf.name());
            if (tensor == null) {
                tensor = tensor(leaf.name(), arena);
                if (found.made().contains(leaf.name())) {
                    quantized.put(leaf.name(), tensor);
                }
            }
            tensors.put(leaf.name(), tensor);
        }
        return tensors;
    }

    /// One weight: mapped, or made in `arena` if it has to be quantized.
    ///
    /// @throws IOException as [#resident]
    public Tensor tensor(String name, Arena arena) throws IOException {
        Leaf leaf = found.leaves().get(name);
        Tensor inFile = checkpoint.tensor(name);
        if (!found.made().contains(name)) {
            return new Tensor(leaf.dtype(), leaf.shape(), inFile.data());
        }
        Tensor target = Tensor.allocate(arena, leaf.dtype(), leaf.shape());
        if (quantizer == null) {
            quantizer = new Quantizer(options);
        }
        try {
            quantizer.quantize(inFile, target);
        } catch (ArithmeticException e) {
            throw new IOException(directory + ": \"" + name + "\": " + e.getMessage(), e);
        }
        return target;
    }

    /// The device, checking the files after each run of a program that reads weights: results from weights that were
    /// overwritten or cut meanwhile are not used. Its programs throw an [UncheckedIOException] then.
    public Device watched(Device device) {
        return new WatchedDevice(device, checkpoint);
    }

    /// A hash of every byte of every tensor in the files, in the order of their names: 16 hexadecimal digits. The first
    /// call reads everything.
    public String contentHash() throws IOException {
        if (contentHash == null) {
            long hash = 0;
            try (ContentHash content = new ContentHash(options)) {
                for (String name : new TreeSet<>(checkpoint.names())) {
                    hash = Long.rotateLeft(hash, 7) * 31 + content.of(checkpoint.tensor(name).data());
                }
            }
            checkpoint.verifyUnchanged();
            contentHash = HexFormat.of().toHexDigits(hash);
        }
        return contentHash;
    }

    @Override
    public void close() throws IOException {
        if (quantizer != null) {
            quantizer.close();
        }
        arena.close();
        checkpoint.close();
    }
}
