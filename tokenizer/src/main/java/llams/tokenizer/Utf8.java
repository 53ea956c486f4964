package llams.tokenizer;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/// UTF-8 to and from Java's UTF-16, with the two rules that the JDK's own coders do not follow: a lone surrogate is
/// written as U+FFFD (three bytes), and a malformed byte sequence is read by the maximal-subpart rule of the
/// [WHATWG encoding standard](https://encoding.spec.whatwg.org/#utf-8-decoder).
final class Utf8 {

    /// The most bytes that one `char` can need.
    static final int BYTES_PER_CHAR = 3;

    /// How many bytes the target of [#encode] must have after what is written.
    static final int SLACK_BYTES = 3;

    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

    private Utf8() {}

    /// Writes `source[from, to)` to `target` from `at` on and returns the end. A surrogate pair must not be cut by
    /// `to`. As many as 3 bytes after the end are overwritten.
    static int encode(char[] source, int from, int to, byte[] target, int at) {
        int i = from;
        while (i + 4 <= to) {
            int a = source[i];
            int b = source[i + 1];
            int c = source[i + 2];
            int d = source[i + 3];
            if ((a | b | c | d) < 0x80) {
                INT.set(target, at, a | b << 8 | c << 16 | d << 24);
                at += 4;
                i += 4;
            } else if (isSurrogate(a) || isSurrogate(b) || isSurrogate(c) || isSurrogate(d)) {
                int point = pointAt(source, i, to);
                at = put(point, target, at);
                i += point < 0x10000 ? 1 : 2;
            } else {
                at = putBasic(a, target, at);
                at = putBasic(b, target, at);
                at = putBasic(c, target, at);
                at = putBasic(d, target, at);
                i += 4;
            }
        }
        while (i < to) {
            int point = pointAt(source, i, to);
            at = put(point, target, at);
            i += point < 0x10000 ? 1 : 2;
        }
        return at;
    }

    private static boolean isSurrogate(int c) {
        return (c & 0xF800) == 0xD800;
    }

    /// The code point at `i`; U+FFFD for a lone surrogate.
    private static int pointAt(char[] source, int i, int to) {
        char c = source[i];
        if (!isSurrogate(c)) {
            return c;
        }
        boolean pair = c < 0xDC00 && i + 1 < to && Character.isLowSurrogate(source[i + 1]);
        return pair ? Character.toCodePoint(c, source[i + 1]) : 0xFFFD;
    }

    private static int put(int point, byte[] target, int at) {
        if (point < 0x10000) {
            return putBasic(point, target, at);
        }
        INT.set(target, at, 0x808080F0 | point >> 18 | (point >> 12 & 0x3F) << 8 | (point >> 6 & 0x3F) << 16
                | (point & 0x3F) << 24);
        return at + 4;
    }

    /// Without a branch: no processor could predict which character is a space.
    private static int putBasic(int c, byte[] target, int at) {
        int twoOrMore = 0x7F - c >> 31;
        int three = 0x7FF - c >> 31;
        int twoBytes = 0x80C0 | c >> 6 | (c & 0x3F) << 8;
        int threeBytes = 0x8080E0 | c >> 12 | (c >> 6 & 0x3F) << 8 | (c & 0x3F) << 16;
        INT.set(target, at, c & ~twoOrMore | twoBytes & (twoOrMore ^ three) | threeBytes & three);
        return at + 1 - twoOrMore - three;
    }

    /// The UTF-8 bytes of `text`, lone surrogates as U+FFFD.
    static byte[] bytes(String text) {
        char[] chars = text.toCharArray();
        byte[] buffer = new byte[Math.addExact(Math.multiplyExact(chars.length, BYTES_PER_CHAR), SLACK_BYTES)];
        return Arrays.copyOf(buffer, encode(chars, 0, chars.length, buffer, 0));
    }

    /// The number of UTF-8 bytes of the character at `i` of `text`: 1 to 3, or 4 for a surrogate pair.
    static int byteCount(String text, int i) {
        char c = text.charAt(i);
        if (c < 0x80) {
            return 1;
        }
        if (c < 0x800) {
            return 2;
        }
        boolean pair = Character.isHighSurrogate(c) && i + 1 < text.length()
                && Character.isLowSurrogate(text.charAt(i + 1));
        return pair ? 4 : 3;
    }

    /// The length in bytes of the character at `p`; where there is none, minus the length (1 to 3) of the maximal
    /// subpart, which stands for one U+FFFD.
    static int step(byte[] bytes, int p, int to) {
        int lead = bytes[p] & 0xFF;
        if (lead < 0x80) {
            return 1;
        }
        int length = length(lead);
        if (length == 0) {
            return -1;
        }
        int low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
        int high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
        for (int i = 1; i < length; i++) {
            if (p + i == to) {
                return -i;
            }
            int next = bytes[p + i] & 0xFF;
            if (next < low || next > high) {
                return -i;
            }
            low = 0x80;
            high = 0xBF;
        }
        return length;
    }

    /// The length that a leading byte of 0x80 or more announces; 0 where it cannot lead.
    private static int length(int lead) {
        if (lead < 0xC2 || lead > 0xF4) {
            return 0;
        }
        return lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    }

    /// The first place in `[from, to)` where the bytes are not UTF-8, or `to`.
    static int firstMalformed(byte[] bytes, int from, int to) {
        int p = from;
        while (p < to) {
            if (bytes[p] >= 0) {
                p++;
                continue;
            }
            int step = step(bytes, p, to);
            if (step < 0) {
                return p;
            }
            p += step;
        }
        return to;
    }

    /// Where the unfinished character at the end of `[from, to)` starts, or `to` if there is none: bytes that more
    /// bytes could still make whole. The first two bytes of an encoded surrogate (ED A0 to ED BF) wait as well, as in
    /// Python's incremental decoder, although they never become a character.
    static int unfinishedTail(byte[] bytes, int from, int to) {
        for (int p = to - 1; p >= Math.max(from, to - 3); p--) {
            if ((bytes[p] & 0xC0) != 0x80) {
                int lead = bytes[p] & 0xFF;
                boolean cut = lead >= 0x80 && length(lead) > to - p && -step(bytes, p, to) == to - p;
                boolean surrogate = lead == 0xED && to - p == 2;
                return cut || surrogate ? p : to;
            }
        }
        return to;
    }

    /// The text of `bytes[from, to)`, one U+FFFD for each maximal subpart that is not UTF-8.
    static String decode(byte[] bytes, int from, int to) {
        int good = firstMalformed(bytes, from, to);
        if (good == to) {
            return new String(bytes, from, to - from, StandardCharsets.UTF_8);
        }
        StringBuilder text = new StringBuilder(to - from);
        int start = from;
        while (good < to) {
            text.append(new String(bytes, start, good - start, StandardCharsets.UTF_8)).append('\uFFFD');
            start = good - step(bytes, good, to);
            good = firstMalformed(bytes, start, to);
        }
        return text.append(new String(bytes, start, to - start, StandardCharsets.UTF_8)).toString();
    }
}
