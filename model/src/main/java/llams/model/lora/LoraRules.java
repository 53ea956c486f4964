package llams.model.lora;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import llams.engine.llama.LlamaConfig;
import llams.engine.llama.ProjectionName;

/// What makes an adapter other than one that is the same on the same projections of every block.
///
/// @param ranks   exceptions from the rank, by names or regular expressions as in PEFT's `rank_pattern`; the first that
///                matches counts
/// @param alphas  exceptions from the strength, likewise
/// @param pattern a regular expression for the whole names of the targets, instead of naming them; or null
/// @param layers  the only layers with an adapter; empty for all
/// @param ends    which of [Modules#ENDS] have an adapter too
public record LoraRules(Map<String, Integer> ranks, Map<String, Double> alphas, String pattern, Set<Integer> layers,
        Set<String> ends, LoraForm form) {
    public static final LoraRules NONE = new LoraRules(Map.of(), Map.of(), null, Set.of(), Set.of(), LoraForm.PLAIN);

    public LoraRules {
        ranks = Collections.unmodifiableMap(new LinkedHashMap<>(ranks));
        alphas = Collections.unmodifiableMap(new LinkedHashMap<>(alphas));
        layers = Collections.unmodifiableSet(new TreeSet<>(layers));
        ends = Collections.unmodifiableSet(new TreeSet<>(ends));
    }

    public LoraRules withRanks(Map<String, Integer> exceptions) {
        return new LoraRules(exceptions, alphas, pattern, layers, ends, form);
    }

    public LoraRules withAlphas(Map<String, Double> exceptions) {
        return new LoraRules(ranks, exceptions, pattern, layers, ends, form);
    }

    public LoraRules withPattern(String targets) {
        return new LoraRules(ranks, alphas, targets, layers, ends, form);
    }

    public LoraRules withLayers(Set<Integer> only) {
        return new LoraRules(ranks, alphas, pattern, only, ends, form);
    }

    public LoraRules withEnds(Set<String> modules) {
        return new LoraRules(ranks, alphas, pattern, layers, modules, form);
    }

    public LoraRules withForm(LoraForm other) {
        return new LoraRules(ranks, alphas, pattern, layers, ends, other);
    }

    LoraLayout layout(LoraConfig lora, LlamaConfig model) {
        List<String> names = new ArrayList<>(ends);
        lora.targets().stream().map(ProjectionName::moduleName).forEach(names::add);
        ModuleNames targets = pattern == null
                ? new ModuleNames.Listed(names)
                : new ModuleNames.Matching(new PythonPattern(pattern));
        List<PeftRules.Override<Integer>> ownRanks = new ArrayList<>();
        ranks.forEach((key, rank) -> ownRanks.add(new PeftRules.Override<>(key, rank)));
        List<PeftRules.Override<Double>> ownAlphas = new ArrayList<>();
        alphas.forEach((key, alpha) -> ownAlphas.add(new PeftRules.Override<>(key, alpha)));
        return new PeftRules(targets, null, layers.isEmpty() ? null : layers, List.of(), lora.rank(), ownRanks,
                lora.alpha(), ownAlphas, lora.rsLora(), lora.dropout(), form).layout(Modules.of(model)).on(model);
    }
}
