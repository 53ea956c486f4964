package llams.trainer.lora;

import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import llams.engine.llama.ProjectionName;
import llams.engine.safetensors.JsonTree;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// PEFT's `adapter_config.json`. Fields that do not change what an adapter computes are ignored; those that do are refused
/// by name.
final class PeftConfig {
    private static final JsonMapper JSON = JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();
    /// Each of these changes the result unless it is absent, null, false or empty.
    private static final List<String> UNSUPPORTED = List.of("use_dora", "modules_to_save", "fan_in_fan_out", "rank_pattern",
            "alpha_pattern", "layers_to_transform", "layers_pattern", "layer_replication", "exclude_modules", "lora_bias",
            "target_parameters", "trainable_token_indices", "use_qalora", "alora_invocation_tokens", "arrow_config");
    /// These initialisations change the base model too.
    private static final List<String> CHANGE_BASE = List.of("pissa", "olora", "loftq", "corda");

    private PeftConfig() {
    }

    /// @throws IOException if it is not JSON, lacks a field or asks for something that is not supported; says which
    static LoraConfig read(Path file) throws IOException {
        try {
            return parse(JsonTree.readObject(file));
        } catch (IllegalArgumentException e) {
            throw new IOException(file + ": " + e.getMessage(), e);
        }
    }

    /// The base model's name or path as the file has it, for messages.
    static String baseModel(Path file) throws IOException {
        return JsonTree.readObject(file).path("base_model_name_or_path").asString("its name is not recorded");
    }

    private static LoraConfig parse(JsonNode json) {
        String type = json.path("peft_type").asString("");
        if (!type.equals("LORA")) {
            throw new IllegalArgumentException("peft_type \"" + type + "\" is not supported; this program knows: LORA");
        }
        for (String name : UNSUPPORTED) {
            JsonNode value = json.path(name);
            boolean plain = value.isMissingNode() || value.isNull() || value.isBoolean() && !value.asBoolean()
                    || value.isContainer() && value.isEmpty();
            if (!plain) {
                throw new IllegalArgumentException(name + " " + value + " is not supported; save the adapter without it");
            }
        }
        if (!json.path("bias").asString("none").equals("none")) {
            throw new IllegalArgumentException("bias " + json.path("bias") + " is not supported; this program knows: none");
        }
        String initial = json.path("init_lora_weights").isString() ? json.path("init_lora_weights").asString() : "";
        if (CHANGE_BASE.stream().anyMatch(initial::startsWith)) {
            throw new IllegalArgumentException("init_lora_weights \"" + initial
                    + "\" changes the base model's weights and is not supported; convert the adapter to a plain LoRA");
        }
        JsonNode rank = json.path("r");
        JsonNode alpha = json.path("lora_alpha");
        if (!rank.isIntegralNumber() || !rank.canConvertToInt()) {
            throw new IllegalArgumentException("\"r\" must be a whole number, not " + shown(rank));
        }
        if (!alpha.isNumber()) {
            throw new IllegalArgumentException("\"lora_alpha\" must be a number, not " + shown(alpha));
        }
        return new LoraConfig(rank.asInt(), alpha.asDouble(), json.path("lora_dropout").asDouble(0),
                targets(json.path("target_modules")), json.path("use_rslora").asBoolean(false));
    }

    private static Set<ProjectionName> targets(JsonNode modules) {
        if (modules.isString() && modules.asString().equals("all-linear")) {
            return EnumSet.allOf(ProjectionName.class);
        }
        if (!modules.isArray()) {
            throw new IllegalArgumentException("\"target_modules\" must be a list of names or \"all-linear\", not "
                    + shown(modules) + (modules.isString() ? ": patterns are not supported" : ""));
        }
        Set<ProjectionName> targets = EnumSet.noneOf(ProjectionName.class);
        for (JsonNode module : modules) {
            String name = module.asString("");
            ProjectionName found = null;
            for (ProjectionName projection : ProjectionName.values()) {
                if (name.equals(projection.moduleName()) || name.equals(projection.path)) {
                    found = projection;
                }
            }
            if (found == null) {
                throw new IllegalArgumentException("target_modules has " + module + ", which is not supported; this program knows:"
                        + " q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj");
            }
            targets.add(found);
        }
        return targets;
    }

    private static String shown(JsonNode value) {
        return value.isMissingNode() ? "absent" : value.toString();
    }

    /// The file's bytes. Of the strength it says `alpha / rank` alone: some readers ignore `use_rslora`.
    static byte[] write(LoraConfig config, String baseModel) {
        LoraConfig plain = config.plain();
        ObjectNode json = JSON.createObjectNode();
        json.put("peft_type", "LORA").put("task_type", "CAUSAL_LM").put("base_model_name_or_path", baseModel)
                .put("r", plain.rank());
        if (plain.alpha() == Math.rint(plain.alpha()) && plain.alpha() < Integer.MAX_VALUE) {
            json.put("lora_alpha", (int) plain.alpha());
        } else {
            json.put("lora_alpha", plain.alpha());
        }
        json.put("lora_dropout", plain.dropout()).put("bias", "none");
        ArrayNode targets = json.putArray("target_modules");
        plain.targets().forEach(target -> targets.add(target.moduleName()));
        json.put("use_dora", false).put("use_rslora", false).putNull("modules_to_save").put("fan_in_fan_out", false)
                .put("inference_mode", true).put("init_lora_weights", true);
        json.putObject("rank_pattern");
        json.putObject("alpha_pattern");
        return JSON.writeValueAsBytes(json);
    }
}
