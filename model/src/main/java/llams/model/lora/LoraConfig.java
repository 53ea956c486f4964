package llams.model.lora;

import java.util.Collections;
import java.util.EnumSet;
import java.util.Set;
import llams.engine.llama.LlamaConfig;
import llams.engine.llama.ProjectionName;
import llams.model.files.SettingException;

/// A LoRA adapter (arXiv 2106.09685) to be trained, the same in every block but for its rules.
///
/// @param rank    rows of A and columns of B
/// @param alpha   strength: an adapter counts `alpha / rank` times
/// @param dropout rate on the adapter's input while training, `0 <= dropout < 1`
/// @param targets the projections that have an adapter, in every block
/// @param rsLora  true if an adapter counts `alpha / sqrt(rank)` times instead (arXiv 2312.03732)
/// @param rules   exceptions, other targets, and other forms
public record LoraConfig(int rank, double alpha, double dropout, Set<ProjectionName> targets, boolean rsLora,
        LoraRules rules) {
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
        SettingException.check(!targets.isEmpty() || !rules.ends().isEmpty(), "targets", targets,
                "at least one projection");
        Set<ProjectionName> copy = EnumSet.noneOf(ProjectionName.class);
        copy.addAll(targets);
        targets = Collections.unmodifiableSet(copy);
    }

    public LoraConfig(int rank, double alpha, double dropout, Set<ProjectionName> targets, boolean rsLora) {
        this(rank, alpha, dropout, targets, rsLora, LoraRules.NONE);
    }

    public LoraConfig withRank(int rows) {
        return new LoraConfig(rows, alpha, dropout, targets, rsLora, rules);
    }

    public LoraConfig withAlpha(double strength) {
        return new LoraConfig(rank, strength, dropout, targets, rsLora, rules);
    }

    public LoraConfig withTargets(Set<ProjectionName> projections) {
        return new LoraConfig(rank, alpha, dropout, projections, rsLora, rules);
    }

    public LoraConfig withRsLora(boolean byRoot) {
        return new LoraConfig(rank, alpha, dropout, targets, byRoot, rules);
    }

    public LoraConfig withDropout(double rate) {
        return new LoraConfig(rank, alpha, rate, targets, rsLora, rules);
    }

    public LoraConfig withRules(LoraRules other) {
        return new LoraConfig(rank, alpha, dropout, targets, rsLora, other);
    }

    /// The factor of `B A`.
    public float scale() {
        return part().scale();
    }

    /// The same strength in terms of `alpha / rank`, which every reader of adapters understands.
    private LoraLayout.Part part() {
        return new LoraLayout.Part(rank, rsLora ? alpha * Math.sqrt(rank) : alpha);
    }

    /// This adapter in a model.
    ///
    /// @throws IllegalArgumentException if its rules leave no module, or are no regular expressions
    public LoraLayout layout(LlamaConfig model) {
        return rules.layout(this, model);
    }
}
