package llams.tokenizer;

import java.util.Arrays;

/// The alphabet in which `tokenizer.json` writes bytes: a printable character for each of the 256, its own for
/// printable Latin-1, the characters from U+0100 on for the 68 others (so that a space is `Ġ`).
final class ByteLevel {

    private static final char[] CHAR = new char[256];
    private static final short[] BYTE = new short[0x100 + 68];

    static {
        Arrays.fill(BYTE, (short) -1);
        int other = 0x100;
        for (int b = 0; b < 256; b++) {
            boolean printable = b > 0x20 && b < 0x7F || b > 0xA0 && b != 0xAD;
            CHAR[b] = (char) (printable ? b : other++);
            BYTE[CHAR[b]] = (short) b;
        }
    }

    private ByteLevel() {}

    static String encode(byte[] bytes, int from, int to) {
        char[] chars = new char[to - from];
        for (int i = from; i < to; i++) {
            chars[i - from] = CHAR[bytes[i] & 0xFF];
        }
        return new String(chars);
    }

    /// The byte that a character stands for, or -1.
    static int byteOf(int c) {
        return c < BYTE.length ? BYTE[c] : -1;
    }

    /// @throws IllegalArgumentException if a character is not of the alphabet
    static byte[] decode(String text) {
        byte[] bytes = new byte[text.length()];
        for (int i = 0; i < bytes.length; i++) {
            char c = text.charAt(i);
            if (byteOf(c) < 0) {
                throw new IllegalArgumentException(String.format(
                        "token \"%s\" has U+%04X, which stands for no byte in a byte-level vocabulary", text, (int) c));
            }
            bytes[i] = (byte) BYTE[c];
        }
        return bytes;
    }
}
