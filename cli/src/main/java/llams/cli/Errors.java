package llams.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import llams.engine.weights.NotAModelException;
import llams.trainer.distributed.AgreedException;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.MissingParameterException;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;
import tools.jackson.core.JacksonException;

/// What went wrong, as one readable line on stderr and an exit code.
final class Errors implements IParameterExceptionHandler, IExecutionExceptionHandler {
    private static final int LONGEST_LINE = 2_000;
    private static final int LONGEST_QUOTE = 80;

    private final Console console;

    Errors(Console console) {
        this.console = console;
    }

    /// Wrong usage: names the command, the mistake, what was probably meant, and where help is.
    @Override
    public int handleParseException(ParameterException e, String[] args) {
        CommandLine at = e.getCommandLine();
        // What is missing may be there under a name that is not known; picocli looks for the missing first.
        if (e instanceof MissingParameterException && !at.getUnmatchedArguments().isEmpty()) {
            return handleParseException(new UnmatchedArgumentException(at, at.getUnmatchedArguments()), args);
        }
        String name = at.getCommandSpec().qualifiedName();
        StringBuilder line = new StringBuilder(name).append(": ")
                .append(decapitalized(oneLine(CommandArguments.unmarked(e.getMessage()))));
        if (e instanceof UnmatchedArgumentException unmatched) {
            suggestion(unmatched.getUnmatched().getFirst(), at)
                    .ifPresent(meant -> line.append(" (").append(meant).append(")"));
        }
        if (line.indexOf("--help'") < 0) {
            line.append("; see '").append(Shell.program()).append(name.substring("llams".length())).append(" --help'");
        }
        console.err.println(brief(line.toString(), LONGEST_LINE));
        return Console.WRONG_USAGE;
    }

    private static Optional<String> suggestion(String word, CommandLine at) {
        if (word.startsWith("-")) {
            List<String> names = at.getCommandSpec()
                    .options()
                    .stream()
                    .map(option -> option.longestName().substring(2))
                    .toList();
            return Suggestions.option(word, names).map(name -> "did you mean --" + name + "?");
        }
        Set<String> commands = at.getSubcommands().keySet();
        if (commands.isEmpty()) {
            return Optional.empty();
        }
        // The program itself has too many commands for one line.
        return Suggestions.command(word, commands)
                .or(() -> at.getParent() == null
                        ? Optional.empty()
                        : Optional.of("one of " + String.join(", ", commands)));
    }

    @Override
    public int handleExecutionException(Exception e, CommandLine at, ParseResult parsed) {
        if (e instanceof ResultStream.Unwritable unwritable) {
            return unwritable(unwritable);
        }
        if (e instanceof AgreedException agreed && !agreed.isSaidHere) {
            // The code of the worker that says it.
            return agreed.same instanceof ParameterException ? Console.WRONG_USAGE : Console.FAILED;
        }
        console.out.flush();
        console.err.println("llams: " + line(e));
        trace(e);
        return Console.FAILED;
    }

    /// What went wrong, as one line.
    static String line(Exception e) {
        return brief(Shell.asCalled(SettingNames.asOptions(describe(e))), LONGEST_LINE);
    }

    int unwritable(ResultStream.Unwritable e) {
        if (e.closedPipe()) {
            return Console.CLOSED_PIPE;
        }
        console.err.println("llams: cannot write to standard output: " + e.getCause().getMessage());
        trace(e);
        return Console.FAILED;
    }

    /// Weights and buffers live outside the Java heap and have limits of their own: this is the heap, or memory for
    /// them that the system refused.
    int outOfMemory(OutOfMemoryError e) {
        long heapMebibytes = Runtime.getRuntime().maxMemory() >> 20;
        console.err.println("llams: out of memory (" + e.getMessage() + "); the Java heap is limited to "
                + heapMebibytes + " MiB; LLAMS_JAVA_OPTS=-Xmx8g raises that to 8 GiB");
        trace(e);
        return Console.FAILED;
    }

    /// Java's error for a page of a mapped file that is not there any more, from wherever the page was read.
    int lostPage(InternalError e) {
        console.err.println("llams: a mapped file was truncated, or its disk failed, while it was in use ("
                + e.getMessage()
                + "); replace a model by renaming, not by overwriting it, or load it into memory with --no-map");
        trace(e);
        return Console.FAILED;
    }

    /// Readers bound how deep their input may be; what they let pass must not end in a page of Java's frames all the
    /// same.
    int tooDeep(StackOverflowError e) {
        console.err.println("llams: the input is nested too deeply for this program (--verbose shows where)");
        trace(e);
        return Console.FAILED;
    }

    private void trace(Throwable e) {
        if (console.verbose) {
            e.printStackTrace(console.err);
        }
    }

    /// Exceptions of the library carry their whole message. The JDK's file exceptions often carry a bare path; a defect
    /// of this program (a null pointer, an index) is told apart from what its user can mend.
    private static String describe(Exception e) {
        return oneLine(switch (e) {
            case NoSuchFileException missing when missing.getReason() == null ->
                missing.getFile() + ": no such file or directory";
            case AccessDeniedException denied when denied.getReason() == null ->
                denied.getFile() + ": permission denied";
            case NotDirectoryException file -> file.getFile() + ": not a directory";
            case FileSystemException other -> other.getMessage();
            case NotAModelException other -> other.getMessage() + instead(other);
            case UncheckedIOException unchecked -> describe(unchecked.getCause());
            case JacksonException json -> "malformed JSON" + (json.getLocation() == null
                    ? ""
                    : " at line " + json.getLocation().getLineNr() + ", column " + json.getLocation().getColumnNr());
            case IOException io when io.getMessage() != null -> io.getMessage();
            case IllegalArgumentException argument when argument.getMessage() != null -> argument.getMessage();
            case IllegalStateException state when state.getMessage() != null -> state.getMessage();
            case UnsupportedOperationException unsupported when unsupported.getMessage() != null ->
                unsupported.getMessage();
            default -> "internal error: " + e + " (--verbose shows where)";
        });
    }

    private static String instead(NotAModelException e) {
        return switch (e.next) {
            case NONE -> "";
            case GIVE -> "; give " + Shell.quoted(e.instead);
            case GIVE_BASE_AND_ADAPTER ->
                "; pass its base model with -m and this with --adapter, or merge the two with 'llams merge"
                        + " adapter'";
            case DOWNLOAD -> "; get it with 'llams download " + e.instead + "'";
        };
    }

    /// A name or a value as a message quotes it: what is longer than anyone reads is cut.
    static String brief(String text) {
        return brief(VisibleStream.line(text), LONGEST_QUOTE);
    }

    private static String brief(String text, int most) {
        return text.length() <= most
                ? text
                : text.substring(0, most / 2) + " ... " + text.substring(text.length() - most / 2);
    }

    private static String oneLine(String message) {
        return message.strip().replaceAll("\\s*\\R\\s*", " ");
    }

    private static String decapitalized(String message) {
        return message.isEmpty() ? message : Character.toLowerCase(message.charAt(0)) + message.substring(1);
    }
}
