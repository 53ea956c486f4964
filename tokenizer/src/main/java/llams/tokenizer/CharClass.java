package llams.tokenizer;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/// What the splitters need to know about a character, as bits. Letters, numbers and marks are those of the running
/// JDK's Unicode version (on JDK 25 they equal those of the Rust libraries behind tiktoken); white space is Unicode's
/// `White_Space`, 25 code points, which is neither Java's nor Python's notion of it.
final class CharClass {

    /// `\p{L}`.
    static final int LETTER = 1;
    /// `\p{N}`.
    static final int NUMBER = 2;
    /// `\s`, with [#NEWLINE] among them.
    static final int SPACE = 4;
    /// `[\r\n]`.
    static final int NEWLINE = 8;
    /// `[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]`: what o200k takes for the head of a word.
    static final int HEAD = 16;
    /// `[\p{Ll}\p{Lm}\p{Lo}\p{M}]`: what o200k takes for the tail of a word.
    static final int TAIL = 32;

    /// The classes of the code points below U+10000: 64 KB, of which one language touches a few lines.
    static final byte[] BASIC = new byte[0x10000];

    static {
        // Large blocks of one class are filled unasked: asking for each character would be most of the time of a first
        // start.
        computeTo(0, 0x4E00);
        computeTo(fill(0x4E00, 0xA000), 0xAC00);
        computeTo(fill(0xAC00, 0xD7A4), 0xD800);
        computeTo(fill(0xD800, 0xF900), BASIC.length);
    }

    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

    private CharClass() {}

    private static void computeTo(int from, int to) {
        for (int c = from; c < to; c++) {
            BASIC[c] = (byte) compute(c);
        }
    }

    /// Gives `[from, to)` the class of its first character, and returns `to`.
    private static int fill(int from, int to) {
        Arrays.fill(BASIC, from, to, (byte) compute(from));
        return to;
    }

    /// The class bits of a code point.
    static int of(int point) {
        return point < BASIC.length ? BASIC[point] : compute(point);
    }

    /// The class bits of the character at `p`, which must be well-formed UTF-8.
    static int at(byte[] utf8, int p) {
        int lead = utf8[p];
        if (lead >= 0) {
            return BASIC[lead];
        }
        if (lead < (byte) 0xE0) {
            return BASIC[(lead & 0x1F) << 6 | utf8[p + 1] & 0x3F];
        }
        if (lead < (byte) 0xF0) {
            return BASIC[(lead & 0x0F) << 12 | (utf8[p + 1] & 0x3F) << 6 | utf8[p + 2] & 0x3F];
        }
        return compute(
                (lead & 0x07) << 18 | (utf8[p + 1] & 0x3F) << 12 | (utf8[p + 2] & 0x3F) << 6 | utf8[p + 3] & 0x3F);
    }

    /// The number of ASCII letters at `p`, of which 8 are looked at, all at once.
    static int basicLetters(byte[] text, int p) {
        long word = (long) LONG.get(text, p);
        long lower = (word | 0x2020202020202020L) & 0x7F7F7F7F7F7F7F7FL;
        long fromA = lower + 0x1F1F1F1F1F1F1F1FL;
        long afterZ = lower + 0x0505050505050505L;
        long others = ~(fromA & ~afterZ & ~word) & 0x8080808080808080L;
        return Long.numberOfTrailingZeros(others) >>> 3;
    }

    /// The length in bytes of a character that starts with `lead`.
    static int length(byte lead) {
        return lead >= 0 ? 1 : lead < (byte) 0xE0 ? 2 : lead < (byte) 0xF0 ? 3 : 4;
    }

    static int compute(int point) {
        return switch (Character.getType(point)) {
            case Character.UPPERCASE_LETTER, Character.TITLECASE_LETTER -> LETTER | HEAD;
            case Character.LOWERCASE_LETTER -> LETTER | TAIL;
            case Character.MODIFIER_LETTER, Character.OTHER_LETTER -> LETTER | HEAD | TAIL;
            case Character.NON_SPACING_MARK, Character.COMBINING_SPACING_MARK, Character.ENCLOSING_MARK -> HEAD | TAIL;
            case Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER, Character.OTHER_NUMBER -> NUMBER;
            default -> isWhiteSpace(point) ? point == '\r' || point == '\n' ? SPACE | NEWLINE : SPACE : 0;
        };
    }

    private static boolean isWhiteSpace(int point) {
        return switch (point) {
            case 0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x20, 0x85, 0xA0, 0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000 -> true;
            default -> point >= 0x2000 && point <= 0x200A;
        };
    }
}
