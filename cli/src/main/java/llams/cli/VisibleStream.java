package llams.cli;

import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/// Text for people's eyes, as UTF-8: control characters of whatever it quotes (a tensor's name, a role, a path) are
/// written as `\x1b`, so that no file can move the cursor, change colours or hide what stands there. Line ends and tabs
/// stay.
final class VisibleStream extends PrintStream {
    private final PrintStream bare;

    VisibleStream(OutputStream out, boolean autoFlush) {
        super(out, autoFlush, StandardCharsets.UTF_8);
        bare = new PrintStream(out, autoFlush, StandardCharsets.UTF_8);
    }

    /// The stream below, for what the program itself wants to do with the terminal.
    static PrintStream bare(PrintStream stream) {
        return stream instanceof VisibleStream visible ? visible.bare : stream;
    }

    @Override
    public void print(String text) {
        super.print(visible(String.valueOf(text)));
    }

    @Override
    public void print(Object value) {
        print(String.valueOf(value));
    }

    @Override
    public void print(char c) {
        print(String.valueOf(c));
    }

    @Override
    public void print(char[] text) {
        print(String.valueOf(text));
    }

    /// C0 as `\x1b`; DEL, C1 and what turns the direction of writing as `\u202e`, which means the same in JSON.
    static String visible(String text) {
        int first = 0;
        while (first < text.length() && !isControl(text.charAt(first))) {
            first++;
        }
        if (first == text.length()) {
            return text;
        }
        StringBuilder visible = new StringBuilder(text.length() + 16).append(text, 0, first);
        for (int i = first; i < text.length(); i++) {
            char c = text.charAt(i);
            if (isControl(c)) {
                visible.append(String.format(c < ' ' ? "\\x%02x" : "\\u%04x", (int) c));
            } else {
                visible.append(c);
            }
        }
        return visible.toString();
    }

    /// As [#visible], on one line.
    static String line(String text) {
        return visible(text).replace("\n", "\\n").replace("\t", "\\t");
    }

    private static boolean isControl(char c) {
        return c < ' ' && c != '\n' && c != '\t' || c >= 0x7f && c < 0xa0 || c >= 0x202a && c <= 0x202e
                || c >= 0x2066 && c <= 0x2069;
    }
}
