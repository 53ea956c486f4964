package llams.engine.gguf;

import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import llams.engine.llama.Llama;
import llams.engine.llama.LlamaConfig;
import llams.engine.llama.ProjectionName;

/// The names that GGUF files have for the weights of a Llama model, and the order of their rows.
///
/// GGUF pairs elements `2i` and `2i + 1` of a head for its rotary positions, a checkpoint `i` and `headDim / 2 + i`. So
/// the rows of the projections to queries and keys lie in another order, head by head.
public final class GgufNames {
    /// What the rotary frequencies are divided by, F32 `[headDim / 2]`; only in models that stretch them.
    public static final String ROPE_DIVISORS = "rope_freqs.weight";
    /// The weight of the output head.
    public static final String HEAD = "output.weight";
    /// The table of tokens.
    public static final String EMBEDDING = "token_embd.weight";
    private static final String WEIGHT = ".weight";
    private static final Pattern LAYER = Pattern.compile("blk\\.(\\d{1,9})\\.(.+)");
    private static final Pattern CHECKPOINT_LAYER = Pattern.compile("model\\.layers\\.(\\d{1,9})\\.(.+)");
    /// Names in a layer, the checkpoint's to the file's, without `.weight`.
    private static final Map<String, String> IN_LAYER = Map.of("input_layernorm", "attn_norm",
            "post_attention_layernorm", "ffn_norm", ProjectionName.Q.path, "attn_q", ProjectionName.K.path, "attn_k",
            ProjectionName.V.path, "attn_v", ProjectionName.O.path, "attn_output", ProjectionName.GATE.path, "ffn_gate",
            ProjectionName.UP.path, "ffn_up", ProjectionName.DOWN.path, "ffn_down");
    private static final Map<String, String> OUTSIDE = Map.of(Llama.EMBEDDING, EMBEDDING, Llama.NORM,
            "output_norm.weight", Llama.HEAD, HEAD);
    private static final Map<String, String> BACK = reversed(IN_LAYER);
    private static final Map<String, String> BACK_OUTSIDE = reversed(OUTSIDE);

    private GgufNames() {}

    private static Map<String, String> reversed(Map<String, String> map) {
        Map<String, String> reversed = new HashMap<>();
        map.forEach((from, to) -> reversed.put(to, from));
        return Map.copyOf(reversed);
    }

    /// The file's name of a checkpoint's weight, or null if it is none of a Llama model: `blk.0.attn_q.weight` of
    /// `model.layers.0.self_attn.q_proj.weight`.
    public static String inFile(String checkpointName) {
        return translated(checkpointName, CHECKPOINT_LAYER, "blk.", IN_LAYER, OUTSIDE);
    }

    /// The checkpoint's name of a file's tensor, or null likewise.
    public static String inCheckpoint(String fileName) {
        return translated(fileName, LAYER, "model.layers.", BACK, BACK_OUTSIDE);
    }

    private static String translated(String name, Pattern layer, String prefix, Map<String, String> within,
            Map<String, String> outside) {
        Matcher matcher = layer.matcher(name);
        if (!matcher.matches()) {
            return outside.get(name);
        }
        String rest = matcher.group(2);
        String module = rest.endsWith(WEIGHT) ? within.get(rest.substring(0, rest.length() - WEIGHT.length())) : null;
        return module == null ? null : prefix + matcher.group(1) + "." + module + WEIGHT;
    }

    /// Whether the rows of a weight lie in another order in a file.
    public static boolean isReordered(String checkpointName) {
        return checkpointName.endsWith("." + ProjectionName.Q.path + WEIGHT)
                || checkpointName.endsWith("." + ProjectionName.K.path + WEIGHT);
    }

    /// Where a row of such a weight is in a checkpoint.
    ///
    /// @param row its place in the file
    public static long rowInCheckpoint(long row, LlamaConfig config) {
        long inHead = row % config.headDim();
        return row - inHead + inHead % 2 * (config.headDim() / 2) + inHead / 2;
    }

    /// Where a row of such a weight is in a file.
    ///
    /// @param row its place in the checkpoint
    public static long rowInFile(long row, LlamaConfig config) {
        long inHead = row % config.headDim();
        int half = config.headDim() / 2;
        return row - inHead + inHead % half * 2 + inHead / half;
    }
}
