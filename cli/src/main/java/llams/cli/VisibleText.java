package llams.cli;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/// Tokens as text in which every character can be seen and none moves a terminal's cursor.
final class VisibleText {
    private VisibleText() {}

    /// A space as `·`, a backslash and control characters as in Java's strings, bytes that are no whole character as
    /// `\xEA`.
    static String of(byte[] token) {
        StringBuilder visible = new StringBuilder();
        try {
            StandardCharsets.UTF_8.newDecoder()
                    .decode(ByteBuffer.wrap(token))
                    .toString()
                    .codePoints()
                    .forEach(c -> append(visible, c));
        } catch (CharacterCodingException e) {
            visible.setLength(0);
            for (byte b : token) {
                if (b >= 0) {
                    append(visible, b);
                } else {
                    visible.append(String.format("\\x%02X", b));
                }
            }
        }
        return visible.toString();
    }

    private static void append(StringBuilder visible, int c) {
        switch (c) {
            case ' ' -> visible.append('·');
            case '\n' -> visible.append("\\n");
            case '\r' -> visible.append("\\r");
            case '\t' -> visible.append("\\t");
            case '\\' -> visible.append("\\\\");
            default -> {
                if (isSeen(c)) {
                    visible.appendCodePoint(c);
                } else {
                    visible.append(c < 0x100 ? String.format("\\x%02X", c) : String.format("\\u{%X}", c));
                }
            }
        }
    }

    private static boolean isSeen(int c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL, Character.FORMAT, Character.SURROGATE, Character.PRIVATE_USE, Character.UNASSIGNED,
                    Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR, Character.SPACE_SEPARATOR ->
                false;
            default -> true;
        };
    }
}
