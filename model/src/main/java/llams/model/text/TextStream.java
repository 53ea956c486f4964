package llams.model.text;

import java.util.List;
import java.util.function.Consumer;
import llams.tokenizer.StreamingDecoder;
import llams.tokenizer.Tokenizer;

/// Tokens to text as they come, in whole characters, up to a stop text: what might be the beginning of one is held back
/// until more is known.
public final class TextStream {
    private final StreamingDecoder decoder;
    private final List<String> stops;
    private final Consumer<String> out;
    private String held = "";
    private boolean stopped;

    /// @param stops none of them empty
    /// @param out   gets the text piece by piece
    public TextStream(Tokenizer tokenizer, List<String> stops, Consumer<String> out) {
        this.decoder = tokenizer.streamingDecoder();
        this.stops = stops;
        this.out = out;
    }

    /// Takes the next token; false if its text completes a stop text.
    public boolean accept(int id) {
        return accept(decoder.accept(id));
    }

    private boolean accept(String text) {
        held += text;
        int end = -1;
        for (String stop : stops) {
            int at = held.indexOf(stop);
            if (at >= 0 && (end < 0 || at < end)) {
                end = at;
            }
        }
        stopped |= end >= 0;
        int safe = stopped ? end : held.length() - heldBack();
        if (safe > 0) {
            out.accept(held.substring(0, safe));
        }
        held = stopped ? "" : held.substring(safe);
        return !stopped;
    }

    /// Length of the longest end of the text that a stop text begins with.
    private int heldBack() {
        int longest = 0;
        for (String stop : stops) {
            for (int length = Math.min(stop.length() - 1, held.length()); length > longest; length--) {
                if (stop.startsWith(held.substring(held.length() - length))) {
                    longest = length;
                }
            }
        }
        return longest;
    }

    /// No more tokens come: what was held back is text after all.
    public void finish() {
        if (!stopped && accept(decoder.finish()) && !held.isEmpty()) {
            out.accept(held);
        }
    }
}
