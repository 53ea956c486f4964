package llams.cli;

import java.io.InputStream;
import java.io.PrintStream;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/// What every command shares: the program's three streams and the options that all of them take. Results go to `out`,
/// progress, notes and errors to `err`. Commands get it as their parent.
class Console {
    static final int DONE = 0;
    static final int FAILED = 1;
    static final int WRONG_USAGE = 2;
    /// What a shell reports for a program that SIGTERM ended.
    static final int STOPPED = 128 + 15;
    /// What a shell reports for a program that SIGPIPE ended.
    static final int CLOSED_PIPE = 128 + 13;

    final InputStream in;
    /// Text for people and programs: control characters are written out.
    final PrintStream out;
    /// What a model says: unchanged in a file or a pipe, as `out` on a terminal.
    final PrintStream text;
    final PrintStream err;

    @Option(names = "--verbose", scope = ScopeType.INHERIT, description = "On failure, show Java's stack trace.")
    boolean verbose;

    @Option(names = {"-h", "--help"}, usageHelp = true, scope = ScopeType.INHERIT, description = "Show this help.")
    boolean help;

    Console(InputStream in, PrintStream out, PrintStream err) {
        this.in = in;
        this.out = out;
        this.text = Terminal.isOutput() ? out : VisibleStream.bare(out);
        this.err = err;
    }

    /// Something worth knowing that stops nothing.
    void note(String note) {
        err.println("note: " + note);
    }
}
