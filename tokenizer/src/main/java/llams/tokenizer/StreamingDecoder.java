package llams.tokenizer;

import java.util.Arrays;

/// Turns ids into text one by one, never showing part of a character: bytes that do not make a whole character yet are
/// held back. What is not UTF-8 and never will be comes out as U+FFFD, so that all parts together equal
/// [Tokenizer#decode]. For one stream and one thread.
public final class StreamingDecoder {

    private final Tokenizer tokenizer;
    private byte[] held = {};

    StreamingDecoder(Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
    }

    /// The text that `ids`, most often one, complete; empty if all of it has to wait.
    ///
    /// @throws IllegalArgumentException if the vocabulary lacks an id; the stream continues as if none had been given
    public String accept(int... ids) {
        byte[] tokens = tokenizer.decodeBytes(ids);
        byte[] bytes = Arrays.copyOf(held, held.length + tokens.length);
        System.arraycopy(tokens, 0, bytes, held.length, tokens.length);
        int whole = Utf8.unfinishedTail(bytes, 0, bytes.length);
        held = Arrays.copyOfRange(bytes, whole, bytes.length);
        return Utf8.decode(bytes, 0, whole);
    }

    /// What is left at the end of the stream: nothing, or U+FFFD for a character that never became whole. The decoder
    /// can then be used again.
    public String finish() {
        String rest = Utf8.decode(held, 0, held.length);
        held = new byte[0];
        return rest;
    }
}
