package llams.engine.gguf;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import llams.engine.llama.LlamaConfig;
import llams.engine.tensor.DType;
import llams.engine.tensor.Tensor;

/// What a GGUF file says of a Llama model's sizes and constants.
public final class GgufConfig {
    static final String ARCHITECTURE = "general.architecture";
    private static final String LLAMA = "llama";
    private static final String BEGIN = "tokenizer.ggml.bos_token_id";
    /// Keys of ids that end a text, a turn or a message.
    private static final List<String> ENDS = List.of("tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id",
            "tokenizer.ggml.eom_token_id");
    /// Features of other models, which would change the result.
    private static final List<String> FOREIGN = List.of("expert_count", "attention.sliding_window",
            "attention.clamp_kqv", "attention.scale", "logit_scale", "residual_scale", "embedding_scale");
    private static final int MAX_LAYERS = 10_000;
    private static final int MAX_WIDTH = 1 << 24;

    private final GgufFile file;
    private final GgufMetadata metadata;

    private GgufConfig(GgufFile file) {
        this.file = file;
        metadata = file.metadata;
    }

    /// The model that a file holds.
    ///
    /// @throws GgufException if it is no Llama model, lacks a key, or asks for something that is not supported; says
    ///     which
    public static LlamaConfig read(GgufFile file) throws GgufException {
        return new GgufConfig(file).config();
    }

    /// The keys that describe a model.
    public static Map<String, GgufValue> values(LlamaConfig config) {
        Map<String, GgufValue> values = new LinkedHashMap<>();
        values.put(key("vocab_size"), GgufValue.of(config.vocab()));
        values.put(key("context_length"), GgufValue.of(config.maxPositions()));
        values.put(key("embedding_length"), GgufValue.of(config.dim()));
        values.put(key("block_count"), GgufValue.of(config.layers()));
        values.put(key("feed_forward_length"), GgufValue.of(config.hiddenDim()));
        values.put(key("rope.dimension_count"), GgufValue.of(config.headDim()));
        values.put(key("rope.freq_base"), GgufValue.of((float) config.ropeTheta()));
        values.put(key("attention.head_count"), GgufValue.of(config.heads()));
        values.put(key("attention.head_count_kv"), GgufValue.of(config.kvHeads()));
        values.put(key("attention.layer_norm_rms_epsilon"), GgufValue.of(config.normEps()));
        // Readers take dim / heads unless these are there.
        values.put(key("attention.key_length"), GgufValue.of(config.headDim()));
        values.put(key("attention.value_length"), GgufValue.of(config.headDim()));
        return values;
    }

    /// As the file has it: `llama.block_count`.
    private static String key(String name) {
        return LLAMA + "." + name;
    }

    private LlamaConfig config() throws GgufException {
        String architecture = metadata.text(ARCHITECTURE);
        if (!architecture.equals(LLAMA)) {
            throw new GgufException(file.path,
                    "architecture \"" + architecture + "\" is not supported; this program runs: llama");
        }
        for (String name : FOREIGN) {
            if (metadata.number(key(name), 0) != 0) {
                throw new GgufException(file.path, "\"" + key(name) + "\" is " + metadata.number(key(name))
                        + ", which is not supported; Llama 3 has none");
            }
        }
        int dim = size("embedding_length", MAX_WIDTH);
        int heads = size("attention.head_count", MAX_WIDTH);
        int kvHeads = metadata.has(key("attention.head_count_kv")) ? size("attention.head_count_kv", heads) : heads;
        int headDim = metadata.has(key("attention.key_length")) ? size("attention.key_length", MAX_WIDTH) : dim / heads;
        check(headDim % 2 == 0 && headDim > 0, "attention.key_length", headDim, "an even number");
        check(heads % kvHeads == 0, "attention.head_count", heads, "a multiple of head_count_kv " + kvHeads);
        check((long) heads * headDim <= MAX_WIDTH, "attention.head_count", heads, "heads no wider than any model's");
        check(metadata.whole(key("attention.value_length"), headDim) == headDim, "attention.value_length",
                metadata.whole(key("attention.value_length"), headDim), "that of keys, " + headDim);
        check(metadata.whole(key("rope.dimension_count"), headDim) == headDim, "rope.dimension_count",
                metadata.whole(key("rope.dimension_count"), headDim), "the width of a head, " + headDim);
        double theta = metadata.number(key("rope.freq_base"), 10_000);
        double eps = metadata.number(key("attention.layer_norm_rms_epsilon"));
        check(theta > 0 && theta < Double.POSITIVE_INFINITY, "rope.freq_base", theta, "a positive number");
        check(eps > 0 && eps < 1, "attention.layer_norm_rms_epsilon", eps, "a number between 0 and 1");
        return new LlamaConfig(dim, size("feed_forward_length", MAX_WIDTH), size("block_count", MAX_LAYERS), heads,
                kvHeads, headDim, vocab(), (float) eps, theta, scaling(theta, headDim),
                size("context_length", Integer.MAX_VALUE), !file.entries.containsKey(GgufNames.HEAD),
                LlamaConfig.Metadata.standard().withIds(begin(), ends()));
    }

