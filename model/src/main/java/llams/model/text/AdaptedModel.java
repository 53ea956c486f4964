package llams.model.text;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import llams.engine.llama.Llama;
import llams.engine.tensor.Tensor;
import llams.engine.weights.ConfigJson;
import llams.engine.weights.LlamaWeights;
import llams.engine.weights.SamplingDefaults;
import llams.model.chat.ModelText;
import llams.model.lora.Adapter;
import llams.model.lora.AdapterFiles;
import llams.model.lora.DoraNorms;
import llams.model.lora.LoraModel;

/// An open model with an adapter, beside the model itself and others.
///
/// @param tensors  the adapter's by leaf name; the base's are [LoadedModel#resident]
/// @param stopIds  as in [LoadedModel]
/// @param sampling as in [LoadedModel]
/// @param notes    what the adapter's files say that is not used, one line each
public record AdaptedModel(Llama model, Map<String, Tensor> tensors, ModelText text, List<Integer> stopIds,
        SamplingDefaults sampling, List<String> notes) {
    /// @param base  without an adapter; what is read lives as long as this
    /// @param place what tells its leaves from those of other adapters
    /// @throws IOException              if a file is missing or damaged; says which
    /// @throws IllegalArgumentException if the adapter does not fit the model
    public static AdaptedModel open(LoadedModel base, Path adapter, String place) throws IOException {
        LlamaWeights weights = base.weights;
        Adapter lora = DoraNorms.in(base.arena, AdapterFiles.read(adapter, weights, base.arena), weights.config,
                weights.resident());
        Path generation = LoadedModel.generationConfig(weights.directory, adapter);
        base.requireText("an adapter beside others needs");
        return new AdaptedModel(LoraModel.beside(weights.config, weights.frozen(), lora, place).model(),
                LoraModel.beside(lora, place), ModelText.of(weights.directory, adapter, Clock.systemDefaultZone()),
                ConfigJson.stopIds(weights.config, generation), SamplingDefaults.read(generation), lora.notes());
    }
}
