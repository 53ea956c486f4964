package llams.model.merge.config;

import java.util.List;
import java.util.Locale;

/// How models are merged, by mergekit's names; `chat_vector` is this project's own.
public enum Method {
    /// The weighted mean of the models.
    LINEAR(List.of("weight", "normalize")),
    /// Along the arc from the base model to another.
    SLERP(List.of("t")),
    /// The base and the weighted sum of the models' differences from it.
    TASK_ARITHMETIC(List.of("weight", "normalize", "lambda")),
    /// Only the largest differences, and of those the ones whose sign wins.
    TIES(List.of("weight", "density", "normalize", "lambda")),
    /// Differences dropped at random, the others scaled up to compensate.
    DARE_LINEAR(List.of("weight", "density", "normalize", "lambda")),
    /// The same, and of those the ones whose sign wins.
    DARE_TIES(List.of("weight", "density", "normalize", "lambda")),
    /// `tuned + scale (instruct - base)`.
    CHAT_VECTOR(List.of("scale"));

    /// Its parameters' names.
    public final List<String> parameters;

    Method(List<String> parameters) {
        this.parameters = parameters;
    }

    /// As files spell it.
    public String spelling() {
        return name().toLowerCase(Locale.ROOT);
    }

    /// Whether weights are divided by their sum unless a file says otherwise.
    boolean normalizes() {
        return this == LINEAR || this == TIES;
    }
}
