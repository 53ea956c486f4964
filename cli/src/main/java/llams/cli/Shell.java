package llams.cli;

import java.util.StringJoiner;

/// Commands to paste into a shell.
final class Shell {
    private Shell() {}

    /// The program as it was called, which the launcher says.
    static String program() {
        return quoted(System.getProperty("llams.program", "llams"));
    }

    /// A command line of this program. Placeholders like `TEXT` are words as any other.
    static String command(Object... words) {
        StringJoiner line = new StringJoiner(" ").add(program());
        for (Object word : words) {
            line.add(quoted(word.toString()));
        }
        return line.toString();
    }

    /// A message of the library, which calls the program `llams`, with its commands as they can be pasted here.
    static String asCalled(String message) {
        return message.replace("'llams ", "'" + program() + " ");
    }

    /// The word as bash and zsh read it back; control characters with `$'...'`, as they should not stand in a line.
    static String quoted(String word) {
        if (word.matches("[\\p{L}\\p{N}_./:,+@%=-]+") && !word.startsWith("=")) {
            return word;
        }
        if (VisibleStream.line(word).equals(word)) {
            return "'" + word.replace("'", "'\\''") + "'";
        }
        String escaped = word.replace("\\", "\\\\").replace("'", "\\'");
        return "$'" + VisibleStream.line(escaped) + "'";
    }
}
