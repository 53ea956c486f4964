package llams.tokenizer;

import java.nio.charset.StandardCharsets;

/// UTF-8 to and from Java's UTF-16, with the two rules that the JDK's own coders do not follow: a lone surrogate is
/// written as U+FFFD (three bytes), and a malformed byte sequence is read by the maximal-subpart rule of the
/// [WHATWG encoding standard](https://encoding.spec.whatwg.org/#utf-8-decoder).
final class Utf8 {

    /// The most bytes that one `char` can need.
    static final int BYTES_PER_CHAR = 3;

    private Utf8() {
    }

    /// Writes `source[from, to)` to `target` from `at` on and returns the end. A surrogate pair must not be cut by `to`.
    static int encode(char[] source, int from, int to, byte[] target, int at) {
        for (int i = from; i < to; i++) {
            int c = source[i];
            if (c < 0x80) {
                target[at++] = (byte) c;
            } else if (c < 0x800) {
                target[at++] = (byte) (0xC0 | c >> 6);
                target[at++] = (byte) (0x80 | c & 0x3F);
            } else {
                if ((c & 0xF800) == 0xD800) {
                    if (c < 0xDC00 && i + 1 < to && Character.isLowSurrogate(source[i + 1])) {
                        int point = Character.toCodePoint((char) c, source[++i]);
                        target[at++] = (byte) (0xF0 | point >> 18);
                        target[at++] = (byte) (0x80 | point >> 12 & 0x3F);
                        target[at++] = (byte) (0x80 | point >> 6 & 0x3F);
                        target[at++] = (byte) (0x80 | point & 0x3F);
                        continue;
                    }
                    c = 0xFFFD;
                }
                target[at++] = (byte) (0xE0 | c >> 12);
                target[at++] = (byte) (0x80 | c >> 6 & 0x3F);
                target[at++] = (byte) (0x80 | c & 0x3F);
            }
        }
        return at;
    }

    /// The UTF-8 bytes of `text`, lone surrogates as U+FFFD.
    static byte[] bytes(String text) {
        char[] chars = text.toCharArray();
        byte[] buffer = new byte[Math.multiplyExact(chars.length, BYTES_PER_CHAR)];
        return java.util.Arrays.copyOf(buffer, encode(chars, 0, chars.length, buffer, 0));
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
        boolean pair = Character.isHighSurrogate(c) && i + 1 < text.length() && Character.isLowSurrogate(text.charAt(i + 1));
        return pair ? 4 : 3;
    }

    /// The length in bytes of the character at `p`; where there is none, minus the length (1 to 3) of the maximal subpart,
    /// which stands for one U+FFFD.
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

    /// The first place in `[from, to)` where the bytes are no UTF-8, or `to`.
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

    /// Where the unfinished character at the end of `[from, to)` starts, or `to` if there is none: bytes that more bytes could
    /// still make whole. The first two bytes of an encoded surrogate (ED A0 to ED BF) wait as well, as in Python's incremental
    /// decoder, although they never become a character.
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

    /// The text of `bytes[from, to)`, one U+FFFD for each maximal subpart that is no UTF-8.
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
