package llams.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.RunLast;
import picocli.CommandLine.Spec;

/// The program: its commands, and what becomes of a command line.
@Command(
        name = "llams",
        description = "Llama 3 in Java: run it, fine-tune it, merge it.",
        versionProvider = Version.class,
        footer = {"", "Exit codes: 0 done, 1 failed, 2 wrong usage.",
                "'llams COMMAND --help' explains a command, with examples."})
public final class Main extends Console implements Runnable {
    @Spec
    CommandSpec spec;

    @Option(names = "--version", versionHelp = true, description = "Show the version.")
    boolean version;

    private Main(InputStream in, PrintStream out, PrintStream err) {
        super(in, out, err);
    }

    public static void main(String[] args) {
        System.exit(run(args, System.in, new FileOutputStream(FileDescriptor.out), new Stderr()));
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

    /// The parser of this command line, which knows the commands that it [#needs].
    static CommandLine commandLine(InputStream in, PrintStream out, PrintStream err, String... args) {
        Main main = new Main(in, out, err);
        CommandLine commandLine = new CommandLine(main);
        for (String name : needs(args)) {
            commandLine.addSubcommand(name, command(name));
        }
        Errors errors = new Errors(main);
        CommandArguments.configure(commandLine)
                .setErr(new PrintWriter(err, true, StandardCharsets.UTF_8))
                .setColorScheme(Help.defaultColorScheme(
                        Terminal.isOutput() && Terminal.hasColours() ? Help.Ansi.ON : Help.Ansi.OFF))
                .setExecutionStrategy(parsed -> {
                    OneProcess.check(parsed, System.getenv());
                    return new RunLast().execute(parsed);
                })
                .setParameterExceptionHandler(errors)
                .setExecutionExceptionHandler(errors);
        CommandGroups.install(commandLine);
        return commandLine;
    }

    /// Only the command that is named, because to read the annotations of all takes a tenth of a second. If none is
    /// (help, a typing error) or the command looks at the others, all.
    private static List<String> needs(String... args) {
        if (args.length == 1 && args[0].equals("--version")) {
            return List.of();
        }
        for (String arg : args) {
            if (!arg.startsWith("-")) {
                return command(arg) == null || arg.equals("completion") ? CommandGroups.names() : List.of(arg);
            }
        }
        return CommandGroups.names();
    }

    /// The class of a command, which Java loads when it is asked for; null if there is none of this name.
    private static Class<?> command(String name) {
        return switch (name) {
            case "demo" -> DemoCommand.class;
            case "download" -> DownloadCommand.class;
            case "upload" -> UploadCommand.class;
            case "checksum" -> ChecksumCommand.class;
            case "verify" -> VerifyCommand.class;
            case "init" -> InitCommand.class;
            case "info" -> InfoCommand.class;
            case "tokenize" -> TokenizeCommand.class;
            case "data" -> DataCommand.class;
            case "generate" -> GenerateCommand.class;
            case "chat" -> ChatCommand.class;
            case "serve" -> ServeCommand.class;
            case "train" -> TrainCommand.class;
            case "launch" -> LaunchCommand.class;
            case "merge" -> MergeCommand.class;
            case "extend" -> ExtendCommand.class;
            case "recipe", "recipes" -> RecipeCommand.class;
            case "explain" -> ExplainCommand.class;
            case "replay" -> ReplayCommand.class;
            case "report" -> ReportCommand.class;
            case "quantize" -> QuantizeCommand.class;
            case "export" -> ExportCommand.class;
            case "import" -> ImportCommand.class;
            case "eval" -> EvalCommand.class;
            case "devices" -> DevicesCommand.class;
            case "bench" -> BenchCommand.class;
            case "measure" -> MeasureCommand.class;
            case "bundle" -> BundleCommand.class;
            case "completion" -> CompletionCommand.class;
            default -> null;
        };
    }

    /// `llams` alone shows what it can do; that no command was named is wrong usage.
    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "which command? '" + Shell.command("--help") + "' lists them");
    }
}
