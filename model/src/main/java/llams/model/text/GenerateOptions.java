package llams.model.text;

import java.util.List;
import llams.model.files.SettingException;

/// How a continuation or an answer is generated.
///
/// @param maxTokens the most tokens to generate
/// @param stops     texts that end it, and are not part of it
/// @param sampling  how tokens are picked
public record GenerateOptions(int maxTokens, List<String> stops, Sampling sampling) {
    /// The usual length of a continuation.
    public static final int MAX_TOKENS = 128;

    /// @throws SettingException if `maxTokens` is below 1 or a stop text is empty
    public GenerateOptions {
        SettingException.atLeast("maxTokens", 1, maxTokens);
        SettingException.check(!stops.contains(""), "stops", stops, "texts that are not empty");
        stops = List.copyOf(stops);
    }

    /// 128 tokens, no stop text, sampled as the model's makers suggest.
    public static GenerateOptions standard() {
        return new GenerateOptions(MAX_TOKENS, List.of(), Sampling.standard());
    }

    public GenerateOptions withMaxTokens(int tokens) {
        return new GenerateOptions(tokens, stops, sampling);
    }

    public GenerateOptions withStops(String... texts) {
        return new GenerateOptions(maxTokens, List.of(texts), sampling);
    }

    public GenerateOptions withSampling(Sampling other) {
        return new GenerateOptions(maxTokens, stops, other);
    }
}
