package llams.model.lora;

import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Function;
import llams.engine.llama.LlamaConfig;
import llams.engine.llama.ProjectionName;

/// Which projections of a model have a LoRA adapter, each with a rank and a strength of its own.
///
/// @param parts   by the name of the module, `model.layers.0.self_attn.q_proj`, in the model's order
/// @param dropout rate on the adapters' input while training, `0 <= dropout < 1`; those of [Modules#ENDS] have none
public record LoraLayout(Map<String, Part> parts, double dropout, LoraForm form) {
    /// The adapter of one projection.
    ///
    /// @param rank  rows of A and columns of B
    /// @param alpha strength: the adapter counts `alpha / rank` times
    public record Part(int rank, double alpha) {
        /// @throws IllegalArgumentException if a number is out of its range
        public Part {
            if (rank < 1) {
                throw new IllegalArgumentException("LoRA rank " + rank + " is not possible; it must be at least 1");
            }
            if (!Double.isFinite(alpha) || alpha <= 0) {
                throw new IllegalArgumentException(
                        "LoRA alpha " + alpha + " is not possible; it must be a number above 0");
            }
        }

        /// The factor of `B A`.
        public float scale() {
            return (float) (alpha / rank);
        }
    }

    /// @throws IllegalArgumentException if a number is out of its range or no projection has an adapter
    public LoraLayout {
        checkDropout(dropout);
        if (parts.isEmpty()) {
            throw new IllegalArgumentException("a LoRA adapter needs at least one target");
        }
        form.check(parts.keySet());
        parts = Collections.unmodifiableMap(new LinkedHashMap<>(parts));
    }

    public LoraLayout(Map<String, Part> parts, double dropout) {
        this(parts, dropout, LoraForm.PLAIN);
    }

    static void checkDropout(double dropout) {
        if (!(dropout >= 0 && dropout < 1)) {
            throw new IllegalArgumentException(
                    "LoRA dropout " + dropout + " is not possible; it must be at least 0 and below 1");
        }
    }

    /// The adapter of a projection; null if it has none.
    public Part part(int layer, ProjectionName projection) {
        return part(projection.module(layer));
    }

    /// The adapter of a module; null if it has none.
    public Part part(String module) {
        return parts.get(module);
    }

    public LoraLayout withDropout(double rate) {
        return new LoraLayout(parts, rate, form);
    }

    /// What the adapter is on a model: a head of its own follows nothing, and one that follows the table of tokens has
    /// nothing of its own.
    LoraLayout on(LlamaConfig model) {
        if (!form.tying() || !model.tied()) {
            return new LoraLayout(parts, dropout, form.withTying(false));
        }
        Map<String, Part> followed = new LinkedHashMap<>(parts);
        followed.remove(Modules.HEAD);
        Set<String> saved = new TreeSet<>(form.saved());
        saved.remove(Modules.HEAD);
        return new LoraLayout(followed, dropout, form.withSaved(saved));
    }

    /// Whether a model whose head is its table of tokens is no longer that with this adapter.
    public boolean unties(LlamaConfig model) {
        return model.tied() && !form.tying()
                && Modules.ENDS.stream().anyMatch(end -> parts.containsKey(end) || form.saved().contains(end));
    }

    /// What this adapter is for the most part, as one that is the same in every block: the most frequent rank and
    /// strength, and every projection that has an adapter in some layer.
    public LoraConfig usual() {
        Set<ProjectionName> targets = EnumSet.noneOf(ProjectionName.class);
        for (ProjectionName projection : ProjectionName.values()) {
            if (!layers(projection).isEmpty()) {
                targets.add(projection);
            }
        }
        Set<String> ends = new TreeSet<>(Modules.ENDS);
        ends.retainAll(parts.keySet());
        return new LoraConfig(mostFrequent(Part::rank), mostFrequent(Part::alpha), dropout, targets, false,
                LoraRules.NONE.withEnds(ends).withForm(form));
    }

    private <T> T mostFrequent(Function<Part, T> value) {
        Map<T, Integer> counts = new LinkedHashMap<>();
        parts.values().forEach(part -> counts.merge(value.apply(part), 1, Integer::sum));
        T found = null;
        for (Map.Entry<T, Integer> count : counts.entrySet()) {
            if (found == null || count.getValue() > counts.get(found)) {
                found = count.getKey();
            }
        }
        return found;
    }

    /// The layers in which this projection has an adapter.
    SortedSet<Integer> layers(ProjectionName projection) {
        SortedSet<Integer> layers = new TreeSet<>();
        for (String module : parts.keySet()) {
            if (module.endsWith("." + projection.path)) {
                layers.add(Integer.valueOf(module.split("\\.", 4)[2]));
            }
        }
        return layers;
    }
}