    private int vocab() throws GgufException {
        GgufFile.Entry embedding = file.entries.get(GgufNames.EMBEDDING);
        if (embedding == null || embedding.info().shape().rank() != 2 || embedding.info().shape().dim(0) < 1
                || embedding.info().shape().dim(0) > Integer.MAX_VALUE) {
            throw new GgufException(file.path, "has no table of tokens \"" + GgufNames.EMBEDDING + "\"");
        }
        return (int) embedding.info().shape().dim(0);
    }

    /// Llama 3's stretching stands in a tensor, that of others in keys.
    private LlamaConfig.RopeScaling scaling(double theta, int headDim) throws GgufException {
        String type = metadata.text(key("rope.scaling.type"), "none");
        if (!type.equals("none")) {
            throw new GgufException(file.path,
                    "rope scaling of type \"" + type
                            + "\" is not supported; this program knows Llama 3.1's, a tensor \""
                            + GgufNames.ROPE_DIVISORS + "\"");
        }
        if (!file.entries.containsKey(GgufNames.ROPE_DIVISORS)) {
            return null;
        }
        Tensor divisors = file.tensor(GgufNames.ROPE_DIVISORS);
        if (divisors.dtype() != DType.F32 || divisors.elements() != headDim / 2) {
            throw new GgufException(file.path, "\"" + GgufNames.ROPE_DIVISORS + "\" is " + divisors.dtype() + " "
                    + divisors.shape() + "; wanted F32 [" + headDim / 2 + "]");
        }
        return RopeDivisors.scaling(theta, divisors.toFloats())
                .orElseThrow(() -> new GgufException(file.path, "\"" + GgufNames.ROPE_DIVISORS
                        + "\" is not what Llama 3.1's scaling of rotary frequencies gives; other scalings are not"
                        + " supported"));
    }

    private int begin() throws GgufException {
        return Math.clamp(metadata.whole(BEGIN, -1), -1, Integer.MAX_VALUE);
    }

    private List<Integer> ends() throws GgufException {
        TreeSet<Integer> ids = new TreeSet<>();
        for (String key : ENDS) {
            if (metadata.has(key)) {
                ids.add(Math.clamp(metadata.whole(key), 0, Integer.MAX_VALUE));
            }
        }
        return List.copyOf(ids);
    }

    private int size(String name, int most) throws GgufException {
        long size = metadata.whole(key(name));
        check(size > 0 && size <= most, name, size, "a whole number from 1 to " + most);
        return (int) size;
    }

    private void check(boolean holds, String name, Number found, String wanted) throws GgufException {
        if (!holds) {
            throw new GgufException(file.path, "\"" + key(name) + "\" is " + found + "; wanted " + wanted);
        }
    }
}
