package llams.trainer.lora;

import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;
import llams.engine.llama.ProjectionName;

/// What a LoRA adapter (arXiv 2106.09685) looks like.
///
/// @param rank    rows of A and columns of B
/// @param alpha   strength: an adapter counts `alpha / rank` times
/// @param dropout rate on the adapter's input while training, `0 <= dropout < 1`
/// @param targets the projections that have an adapter, in every block
/// @param rsLora  true if an adapter counts `alpha / sqrt(rank)` times instead (arXiv 2312.03732)
public record LoraConfig(int rank, double alpha, double dropout, Set<ProjectionName> targets, boolean rsLora) {

    /// @throws IllegalArgumentException if a number is out of its range or there is no target
    public LoraConfig {
        if (rank < 1) {
            throw new IllegalArgumentException("LoRA rank " + rank + " is not possible; it must be at least 1");
        }
        if (!Double.isFinite(alpha) || alpha <= 0) {
            throw new IllegalArgumentException("LoRA alpha " + alpha + " is not possible; it must be a number above 0");
        }
        if (!(dropout >= 0 && dropout < 1)) {
            throw new IllegalArgumentException("LoRA dropout " + dropout + " is not possible; it must be at least 0 and below 1");
        }
        if (targets.isEmpty()) {
            throw new IllegalArgumentException("a LoRA adapter needs at least one target");
        }
        targets = Collections.unmodifiableSet(EnumSet.copyOf(targets));
    }

    /// The same adapter, trained with another dropout rate.
    public LoraConfig withDropout(double rate) {
        return new LoraConfig(rank, alpha, rate, targets, rsLora);
    }

    /// The factor of `B A`.
    public float scale() {
        return (float) (rsLora ? alpha / Math.sqrt(rank) : alpha / rank);
    }

    /// The same adapter in terms of `alpha / rank` alone, which every reader of adapters understands.
    LoraConfig plain() {
        return rsLora ? new LoraConfig(rank, alpha * Math.sqrt(rank), dropout, targets, false) : this;
    }
}
