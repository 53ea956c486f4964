package llams.model.lora;

import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import llams.engine.llama.LlamaConfig;
import llams.engine.llama.ProjectionName;
import llams.model.files.SettingException;

/// A LoRA adapter (arXiv 2106.09685) to be trained, the same in every block.
///
/// @param rank    rows of A and columns of B
/// @param alpha   strength: an adapter counts `alpha / rank` times
/// @param dropout rate on the adapter's input while training, `0 <= dropout < 1`
/// @param targets the projections that have an adapter, in every block
/// @param rsLora  true if an adapter counts `alpha / sqrt(rank)` times instead (arXiv 2312.03732)
public record LoraConfig(int rank, double alpha, double dropout, Set<ProjectionName> targets, boolean rsLora) {
    public static final int RANK = 8;
    public static final int ALPHA = 16;

    /// An adapter of rank [#RANK] on every projection, without dropout.
    public static LoraConfig standard() {
        return new LoraConfig(RANK, ALPHA, 0, EnumSet.allOf(ProjectionName.class), false);
    }

    /// @throws SettingException if a number is out of its range or there is no target
    public LoraConfig {
        SettingException.atLeast("rank", 1, rank);
        SettingException.check(alpha > 0 && Double.isFinite(alpha), "alpha", alpha, "above 0");
        SettingException.check(dropout >= 0 && dropout < 1, "dropout", dropout, "at least 0 and below 1");
        SettingException.check(!targets.isEmpty(), "targets", targets, "at least one projection");
        targets = Collections.unmodifiableSet(EnumSet.copyOf(targets));
    }

    public LoraConfig withRank(int rows) {
        return new LoraConfig(rows, alpha, dropout, targets, rsLora);
    }

    public LoraConfig withAlpha(double strength) {
        return new LoraConfig(rank, strength, dropout, targets, rsLora);
    }

    public LoraConfig withTargets(Set<ProjectionName> projections) {
        return new LoraConfig(rank, alpha, dropout, projections, rsLora);
    }

    public LoraConfig withRsLora(boolean byRoot) {
        return new LoraConfig(rank, alpha, dropout, targets, byRoot);
    }

    public LoraConfig withDropout(double rate) {
        return new LoraConfig(rank, alpha, rate, targets, rsLora);
    }

    /// The factor of `B A`.
    public float scale() {
        return part().scale();
    }

    /// The same strength in terms of `alpha / rank`, which every reader of adapters understands.
    private LoraLayout.Part part() {
        return new LoraLayout.Part(rank, rsLora ? alpha * Math.sqrt(rank) : alpha);
    }

    /// This adapter in every block of a model.
    public LoraLayout layout(LlamaConfig model) {
        Map<String, LoraLayout.Part> parts = new LinkedHashMap<>();
        for (int layer = 0; layer < model.layers(); layer++) {
            for (ProjectionName target : targets) {
                parts.put(target.module(layer), part());
            }
        }
        return new LoraLayout(parts, dropout);
    }
}
