package llams.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// The program: its commands, and what becomes of a command line.
@Command(
        name = "llams",
        description = "Llama 3 in Java: run it, fine-tune it, merge it.",
        versionProvider = Version.class,
        footer = {"", "Exit codes: 0 done, 1 failed, 2 wrong usage.",
                "'llams COMMAND --help' explains a command, with examples."})
public final class Main extends Console implements Runnable {
    /// Every command by name, in the order of the help.
    private static final Map<String, Class<?>> COMMANDS = new LinkedHashMap<>();

    static {
        COMMANDS.put("demo", DemoCommand.class);
        COMMANDS.put("download", DownloadCommand.class);
        COMMANDS.put("init", InitCommand.class);
        COMMANDS.put("info", InfoCommand.class);
        COMMANDS.put("tokenize", TokenizeCommand.class);
        COMMANDS.put("data", DataCommand.class);
        COMMANDS.put("generate", GenerateCommand.class);
        COMMANDS.put("chat", ChatCommand.class);
        COMMANDS.put("train", TrainCommand.class);
        COMMANDS.put("merge", MergeCommand.class);
        COMMANDS.put("quantize", QuantizeCommand.class);
        COMMANDS.put("eval", EvalCommand.class);
        COMMANDS.put("devices", DevicesCommand.class);
        COMMANDS.put("bench", BenchCommand.class);
        COMMANDS.put("measure", MeasureCommand.class);
        COMMANDS.put("bundle", BundleCommand.class);
        COMMANDS.put("completion", CompletionCommand.class);
    }

    @Spec
    CommandSpec spec;

    @Option(names = "--version", versionHelp = true, description = "Show the version.")
    boolean version;

    private Main(InputStream in, PrintStream out, PrintStream err) {
        super(in, out, err);
    }

    public static void main(String[] args) {
        Stderr.restore();
        System.exit(run(args, System.in, new FileOutputStream(FileDescriptor.out), System.err));
    }

    /// Runs one command line and returns its exit code. `out` gets UTF-8 whatever the locale; a write to it that fails
    /// ends the command.
    static int run(String[] args, InputStream in, OutputStream out, OutputStream err) {
        PrintStream results = new VisibleStream(new ResultStream(out), false);
        PrintStream messages = new VisibleStream(err, true);
        CommandLine commandLine = commandLine(in, results, messages, args);
        // picocli would print a failure to write its help as a stack trace.
        StringWriter help = new StringWriter();
        commandLine.setOut(new PrintWriter(help));
        Errors errors = new Errors(commandLine.getCommand());
        try {
            int code = commandLine.execute(CommandArguments.marked(commandLine, args));
            VisibleStream.bare(results).print(help);
            results.flush();
            return code;
        } catch (ParameterException e) {
            return errors.handleParseException(e, args);
        } catch (ResultStream.Unwritable e) {
            return errors.unwritable(e);
        } catch (OutOfMemoryError e) {
            return errors.outOfMemory(e);
        } catch (InternalError e) {
            return errors.lostPage(e);
        } catch (StackOverflowError e) {
            return errors.tooDeep(e);
        }
    }

    /// The parser of this command line. It knows only the command that is named, because to read the annotations of all
    /// takes a tenth of a second; if none is (help, a typing error) or the command looks at the others, it knows all.
    static CommandLine commandLine(InputStream in, PrintStream out, PrintStream err, String... args) {
        Main main = new Main(in, out, err);
        CommandLine commandLine = new CommandLine(main);
        String named = null;
        for (int i = 0; i < args.length && named == null; i++) {
            named = args[i].startsWith("-") ? null : args[i];
        }
        if (COMMANDS.containsKey(named) && !named.equals("completion")) {
            commandLine.addSubcommand(named, COMMANDS.get(named));
        } else {
            COMMANDS.forEach(commandLine::addSubcommand);
        }
        Errors errors = new Errors(main);
        CommandArguments.configure(commandLine)
                .setErr(new PrintWriter(err, true, StandardCharsets.UTF_8))
                .setColorScheme(Help.defaultColorScheme(
                        Terminal.isOutput() && Terminal.hasColours() ? Help.Ansi.ON : Help.Ansi.OFF))
                .setParameterExceptionHandler(errors)
                .setExecutionExceptionHandler(errors);
        CommandGroups.install(commandLine);
        return commandLine;
    }

    /// `llams` alone shows what it can do; that no command was named is wrong usage.
    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "which command? '" + Shell.command("--help") + "' lists them");
    }
}
