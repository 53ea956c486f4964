package llams.model.text;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import llams.engine.graph.Leaf;
import llams.engine.llama.Llama;
import llams.engine.tensor.Tensor;
import llams.engine.weights.ConfigJson;
import llams.engine.weights.LlamaWeights;
import llams.engine.weights.SamplingDefaults;
import llams.model.chat.ModelText;
import llams.model.files.ModelFiles;
import llams.model.lora.Adapter;
import llams.model.lora.AdapterFiles;
import llams.model.lora.LoraModel;
import llams.tokenizer.Tokenizer;

/// A model directory, opened to be used, with its adapter where there is one.
///
/// @param resident  every tensor by leaf name
/// @param text      what the model says about text; null if the directory has no tokenizer
/// @param stopIds   the ids that end a continuation: the adapter's if it says, else the model's
/// @param sampling  how its makers want tokens picked: the adapter's if it says, else the model's
/// @param notes     what the model's and the adapter's files have and does not count, a line each
public record LoadedModel(LlamaWeights weights, Llama model, Map<String, Tensor> resident, ModelText text,
        List<Integer> stopIds, SamplingDefaults sampling, List<String> notes, Arena arena) implements AutoCloseable {
    /// @param adapter a PEFT adapter's directory, or null
    /// @param weights the directory's, which are closed with the model
    public static LoadedModel open(Path directory, Path adapter, LlamaWeights weights) throws IOException {
        Arena arena = Arena.ofShared();
        try {
            ModelText text = ModelFiles.hasTokenizer(directory)
                    ? ModelText.of(directory, adapter, Clock.systemDefaultZone())
                    : null;
            if (adapter == null) {
                return new LoadedModel(weights, weights.model(), weights.resident(), text,
                        ConfigJson.stopIds(weights.config, directory), SamplingDefaults.read(directory), weights.notes, arena);
            }
            Path generation = Files.exists(adapter.resolve("generation_config.json")) ? adapter : directory;
            List<Integer> stopIds = ConfigJson.stopIds(weights.config, generation);
            Adapter lora = AdapterFiles.read(adapter, weights, arena);
            Llama model = LoraModel.of(weights.config, weights.frozen(), lora, Leaf.Kind.WEIGHT).model();
            return new LoadedModel(weights, model, LoraModel.resident(weights.resident(), lora), text, stopIds,
                    SamplingDefaults.read(generation),
                    Stream.concat(weights.notes.stream(), lora.notes().stream()).toList(), arena);
        } catch (IOException | RuntimeException e) {
            arena.close();
            weights.close();
            throw e;
        }
    }

    /// Null if the directory has none.
    public Tokenizer tokenizer() {
        return text == null ? null : text.tokenizer();
    }

    @Override
    public void close() throws IOException {
        arena.close();
        weights.close();
    }
}
