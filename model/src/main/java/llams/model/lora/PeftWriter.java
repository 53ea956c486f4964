package llams.model.lora;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.function.Function;
import llams.engine.llama.LlamaConfig;
import llams.engine.llama.ProjectionName;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Writes PEFT's `adapter_config.json`, in the simplest form that says what an adapter is. Its strength is always meant
/// as `alpha / rank`: some readers ignore `use_rslora`.
final class PeftWriter {
    private PeftWriter() {}

    static byte[] write(LoraLayout layout, LlamaConfig model, String baseModel) {
        int rank = layout.usual().rank();
        double alpha = layout.usual().alpha();
        ObjectNode json = PeftConfig.JSON.createObjectNode();
        json.put("peft_type", "LORA")
                .put("task_type", "CAUSAL_LM")
                .put("base_model_name_or_path", baseModel)
                .put("r", rank);
        putNumber(json, "lora_alpha", alpha);
        json.put("lora_dropout", layout.dropout()).put("bias", "none");
        putTargets(json, layout, model);
        LoraForm form = layout.form();
        json.put("use_dora", form.dora()).put("use_rslora", false);
        if (form.saved().isEmpty()) {
            json.putNull("modules_to_save");
        } else {
            ArrayNode saved = json.putArray("modules_to_save");
            form.saved().stream().map(Modules::shortName).forEach(saved::add);
        }
        if (form.tying()) {
            json.put("ensure_weight_tying", true);
        }
        json.put("fan_in_fan_out", false).put("inference_mode", true).put("init_lora_weights", true);
        ObjectNode ranks = json.putObject("rank_pattern");
        exceptions(layout, LoraLayout.Part::rank, rank).forEach(ranks::put);
        ObjectNode alphas = json.putObject("alpha_pattern");
        exceptions(layout, LoraLayout.Part::alpha, alpha).forEach((key, value) -> putNumber(alphas, key, value));
        return PeftConfig.JSON.writeValueAsBytes(json);
    }

    /// Short names where every layer has the same targets, whole ones where not.
    private static void putTargets(ObjectNode json, LoraLayout layout, LlamaConfig model) {
        ArrayNode names = json.putArray("target_modules");
        Set<SortedSet<Integer>> layers = new LinkedHashSet<>();
        for (ProjectionName projection : ProjectionName.values()) {
            SortedSet<Integer> own = layout.layers(projection);
            if (!own.isEmpty()) {
                names.add(projection.moduleName());
                layers.add(own);
            }
        }
        boolean isSome = !layers.isEmpty() && layers.iterator().next().size() < model.layers();
        for (String end : Modules.ENDS) {
            if (layout.part(end) != null) {
                // Whole names are not bound to layers.
                names.add(isSome ? end : Modules.shortName(end));
            }
        }
        if (layers.size() > 1) {
            names.removeAll();
            layout.parts().keySet().forEach(names::add);
        } else if (isSome) {
            layers.iterator().next().forEach(json.putArray("layers_to_transform")::add);
        }
    }

    private static void putNumber(ObjectNode json, String name, double value) {
        if (value == Math.rint(value) && Math.abs(value) < Integer.MAX_VALUE) {
            json.put(name, (int) value);
        } else {
            json.put(name, value);
        }
    }

    /// The modules with another value than `usual`: a projection's short name if it has that value in all its layers.
    private static <T> Map<String, T> exceptions(LoraLayout layout, Function<LoraLayout.Part, T> value, T usual) {
        Map<String, T> exceptions = new LinkedHashMap<>();
        for (ProjectionName projection : ProjectionName.values()) {
            List<LoraLayout.Part> own = layout.layers(projection)
                    .stream()
                    .map(layer -> layout.part(layer, projection))
                    .toList();
            Set<T> values = new LinkedHashSet<>(own.stream().map(value).toList());
            for (int layer : layout.layers(projection)) {
                T is = value.apply(layout.part(layer, projection));
                if (!is.equals(usual)) {
                    exceptions.put(values.size() == 1 ? projection.moduleName() : projection.module(layer), is);
                }
            }
        }
        for (String end : Modules.ENDS) {
            LoraLayout.Part part = layout.part(end);
            if (part != null && !value.apply(part).equals(usual)) {
                exceptions.put(Modules.shortName(end), value.apply(part));
            }
        }
        return exceptions;
    }
}
