package llams.trainer.pairs;

import java.util.List;
import llams.trainer.data.LanguagePair;

/// What one attempt at a request brought.
///
/// @param request  its number, from 0
/// @param pairs    in the answer; empty if it could not be used
/// @param unusable why not; empty if it could
record Outcome(int request, String topic, String model, long promptTokens, long completionTokens,
        List<LanguagePair> pairs, int incomplete, String unusable) {
    /// Whether the endpoint answered at all.
    boolean isAnswered() {
        return unusable.isEmpty() || promptTokens + completionTokens > 0;
    }
}
