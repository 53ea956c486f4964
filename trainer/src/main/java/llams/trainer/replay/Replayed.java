package llams.trainer.replay;

import java.util.List;
import java.util.Map;
import llams.engine.llama.LlamaConfig;
import llams.trainer.data.PackedSequence;

/// What was seen of a step or of a text.
///
/// @param title     what it is, a line
/// @param summary   the most important facts, by their names
/// @param sequence  the micro-batch that `window` is of
/// @param document  the number in `documents` of each token of the window
/// @param documents of the whole step
/// @param isOfPairs whether they are answers, of each pair the chosen one and then the rejected one
/// @param pass      the forward pass, and the backward pass if there was one
/// @param lens      of the window's tokens, for the residual stream before the first layer and after each
/// @param update    null if nothing was updated
public record Replayed(String title, Map<String, String> summary, LlamaConfig config, PackedSequence sequence,
        Window window, int[] document, List<Document> documents, boolean isOfPairs, PassRecorder pass, Lens.View lens,
        UpdateRecorder update, TokenTexts texts) {
    /// @param counted tokens that the loss counts
    /// @param loss    the sum of their losses
    /// @param text    how it begins
    public record Document(String origin, int tokens, int counted, double loss, String text) {}

    double loss() {
        return documents.stream().mapToDouble(Document::loss).sum();
    }

    public int tokens() {
        return documents.stream().mapToInt(Document::tokens).sum();
    }

    /// Mean loss of the window's tokens if the model ended at this place of the residual stream, of those that have a
    /// next token.
    double lensLoss(int place) {
        double sum = 0;
        int counted = 0;
        for (int t = 0; t < window.tokens(); t++) {
            if (label(t) >= 0) {
                sum += lens.loss()[place * window.tokens() + t];
                counted++;
            }
        }
        return sum / Math.max(1, counted);
    }

    /// What follows a token of the window; negative where nothing does.
    int label(int t) {
        return sequence.label()[window.from() + t];
    }
}
