package llams.model.text;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import llams.engine.device.Device;
import llams.engine.graph.Leaf;
import llams.engine.llama.Llama;
import llams.engine.tensor.Tensor;
import llams.engine.weights.ConfigJson;
import llams.engine.weights.LlamaWeights;
import llams.engine.weights.SamplingDefaults;
import llams.model.chat.ModelText;
import llams.model.files.DataException;
import llams.model.files.ModelFiles;
import llams.model.lora.Adapter;
import llams.model.lora.AdapterFiles;
import llams.model.lora.DoraNorms;
import llams.model.lora.LoraModel;

/// An open model directory, with its adapter if there is one.
public final class LoadedModel implements AutoCloseable {
    /// Runs the model. It refuses to return results if the weights' files were overwritten meanwhile.
    public final Device device;
    public final LlamaWeights weights;
    public final Llama model;
    /// Every tensor by leaf name.
    public final Map<String, Tensor> resident;
    /// The tokenizer and the model's conventions; null if the directory has no tokenizer.
    public final ModelText text;
    /// The ids that end a continuation: the adapter's if it names some, else the model's.
    public final List<Integer> stopIds;
    /// The sampling settings of its makers: the adapter's if it has any, else the model's.
    public final SamplingDefaults sampling;
    /// What the model's and the adapter's files say that is not used, one line each.
    public final List<String> notes;
    final Arena arena;

    private LoadedModel(LlamaWeights weights, Path adapter, Device device, Arena arena) throws IOException {
        Path directory = weights.directory;
        this.device = weights.watched(device);
        this.weights = weights;
        this.arena = arena;
        text = ModelFiles.hasTokenizer(directory) ? ModelText.of(directory, adapter, Clock.systemDefaultZone()) : null;
        Path generation = generationConfig(directory, adapter);
        stopIds = ConfigJson.stopIds(weights.config, generation);
        if (adapter == null) {
            model = weights.model();
            resident = weights.resident();
            notes = weights.notes;
        } else {
            Adapter lora = DoraNorms.in(arena, AdapterFiles.read(adapter, weights, arena), weights.config,
                    weights.resident());
            model = LoraModel.of(weights.config, weights.frozen(), lora, Leaf.Kind.WEIGHT).model();
            resident = LoraModel.resident(weights.resident(), lora);
            notes = Stream.concat(weights.notes.stream(), lora.notes().stream()).toList();
        }
        sampling = SamplingDefaults.read(generation);
    }

    /// Where it is said how to generate: in the adapter's directory if that says so, else in the model's.
    static Path generationConfig(Path directory, Path adapterOrNull) {
        return adapterOrNull != null && Files.exists(adapterOrNull.resolve("generation_config.json"))
                ? adapterOrNull
                : directory;
    }

    /// @throws IOException              if a file is missing or damaged; says which
    /// @throws IllegalArgumentException if the adapter does not fit the model
    public static LoadedModel open(Path directory, OpenOptions options) throws IOException {
        return of(LlamaWeights.open(directory, options.quantization(), options.map(), options.device().options()),
                options.adapter(), options.device());
    }

    /// @param weights closed with the model, and also if it cannot be opened
    /// @param adapter a PEFT adapter's directory, or null
    /// @throws IOException              as [#open]
    /// @throws IllegalArgumentException as [#open]
    public static LoadedModel of(LlamaWeights weights, Path adapter, Device device) throws IOException {
        Arena arena = Arena.ofShared();
        try {
            return new LoadedModel(weights, adapter, device, arena);
        } catch (IOException | RuntimeException e) {
            arena.close();
            weights.close();
            throw e;
        }
    }

    /// [#text], for a caller that needs it.
    ///
    /// @param who what needs it, as `a conversation needs`
    /// @throws DataException if the directory has no tokenizer
    public ModelText requireText(String who) {
        if (text == null) {
            throw new DataException(
                    weights.directory + ": " + who + " a tokenizer, and there is none; put its tokenizer.json there");
        }
        return text;
    }

    @Override
    public void close() throws IOException {
        arena.close();
        weights.close();
    }
}
