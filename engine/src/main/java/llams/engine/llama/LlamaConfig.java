package llams.engine.llama;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import llams.engine.weights.ConfigJson;
import llams.engine.weights.Quantization;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// The sizes and constants of a Llama model, as a Hugging Face `config.json` states them.
///
/// @param dim              width of the residual stream (`hidden_size`)
/// @param hiddenDim        width inside the feed-forward block (`intermediate_size`)
/// @param headDim          width of one head; `dim / heads` unless the file says otherwise
/// @param ropeScaling      Llama 3.1's stretching of the rotary frequencies, or null
/// @param maxPositions     tokens that the model was made for (`max_position_embeddings`)
/// @param tied             true if the output head is the embedding table
/// @param initializerRange standard deviation of a new model's weights
/// @param bos              id that begins a text, or -1
/// @param eos              ids that end one; may be empty
/// @param dtype            the weights' type as the file names it (`bfloat16`), or null
/// @param quantization     `q8_0` if most weights are quantized (see [Quantization]), or null
/// @param attentionDropout rate at which training is meant to drop attention weights; nothing here does
public record LlamaConfig(int dim, int hiddenDim, int layers, int heads, int kvHeads, int headDim, int vocab,
        float normEps, double ropeTheta, RopeScaling ropeScaling, int maxPositions, boolean tied,
        float initializerRange, int bos, List<Integer> eos, String dtype, String quantization,
        double attentionDropout) {
    /// The `llama3` rope scaling: wavelengths over `originalPositions / lowFactor` are stretched by `factor`, those
    /// under `originalPositions / highFactor` are kept, and those between are blended.
    public record RopeScaling(double factor, double lowFactor, double highFactor, double originalPositions) {}

    /// A model whose weights are not quantized, without dropout.
    public LlamaConfig(int dim, int hiddenDim, int layers, int heads, int kvHeads, int headDim, int vocab,
            float normEps, double ropeTheta, RopeScaling ropeScaling, int maxPositions, boolean tied,
            float initializerRange, int bos, List<Integer> eos, String dtype) {
        this(dim, hiddenDim, layers, heads, kvHeads, headDim, vocab, normEps, ropeTheta, ropeScaling, maxPositions,
                tied, initializerRange, bos, eos, dtype, null, 0);
    }

    /// Reads `config.json` of a model directory.
    ///
    /// @throws IOException if it is missing, is not JSON, lacks a field or asks for something that is not supported;
    ///     says which
    public static LlamaConfig read(Path directory) throws IOException {
        return readFile(directory.resolve("config.json"));
    }

    /// Reads a config file of any name.
    ///
    /// @throws IOException as [#read]
    public static LlamaConfig readFile(Path file) throws IOException {
        return ConfigJson.read(file);
    }

    /// The stop ids of a model directory: `eos_token_id` of `generation_config.json` if it has one, else of the config.
    ///
    /// @throws IOException if the file cannot be read, is not JSON, or has something else there
    public List<Integer> stopIds(Path directory) throws IOException {
        Path file = directory.resolve("generation_config.json");
        if (!Files.exists(file)) {
            return eos;
        }
        List<Integer> ids = ConfigJson.stopIds(file);
        return ids.isEmpty() ? eos : ids;
    }

    /// The same model with weights of another type, as the file names it (`bfloat16`).
    public LlamaConfig withDtype(String name) {
        return new LlamaConfig(dim, hiddenDim, layers, heads, kvHeads, headDim, vocab, normEps, ropeTheta, ropeScaling,
                maxPositions, tied, initializerRange, bos, eos, name, quantization, attentionDropout);
    }

    /// The same model with weights quantized by a method, or not quantized if it is null.
    public LlamaConfig withQuantization(String method) {
        return new LlamaConfig(dim, hiddenDim, layers, heads, kvHeads, headDim, vocab, normEps, ropeTheta, ropeScaling,
                maxPositions, tied, initializerRange, bos, eos, dtype, method, attentionDropout);
    }

    /// The same model with an output head of its own.
    public LlamaConfig untied() {
        return new LlamaConfig(dim, hiddenDim, layers, heads, kvHeads, headDim, vocab, normEps, ropeTheta, ropeScaling,
                maxPositions, false, initializerRange, bos, eos, dtype, quantization, attentionDropout);
    }

    /// The number of weights, the tied head counted once.
    public long parameters() {
        long attention = 2L * dim * heads * headDim + 2L * dim * kvHeads * headDim;
        long block = attention + 3L * dim * hiddenDim + 2L * dim;
        return layers * block + (tied ? 1L : 2L) * vocab * dim + dim;
    }

    /// The same model as `config.json`, with every field that readers would otherwise guess. The names are those of the
    /// older form (`rope_theta`, `torch_dtype`), which all readers know. How weights are stored is not part of it:
    /// nothing of quantization.
    public String toJson() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.putArray("architectures").add("LlamaForCausalLM");
        json.put("model_type", "llama")
                .put("hidden_size", dim)
                .put("intermediate_size", hiddenDim)
                .put("num_hidden_layers", layers)
                .put("num_attention_heads", heads)
                .put("num_key_value_heads", kvHeads)
                .put("head_dim", headDim)
                .put("vocab_size", vocab)
                .put("rms_norm_eps", Double.parseDouble(Float.toString(normEps)))
                .put("rope_theta", ropeTheta);
        if (ropeScaling == null) {
            json.putNull("rope_scaling");
        } else {
            json.putObject("rope_scaling")
                    .put("rope_type", "llama3")
                    .put("factor", ropeScaling.factor)
                    .put("low_freq_factor", ropeScaling.lowFactor)
                    .put("high_freq_factor", ropeScaling.highFactor)
                    .put("original_max_position_embeddings", (long) ropeScaling.originalPositions);
        }
        json.put("max_position_embeddings", maxPositions)
                .put("tie_word_embeddings", tied)
                .put("hidden_act", "silu")
                .put("attention_bias", false)
                .put("mlp_bias", false)
                .put("attention_dropout", attentionDropout)
                .put("initializer_range", Double.parseDouble(Float.toString(initializerRange)))
                .put("use_cache", true)
                .put("pretraining_tp", 1);
        if (bos >= 0) {
            json.put("bos_token_id", bos);
        }
        if (eos.size() == 1) {
            json.put("eos_token_id", eos.getFirst());
        } else if (!eos.isEmpty()) {
            eos.forEach(json.putArray("eos_token_id")::add);
        }
        json.put("torch_dtype", dtype == null ? "float32" : dtype);
        return json.toPrettyString() + "\n";
    }
}
