package llams.model.lora;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import llams.engine.io.Json;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/// PEFT's `adapter_config.json`. Every field is used, or known to change nothing in a trained adapter, or refused by
/// name; what no PEFT known here writes is left out and noted.
///
/// @param base  the base model's name or path as the file has it; may be null
/// @param notes what was left out, a line each
record PeftConfig(PeftRules rules, String base, List<String> notes) {
    static final JsonMapper JSON = JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();
    /// Each of these changes the result unless it is absent, null, false or empty.
    private static final List<String> UNSUPPORTED = List.of("fan_in_fan_out", "layer_replication", "lora_bias",
            "target_parameters", "trainable_token_indices", "use_qalora", "alora_invocation_tokens", "arrow_config",
            "kasa_config", "velora_config", "monteclora_config", "use_bdlora", "megatron_config");
    private static final Set<String> USED = Set.of("peft_type", "task_type", "bias", "init_lora_weights", "r",
            "lora_alpha", "lora_dropout", "target_modules", "exclude_modules", "use_rslora", "layers_to_transform",
            "layers_pattern", "rank_pattern", "alpha_pattern", "base_model_name_or_path", "use_dora", "modules_to_save",
            "ensure_weight_tying");
    /// How an adapter began, where it came from, and settings of what is refused itself.
    private static final Set<String> HARMLESS = Set.of("auto_mapping", "corda_config", "eva_config", "inference_mode",
            "loftq_config", "lora_ga_config", "megatron_core", "peft_version", "qalora_group_size", "revision",
            "runtime_config");
    /// Initialisations that leave the base model as it is.
    private static final Set<String> KEEP_BASE = Set.of("gaussian", "eva", "orthogonal", "mica");
    /// These change the base model too: the adapter is of use only with weights that are not in its file.
    private static final List<String> CHANGE_BASE = List.of("pissa", "olora", "loftq", "corda", "lora_ga");

    /// @throws IOException if it is not JSON, lacks a field or asks for something that is not supported; says which
    static PeftConfig read(Path file) throws IOException {
        try {
            JsonNode json = Json.readObject(file);
            refuseOthers(json);
            return new PeftConfig(rules(json), json.path("base_model_name_or_path").asString(null),
                    unknown(file, json));
        } catch (IllegalArgumentException e) {
            throw new IOException(file + ": " + e.getMessage(), e);
        }
    }

    private static void refuseOthers(JsonNode json) {
        refuseUnless(json, "peft_type", json.path("peft_type").asString("").equals("LORA"), "LORA");
        refuseUnless(json, "task_type",
                !isSet(json, "task_type") || json.get("task_type").asString("").equals("CAUSAL_LM"), "CAUSAL_LM");
        refuseUnless(json, "bias", !isSet(json, "bias") || json.get("bias").asString("").equals("none"), "none");
        for (String name : UNSUPPORTED) {
            if (!isPlain(json.path(name))) {
                throw new IllegalArgumentException(
                        name + " " + json.get(name) + " is not supported; save the adapter without it");
            }
        }
        JsonNode initial = json.path("init_lora_weights");
        String method = initial.asString("").toLowerCase(Locale.ROOT);
        if (CHANGE_BASE.stream().anyMatch(method::startsWith)) {
            throw new IllegalArgumentException("init_lora_weights " + initial
                    + " changes the base model's weights and is not supported; convert the adapter to a plain LoRA");
        }
        if (isSet(json, "init_lora_weights") && !initial.isBoolean() && !KEEP_BASE.contains(method)) {
            throw new IllegalArgumentException("init_lora_weights " + initial + " is not known, and may change the"
                    + " base model's weights; this program knows: true, false, eva, gaussian, mica, orthogonal");
        }
    }

    private static void refuseUnless(JsonNode json, String name, boolean holds, String known) {
        if (!holds) {
            throw new IllegalArgumentException(name + " " + (json.has(name) ? json.get(name).toString() : "\"\"")
                    + " is not supported; this program knows: " + known);
        }
    }

    private static boolean isSet(JsonNode json, String name) {
        return json.hasNonNull(name);
    }

    /// Absent, null, false or empty.
    private static boolean isPlain(JsonNode value) {
        return value.isMissingNode() || value.isNull() || value.isBoolean() && !value.asBoolean()
                || value.isContainer() && value.isEmpty();
    }

    private static List<String> unknown(Path file, JsonNode json) {
        List<String> notes = new ArrayList<>();
        for (Map.Entry<String, JsonNode> field : json.properties()) {
            String name = field.getKey();
            if (!USED.contains(name) && !HARMLESS.contains(name) && !UNSUPPORTED.contains(name)
                    && !isPlain(field.getValue())) {
                notes.add(file + ": " + name + " is not known and left out");
            }
        }
        return notes;
    }

