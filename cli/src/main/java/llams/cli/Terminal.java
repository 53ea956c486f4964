package llams.cli;

import java.util.OptionalInt;

/// Which of the program's three streams are terminals. The launcher checks, as Java cannot tell them apart: the property
/// `llams.terminals` holds their descriptors, as in `02`.
final class Terminal {
    private static final int COLUMNS = 80;

    private Terminal() {}

    static boolean isInput() {
        return isTerminal("0");
    }

    static boolean isOutput() {
        return isTerminal("1");
    }

    static boolean isError() {
        return isTerminal("2");
    }

    private static boolean isTerminal(String descriptor) {
        return System.getProperty("llams.terminals", "").contains(descriptor);
    }

    /// The width of the terminal that stderr is, in columns; empty for a file, a pipe and a terminal that cannot go
    /// back on its line.
    static OptionalInt columns() {
        return isError() && canMove()
                ? OptionalInt.of(Integer.getInteger("llams.terminalColumns", COLUMNS))
                : OptionalInt.empty();
    }

    /// Whether colours may be used on a terminal: https://no-color.org.
    static boolean hasColours() {
        return canMove() && System.getenv().getOrDefault("NO_COLOR", "").isEmpty();
    }

    private static boolean canMove() {
        return !System.getenv().getOrDefault("TERM", "dumb").equals("dumb");
    }
}
