package llams.model.extend;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Reader;
import java.util.Set;
import llams.tokenizer.Encoding;
import llams.tokenizer.TextParts;
import llams.tokenizer.Tokenizer;

/// How many tokens a text takes.
///
/// @param characters   code points of the text
/// @param tokens       of the text
/// @param hangul       Korean letters among the characters
/// @param hangulTokens tokens that hold a Korean letter or a part of one
public record TextDensity(long characters, long tokens, long hangul, long hangulTokens) {
    /// Nothing yet.
    public static final TextDensity EMPTY = new TextDensity(0, 0, 0, 0);

    /// Counts a text of any length; names of special tokens are plain text.
    public static TextDensity of(Tokenizer tokenizer, Reader text) throws IOException {
        TextParts parts = new TextParts(tokenizer, new BufferedReader(text), Set.of(), Set.of());
        TextDensity sum = EMPTY;
        for (String part = parts.next(); part != null; part = parts.next()) {
            sum = sum.plus(of(tokenizer, part));
        }
        return sum;
    }

    private static TextDensity of(Tokenizer tokenizer, String part) {
        Encoding encoding = tokenizer.encodeWithOffsets(part);
        long hangulTokens = 0;
        for (int i = 0; i < encoding.ids().length; i++) {
            hangulTokens += hangul(part, encoding.starts()[i], encoding.ends()[i]) > 0 ? 1 : 0;
        }
        return new TextDensity(part.codePointCount(0, part.length()), encoding.ids().length,
                hangul(part, 0, part.length()), hangulTokens);
    }

    private static long hangul(String text, int from, int to) {
        long count = 0;
        for (int i = from; i < to; i++) {
            // No Korean letter needs two chars.
            count += Character.UnicodeScript.of(text.charAt(i)) == Character.UnicodeScript.HANGUL ? 1 : 0;
        }
        return count;
    }

    public TextDensity plus(TextDensity other) {
        return new TextDensity(characters + other.characters, tokens + other.tokens, hangul + other.hangul,
                hangulTokens + other.hangulTokens);
    }

    /// Tokens per character; NaN for an empty text.
    public double perCharacter() {
        return (double) tokens / characters;
    }

    /// Tokens per Korean letter; NaN if there is none.
    public double perHangul() {
        return (double) hangulTokens / hangul;
    }
}
