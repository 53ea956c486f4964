package llams.model.merge;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// Configs that mean the same are the same in whatever form they stand; what they mean differently is found.
class ConfigMeaningTest {
    private static final String PLAIN = "\"hidden_size\": 64, \"num_attention_heads\": 4";
    private static final String LLAMA3 = "\"factor\": 8.0, \"low_freq_factor\": 1, \"high_freq_factor\": 4";

    private static Map<String, JsonNode> meaning(String fields) {
        return ConfigMeaning.of((ObjectNode) JsonMapper.shared()
                .readTree("{" + fields.replace("PLAIN", PLAIN).replace("LLAMA3", LLAMA3) + "}"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiterString = "->",
            quoteCharacter = '`',
            value = {
                    "PLAIN, \"rope_theta\": 500000.0 -> PLAIN, \"rope_parameters\": {\"rope_theta\": 5e5,"
                            + " \"rope_type\": \"default\"} -> ``",
                    "PLAIN, \"rope_theta\": 500000.0, \"rope_scaling\": null -> PLAIN, \"rope_parameters\":"
                            + " {\"rope_theta\": 500000} -> ``",
                    "PLAIN, \"rope_theta\": 5e5 -> PLAIN, \"rope_theta\": 5e5, \"rope_scaling\": {\"type\":"
                            + " \"default\"} -> ``",
                    "PLAIN -> PLAIN, \"head_dim\": 16, \"num_key_value_heads\": 4, \"rms_norm_eps\": 1e-06,"
                            + " \"rope_theta\": 10000.0, \"hidden_act\": \"silu\" -> ``",
                    "PLAIN, \"hidden_act\": \"swish\", \"head_dim\": null -> PLAIN -> ``",
                    "PLAIN, \"torch_dtype\": \"bfloat16\" -> PLAIN, \"dtype\": \"float32\","
                            + " \"max_position_embeddings\": 9 -> ``",
                    "PLAIN, \"rope_theta\": 5e5, \"rope_scaling\": {\"rope_type\": \"llama3\", LLAMA3,"
                            + " \"original_max_position_embeddings\": 8192} ->"
                            + " PLAIN, \"original_max_position_embeddings\": 8192, \"rope_parameters\":"
                            + " {\"rope_theta\": 500000, LLAMA3, \"type\": \"llama3\"} -> ``",
                    "PLAIN -> PLAIN, \"rope_theta\": 500000.0 -> rope_theta",
                    "PLAIN, \"rope_theta\": 5e5 -> PLAIN, \"rope_parameters\": {\"rope_theta\": 1e6} -> rope_theta",
                    "PLAIN -> PLAIN, \"head_dim\": 32 -> head_dim",
                    "PLAIN -> PLAIN, \"num_key_value_heads\": 2 -> num_key_value_heads",
                    "PLAIN -> PLAIN, \"rms_norm_eps\": 1e-5 -> rms_norm_eps",
                    "PLAIN -> PLAIN, \"hidden_act\": \"gelu\" -> hidden_act",
                    "PLAIN -> PLAIN, \"rope_parameters\": {\"rope_type\": \"llama3\", LLAMA3} -> rope_scaling",
                    "PLAIN, \"rope_scaling\": {\"rope_type\": \"llama3\", LLAMA3} -> PLAIN, \"rope_scaling\":"
                            + " {\"rope_type\": \"yarn\", LLAMA3} -> rope_scaling",
                    "PLAIN, \"rope_scaling\": {\"type\": \"llama3\", \"factor\": 8} -> PLAIN, \"rope_scaling\":"
                            + " {\"type\": \"llama3\", \"factor\": 32} -> rope_scaling",})
    void differences(String mine, String theirs, String expected) {
        Map<String, JsonNode> other = meaning(theirs);
        List<String> differences = new ArrayList<>();
        meaning(mine).forEach((name, value) -> {
            if (!ConfigMeaning.same(value, other.get(name))) {
                differences.add(name);
            }
        });
        assertEquals(expected, String.join(" ", differences));
    }
}
