package llams.model.lora;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import llams.engine.llama.LlamaConfig;

/// Which modules have an adapter, and of what rank and strength each is, by the rules of PEFT.
///
/// @param targets       the modules with an adapter, unless `excluded` (which may be null) has them too
/// @param layers        layers to which those targets are bound that are not given by their whole names; null for all
/// @param layerPatterns what may stand before a layer's number; empty for anything
/// @param ranks         exceptions from `rank`; of those that match a module, the first counts
/// @param alphas        exceptions from `alpha`, likewise
record PeftRules(ModuleNames targets, ModuleNames excluded, Set<Integer> layers, List<String> layerPatterns, int rank,
        List<Override<Integer>> ranks, double alpha, List<Override<Double>> alphas, boolean rsLora, double dropout,
        LoraForm form) {
    /// Another value for the modules whose name, or whose end after a dot, matches.
    record Override<T>(String key, PythonPattern pattern, T value) {
        /// @throws IllegalArgumentException if the key is not a regular expression
        Override(String key, T value) {
            this(key, new PythonPattern("(.*\\.)?(" + key + ")$"), value);
        }

        static <T> T find(List<Override<T>> overrides, String module, T otherwise) {
            for (Override<T> override : overrides) {
                if (override.pattern.matchAtStart(module) != null) {
                    return override.value;
                }
            }
            return otherwise;
        }
    }

    boolean adapts(String module) {
        if (excluded != null && excluded.has(module) || !targets.has(module)) {
            return false;
        }
        boolean isWhole = targets instanceof ModuleNames.Listed(List<String> names) && names.contains(module);
        return layers == null || isWhole || isInLayers(module);
    }

    private boolean isInLayers(String module) {
        List<String> before = layerPatterns.isEmpty() ? List.of("[^.]*") : layerPatterns;
        String start = layerPatterns.isEmpty() ? ".*?\\." : "(?:^|.*?\\.)";
        for (String pattern : before) {
            Matcher layer = new PythonPattern(start + pattern + "\\.(?<layer>\\d+)\\.").matchAtStart(module);
            if (layer != null) {
                return layers.contains(Integer.valueOf(layer.group("layer")));
            }
        }
        return false;
    }

    /// The adapter of those among `modules` that have one.
    ///
    /// @throws IllegalArgumentException if none has
    LoraLayout layout(Iterable<String> modules) {
        Map<String, LoraLayout.Part> parts = new LinkedHashMap<>();
        for (String module : modules) {
            if (adapts(module)) {
                int own = Override.find(ranks, module, rank);
                double strength = Override.find(alphas, module, alpha);
                parts.put(module, new LoraLayout.Part(own, rsLora ? strength * Math.sqrt(own) : strength));
            }
        }
        return new LoraLayout(parts, dropout, form);
    }

    /// Names and exceptions that no module of the model answers to. PEFT leaves them out too.
    List<String> unused(LlamaConfig model) {
        List<String> modules = Modules.of(model);
        List<String> unused = new ArrayList<>();
        if (targets instanceof ModuleNames.Listed(List<String> names)) {
            for (String name : names) {
                if (modules.stream().noneMatch(module -> ModuleNames.Listed.isNamed(name, module))) {
                    unused.add("target_modules \"" + name + "\"");
                }
            }
        }
        for (int layer : layers == null ? Set.<Integer>of() : layers) {
            if (layer < 0 || layer >= model.layers()) {
                unused.add("layers_to_transform " + layer);
            }
        }
        addUnused(unused, "rank_pattern", ranks, modules);
        addUnused(unused, "alpha_pattern", alphas, modules);
        return unused;
    }

    private <T> void addUnused(List<String> unused, String field, List<Override<T>> overrides, List<String> modules) {
        for (Override<T> override : overrides) {
            if (modules.stream().noneMatch(module -> adapts(module) && override.pattern.matchAtStart(module) != null)) {
                unused.add(field + " \"" + override.key + "\"");
            }
        }
    }
}