    private static PeftRules rules(JsonNode json) {
        JsonNode rank = json.path("r");
        JsonNode alpha = json.path("lora_alpha");
        JsonNode modules = json.path("target_modules");
        boolean isAll = modules.isString() && modules.asString().equalsIgnoreCase("all-linear");
        ModuleNames targets = isAll
                ? new ModuleNames.AllLinear()
                : names("target_modules", modules, " or \"all-linear\"");
        ModuleNames excluded = isPlain(json.path("exclude_modules"))
                ? null
                : names("exclude_modules", json.get("exclude_modules"), "");
        Set<Integer> layers = layers(json.path("layers_to_transform"));
        List<String> layerPatterns = isPlain(json.path("layers_pattern"))
                ? List.of()
                : strings("layers_pattern", json.get("layers_pattern"));
        if (layers != null && !(targets instanceof ModuleNames.Listed)) {
            throw new IllegalArgumentException("layers_to_transform needs target_modules to be a list, not " + modules);
        }
        if (layers == null && !layerPatterns.isEmpty()) {
            throw new IllegalArgumentException(
                    "layers_pattern " + json.get("layers_pattern") + " needs layers_to_transform");
        }
        double dropout = json.path("lora_dropout").asDouble(0);
        LoraLayout.checkDropout(dropout);
        return new PeftRules(targets, excluded, layers, layerPatterns, rank("\"r\"", rank),
                overrides("rank_pattern", json, value -> rank("a rank", value)), alpha("\"lora_alpha\"", alpha),
                overrides("alpha_pattern", json, value -> alpha("a strength", value)),
                json.path("use_rslora").asBoolean(false), dropout, form(json));
    }

    private static LoraForm form(JsonNode json) {
        Set<String> saved = new TreeSet<>();
        for (String name : isPlain(json.path("modules_to_save"))
                ? List.<String>of()
                : strings("modules_to_save", json.get("modules_to_save"))) {
            saved.add(Modules.ENDS.stream()
                    .filter(module -> ModuleNames.Listed.isNamed(name, module))
                    .findAny()
                    .orElseThrow(() -> new IllegalArgumentException("modules_to_save has \"" + name
                            + "\", which is not supported; this program knows: embed_tokens, lm_head")));
        }
        return new LoraForm(json.path("use_dora").asBoolean(false), saved,
                json.path("ensure_weight_tying").asBoolean(false));
    }

    private static int rank(String what, JsonNode value) {
        if (!value.isIntegralNumber() || !value.canConvertToInt()) {
            throw new IllegalArgumentException(what + " must be a whole number, not " + shown(value));
        }
        return new LoraLayout.Part(value.asInt(), 1).rank();
    }

    private static double alpha(String what, JsonNode value) {
        if (!value.isNumber()) {
            throw new IllegalArgumentException(what + " must be a number, not " + shown(value));
        }
        return new LoraLayout.Part(1, value.asDouble()).alpha();
    }

    private static ModuleNames names(String field, JsonNode value, String more) {
        if (value.isString()) {
            return new ModuleNames.Matching(pattern(field, value.asString(), PythonPattern::new));
        }
        if (!value.isArray()) {
            throw new IllegalArgumentException(
                    "\"" + field + "\" must be a list of names, a pattern" + more + ", not " + shown(value));
        }
        List<String> names = strings(field, value);
        if (names.isEmpty()) {
            throw new IllegalArgumentException("a LoRA adapter needs at least one target");
        }
        return new ModuleNames.Listed(names);
    }

    /// A string, or a list of strings.
    private static List<String> strings(String field, JsonNode value) {
        List<String> strings = new ArrayList<>();
        for (JsonNode element : value.isArray() ? value : List.of(value)) {
            if (!element.isString()) {
                throw new IllegalArgumentException("\"" + field + "\" must hold names, not " + element);
            }
            strings.add(element.asString());
        }
        return strings;
    }

    /// A number, or a list of numbers; null if there is none.
    private static Set<Integer> layers(JsonNode value) {
        if (isPlain(value)) {
            return null;
        }
        Set<Integer> layers = new LinkedHashSet<>();
        for (JsonNode layer : value.isArray() ? value : List.of(value)) {
            if (!layer.isIntegralNumber() || !layer.canConvertToInt()) {
                throw new IllegalArgumentException(
                        "\"layers_to_transform\" must be a layer's number or a list of them, not " + value);
            }
            layers.add(layer.asInt());
        }
        return layers;
    }

    private static <T> List<PeftRules.Override<T>> overrides(String field, JsonNode json, Function<JsonNode, T> value) {
        JsonNode patterns = json.path(field);
        if (!isPlain(patterns) && !patterns.isObject()) {
            throw new IllegalArgumentException("\"" + field + "\" must map patterns to numbers, not be " + patterns);
        }
        List<PeftRules.Override<T>> overrides = new ArrayList<>();
        for (Map.Entry<String, JsonNode> entry : patterns.properties()) {
            overrides.add(pattern(field, entry.getKey(),
                    key -> new PeftRules.Override<>(key, value.apply(entry.getValue()))));
        }
        return overrides;
    }

    private static <T> T pattern(String field, String pattern, Function<String, T> made) {
        try {
            return made.apply(pattern);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(field + ": " + e.getMessage(), e);
        }
    }

    private static String shown(JsonNode value) {
        return value.isMissingNode() ? "absent" : value.toString();
    }
}
