package llams.cli;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import llams.engine.io.AtomicFiles;
import llams.engine.weights.Quantization;
import llams.model.files.DataException;
import llams.trainer.data.DataSource;
import llams.trainer.distributed.Collective;
import llams.trainer.recipe.Stage;
import llams.trainer.recipe.Work;
import llams.trainer.run.RunDirectory;
import llams.trainer.run.TrainSettings;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;

/// A stage as a command line of this program.
final class CommandStage implements Work {
    /// Options that say how the work is done or shown, or where: they do not change the result.
    private static final Set<String> HOW = Set.of("--threads", "--vector-bits", "--device", "--no-map", "--save-every",
            "--keep", "--distributed", "--worker-silence", "--worker-wait", "--parallel", "--requests-per-minute",
            "--timeout", "--attempts", "--key-env", "--allow-http");
    /// Options that are not for recipes.
    private static final Set<String> NOT_HERE = Set.of("--out", "--to", "--json", "--help", "--verbose",
            "--print-config", "--set", "--dry-run", "--resume", "--token", "--verify", "--answers", "--receipt",
            "--show-prompt", "--show-topics", "--show-request");

    private final StageKind kind;
    private final Stage stage;
    private final Path directory;
    private final SortedMap<String, List<Setting>> settings;
    private final List<String> arguments = new ArrayList<>();
    private final RecipeCommands commands;
    private final TrainSettings training;

    /// @throws DataException if a setting is not one of the command's, or wrong
    CommandStage(StageKind kind, Stage stage, Path directory, Map<String, Path> results, RecipeCommands commands) {
        this.kind = kind;
        this.stage = stage;
        this.directory = directory;
        this.commands = commands;
        CommandSpec known = commands.spec(kind);
        Map<String, OptionSpec> options = options(known);
        arguments.addAll(List.of(kind.words().split(" ")));
        List<String> operands = new ArrayList<>();
        stage.settings().forEach((name, setting) -> {
            List<String> values = setting.values().stream().map(value -> text(value, results)).toList();
            if (name.equals(kind.operand())) {
                operands.addAll(values);
            } else {
                String place = setting.place() + ": stage " + stage.name();
                arguments.addAll(OptionsFile.args(new OptionsFile.Entry(name, values, setting.isList(), place),
                        option(name, setting, options)));
            }
        });
        if (options.containsKey("json")) {
            arguments.add("--json");
        }
        Set<String> written = stage.settings().keySet().stream().map(name -> "--" + name).collect(Collectors.toSet());
        Set<String> computing = known.optionsMap()
                .keySet()
                .stream()
                .filter(name -> !written.contains(name))
                .collect(Collectors.toSet());
        arguments.addAll(commands.computing(computing));
        if (!kind.onlyMeasures()) {
            arguments.add(kind.output().option() + "=" + kind.output().in(directory));
        }
        if (!operands.isEmpty()) {
            arguments.add("--");
            arguments.addAll(operands);
        }
        CommandSpec parsed = parsed();
        settings = settings(parsed);
        training = parsed.userObject() instanceof TrainCommand train ? training(train.options) : null;
    }

    private static String text(Stage.Value value, Map<String, Path> results) {
        String text = switch (value) {
            case Stage.Text plain -> plain.text();
            case Stage.Output output -> results.get(output.stage()).resolve(output.file()).toString();
        };
        return value.key() == null ? text : value.key() + "=" + text;
    }

    private OptionSpec option(String name, Stage.Setting setting, Map<String, OptionSpec> known) {
        OptionSpec option = known.get(name);
        if (option == null || NOT_HERE.contains(option.longestName()) || isOptionsFile(option.longestName())) {
            Set<String> names = known.values()
                    .stream()
                    .map(OptionSpec::longestName)
                    .filter(one -> !NOT_HERE.contains(one))
                    .map(one -> one.substring(2))
                    .collect(Collectors.toSet());
            String meant = Suggestions.option(name, names)
                    .map(one -> "; did you mean " + one + "?")
                    .orElse(kind.operand() == null ? "" : "; what it takes is called " + kind.operand());
            throw new DataException(setting.place() + ": stage " + stage.name() + ": \"" + kind.words()
                    + "\" has no setting \"" + Errors.brief(name) + "\"" + meant);
        }
        return option;
    }

    /// Whether an option names a file with more options: these belong into the recipe.
    private boolean isOptionsFile(String option) {
        return option.equals("--config") && !kind.words().equals("init");
    }

    private static Map<String, OptionSpec> options(CommandSpec spec) {
        Map<String, OptionSpec> options = new TreeMap<>();
        spec.options().forEach(option -> options.put(option.longestName().substring(2), option));
        return options;
    }

