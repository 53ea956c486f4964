package llams.model.text;

import java.util.List;
import llams.tokenizer.StreamingDecoder;
import llams.tokenizer.Tokenizer;

/// Turns tokens into text as they arrive, in whole characters, up to a stop text. What may be the beginning of a stop
/// text is held back until that is certain.
public final class TextStream {
    private final StreamingDecoder decoder;
    private final List<String> stops;
    private String held = "";
    private boolean stopped;

    /// @param stops none of them empty
    public TextStream(Tokenizer tokenizer, List<String> stops) {
        this.decoder = tokenizer.streamingDecoder();
        this.stops = stops;
    }

    /// Takes a token and returns the text that has become certain; may be empty.
    public String accept(int id) {
        return accept(decoder.accept(id));
    }

    /// Whether a stop text was reached: nothing follows.
    public boolean isStopped() {
        return stopped;
    }

    private String accept(String text) {
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
        String certain = held.substring(0, safe);
        held = stopped ? "" : held.substring(safe);
        return certain;
    }

    /// Length of the longest suffix of the text that is a prefix of a stop text.
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

    /// The rest, once no more tokens come: what was held back is text after all.
    public String finish() {
        return stopped ? "" : accept(decoder.finish()) + held;
    }
}
