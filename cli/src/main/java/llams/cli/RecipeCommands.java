package llams.cli;

import java.io.InputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import llams.model.files.DataException;
import llams.trainer.distributed.Collective;
import llams.trainer.recipe.Kinds;
import llams.trainer.recipe.Stage;
import llams.trainer.recipe.Work;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;

/// Stages as commands of this program: a stage's settings are the command's options.
///
/// @param err     for the commands' progress and notes
/// @param compute options of the recipe's own command line, for every stage that computes
/// @param workers that share the trainings
final class RecipeCommands implements Kinds {
    final PrintStream err;
    private final ComputeOptions compute;
    final Collective workers;
    /// To read a command's annotations takes longer than to parse its options.
    private final Map<String, CommandLine> parsers = new HashMap<>();

    RecipeCommands(PrintStream err, ComputeOptions compute, Collective workers) {
        this.err = err;
        this.workers = workers;
        this.compute = compute;
    }

    /// The parser of a command line that begins with the command of this kind.
    CommandLine parser(StageKind kind) {
        return parsers.computeIfAbsent(kind.words().split(" ")[0],
                word -> Main.commandLine(InputStream.nullInputStream(), System.out, System.err, word));
    }

    CommandSpec spec(StageKind kind) {
        CommandLine at = parser(kind);
        for (String word : kind.words().split(" ")) {
            at = at.getSubcommands().get(word);
        }
        return at.getCommandSpec();
    }

    @Override
    public Path result(Stage stage, Path directory) {
        return kind(stage).result(directory);
    }

    @Override
    public Work work(Stage stage, Path directory, Map<String, Path> results) {
        return new CommandStage(kind(stage), stage, directory, results, this);
    }

    private static StageKind kind(Stage stage) {
        Set<String> names = StageKind.ALL.stream().map(StageKind::words).collect(Collectors.toSet());
        return StageKind.ALL.stream().filter(kind -> kind.words().equals(stage.kind())).findFirst().orElseThrow(() -> {
            String meant = Suggestions.command(stage.kind(), names)
                    .orElse("it is one of "
                            + StageKind.ALL.stream().map(StageKind::words).collect(Collectors.joining(", ")));
            return new DataException(stage.place() + ": stage " + stage.name() + ": there is no kind \""
                    + Errors.brief(stage.kind()) + "\"; " + meant);
        });
    }

    /// The options of every stage's command that has them.
    List<String> computing(Set<String> options) {
        Map<String, String> all = compute.given();
        return all.entrySet()
                .stream()
                .filter(option -> options.contains(option.getKey()))
                .map(option -> option.getKey() + "=" + option.getValue())
                .toList();
    }
}
