package llams.model.lora;

import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Function;
import llams.engine.llama.ProjectionName;

/// Which projections of a model have a LoRA adapter, each with a rank and a strength of its own.
///
/// @param parts   by the name of the module, `model.layers.0.self_attn.q_proj`, in the model's order
/// @param dropout rate on the adapters' input while training, `0 <= dropout < 1`
public record LoraLayout(Map<String, Part> parts, double dropout) {
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
        parts = Collections.unmodifiableMap(new LinkedHashMap<>(parts));
    }

    static void checkDropout(double dropout) {
        if (!(dropout >= 0 && dropout < 1)) {
            throw new IllegalArgumentException(
                    "LoRA dropout " + dropout + " is not possible; it must be at least 0 and below 1");
        }
    }

    /// The adapter of a projection; null if it has none.
    public Part part(int layer, ProjectionName projection) {
        return parts.get(projection.module(layer));
    }

    public LoraLayout withDropout(double rate) {
        return new LoraLayout(parts, rate);
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
        return new LoraConfig(mostFrequent(Part::rank), mostFrequent(Part::alpha), dropout, targets, false);
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