    /// Null if an adapter or an extended model that another stage makes is to tell.
    private TrainSettings training(TrainOptions options) {
        if (options.adapter.fromAdapter != null || options.method == TrainOptions.Method.newTokens) {
            return null;
        }
        try {
            options.complete();
        } catch (ParameterException e) {
            throw wrong(e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return options.completed();
    }

    private DataException wrong(ParameterException e) {
        return new DataException(stage.place() + ": stage " + stage.name() + ": "
                + CommandArguments.unmarked(e.getMessage()).replace("<", "").replace(">", ""), e);
    }

    private CommandSpec parsed() {
        String[] args = arguments.toArray(String[]::new);
        CommandLine main = commands.parser(kind);
        try {
            CommandLine.ParseResult at = main.parseArgs(CommandArguments.marked(main, args));
            while (at.hasSubcommand()) {
                at = at.subcommand();
            }
            return at.commandSpec();
        } catch (ParameterException e) {
            throw wrong(e);
        }
    }

    Path directory() {
        return directory;
    }

    /// The settings of a training; null for anything else.
    TrainSettings training() {
        return training;
    }

    /// To what the model is quantized while it is loaded; null for its weights as they are.
    Quantization loaded() {
        List<Setting> form = settings.get("weights");
        return form == null ? null : WeightsOption.Form.valueOf(form.getFirst().text()).quantization;
    }

    @Override
    public SortedMap<String, List<Setting>> settings() {
        return settings;
    }

    /// What the command was given, with its defaults.
    private SortedMap<String, List<Setting>> settings(CommandSpec spec) {
        SortedMap<String, List<Setting>> settings = new TreeMap<>();
        for (ArgSpec arg : spec.args()) {
            String name = arg instanceof OptionSpec option ? option.longestName() : "--" + kind.operand();
            boolean isOutput = name.equals(kind.output().option());
            if (!isOutput && !HOW.contains(name) && !NOT_HERE.contains(name)) {
                List<Setting> values = values(name, arg.getValue());
                if (!values.isEmpty()) {
                    settings.put(name.substring(2), values);
                }
            }
        }
        if (commands.workers != Collective.ALONE && spec.userObject() instanceof TrainCommand train) {
            // What the result depends on, whatever their number.
            settings.put("accumulate",
                    values("--accumulate", (long) train.options.accumulate * commands.workers.size()));
            settings.put("sum", values("--sum", WorkerOptions.Sum.pairwise));
        }
        return settings;
    }

    private static List<Setting> values(String name, Object value) {
        return switch (value) {
            case null -> List.of();
            case Collection<?> many -> many.stream().flatMap(one -> values(name, one).stream()).toList();
            case Map<?, ?> named -> named.entrySet()
                    .stream()
                    .flatMap(entry -> values(name, entry.getValue()).stream()
                            .map(one -> new Setting(entry.getKey() + "=" + one.text(), one.file())))
                    .toList();
            case Path path when name.equals("--data") || name.equals("--eval-data") -> {
                DataSource source = DataSource.of(path);
                yield List.of(new Setting(source.brackets(), source.file()));
            }
            case Path path -> List.of(new Setting("", path));
            // A known shape or task, or a file.
            case String text when (name.equals("--config") || name.equals("--tasks"))
                    && Files.isRegularFile(Path.of(text)) ->
                List.of(new Setting("", Path.of(text)));
            case Enum<?> choice -> List.of(new Setting(choice.name().toLowerCase(Locale.ROOT), null));
            default -> List.of(new Setting(value.toString(), null));
        };
    }

    @Override
    public boolean canResume() throws IOException {
        return switch (kind.words()) {
            case "download", "data generate" -> true;
            case "train" -> RunDirectory.newestSave(directory).isPresent();
            default -> false;
        };
    }

    @Override
    public boolean isShared() {
        return kind.words().equals("train");
    }

    @Override
    public Outcome run(boolean resume) throws IOException {
        List<String> args = new ArrayList<>(arguments);
        if (resume && kind.words().equals("train")) {
            args.add(1, "--resume");
        }
        if (!kind.output().file().isEmpty()) {
            AtomicFiles.createDirectories(kind.output().in(directory).getParent());
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        int code = Main.run(args.toArray(String[]::new), new ByteArrayInputStream(new byte[0]), out, commands.err);
        String printed = out.toString(StandardCharsets.UTF_8).strip();
        if (code == Console.DONE && kind.onlyMeasures()) {
            AtomicFiles.createDirectories(directory);
            AtomicFiles.write(directory.resolve("result.json"), (printed + "\n").getBytes(StandardCharsets.UTF_8));
        }
        return new Outcome(code, printed.startsWith("{") ? printed : "");
    }
}
