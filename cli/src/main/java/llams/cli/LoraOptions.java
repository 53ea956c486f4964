package llams.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import llams.engine.llama.ProjectionName;
import llams.model.lora.AdapterFiles;
import llams.model.lora.LoraConfig;
import picocli.CommandLine;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// The adapter that is to be trained.
final class LoraOptions {
    @Spec(Spec.Target.MIXEE)
    CommandSpec spec;

    @Option(
            names = "--from-adapter",
            paramLabel = "DIR",
            description = "LoRA: continue this PEFT adapter instead of starting a new one, with its rank, alpha and"
                    + " targets.")
    Path fromAdapter;

    @Option(names = "--rank", paramLabel = "R", description = "LoRA: rank (default: " + LoraConfig.RANK + ").")
    Integer rank;

    @Option(
            names = "--alpha",
            paramLabel = "A",
            description = "LoRA: strength, alpha / rank (default: " + LoraConfig.ALPHA + ").")
    Double alpha;

    @Option(names = "--lora-dropout", paramLabel = "P", description = "LoRA: dropout rate (default: 0).")
    Double dropout;

    @Option(
            names = "--targets",
            paramLabel = "NAMES",
            split = ",",
            completionCandidates = CompletionValues.Projections.class,
            description = "LoRA: what gets an adapter, of q,k,v,o,gate,up,down,embed,head (default: all projections).")
    List<String> targets;

    @Option(names = "--rslora", description = "LoRA: strength alpha / sqrt(rank), for high ranks.")
    boolean rsLora;

    @Mixin
    LoraFormOptions form;

    /// The adapter that these options describe; fills in what they leave open.
    ///
    /// @throws IOException if the adapter to continue cannot be read
    LoraConfig complete() throws IOException {
        LoraConfig known = fromAdapter == null ? LoraConfig.standard() : AdapterFiles.config(fromAdapter);
        if (fromAdapter != null) {
            agrees("--rank", rank, known.rank());
            agrees("--alpha", alpha, known.alpha());
            agrees("--targets", targets == null ? null : projections(), known.targets());
            agrees("--targets", targets == null ? null : ends(), known.rules().ends());
            agrees("--rslora", rsLora ? true : null, known.rsLora());
            dropout = dropout == null ? known.dropout() : dropout;
            form.leftOut(fromAdapter);
            return known.withDropout(dropout);
        }
        rank = rank == null ? known.rank() : rank;
        alpha = alpha == null ? known.alpha() : alpha;
        dropout = dropout == null ? known.dropout() : dropout;
        targets = targets == null ? names(known) : targets;
        return new LoraConfig(rank, alpha, dropout, projections(), rsLora, form.rules(ends()));
    }

    /// The ends of the model that `--targets` names.
    private Set<String> ends() {
        Set<String> ends = new TreeSet<>();
        targets.stream().map(LoraFormOptions::end).filter(Objects::nonNull).forEach(ends::add);
        return ends;
    }

    private void agrees(String option, Object given, Object adapters) {
        if (given != null && !given.equals(adapters)) {
            throw wrong(option + " " + given + " contradicts --from-adapter " + fromAdapter + ", which has " + adapters
                    + "; leave " + option + " out");
        }
    }

    private Set<ProjectionName> projections() {
        return projections(targets.stream().filter(target -> LoraFormOptions.end(target) == null).toList(),
                spec.commandLine());
    }

    /// The projections that `--targets` names.
    static Set<ProjectionName> projections(List<String> targets, CommandLine command) {
        Set<ProjectionName> projections = EnumSet.noneOf(ProjectionName.class);
        for (String target : targets) {
            projections.add(ProjectionName.named(target.strip())
                    .orElseThrow(() -> new ParameterException(command,
                            "--targets: there is no \"" + target + "\"; there are q, k, v, o, gate, up, down")));
        }
        return projections;
    }

    private static List<String> names(LoraConfig lora) {
        return lora.targets().stream().map(target -> target.name().toLowerCase(Locale.ROOT)).toList();
    }

    private ParameterException wrong(String message) {
        return new ParameterException(spec.commandLine(), message);
    }

    /// For people.
    String describe(LoraConfig lora) {
        return (lora.rules().form().dora() ? "DoRA" : "LoRA") + " of rank " + lora.rank() + ", alpha " + lora.alpha()
                + ", on "
                + Stream.concat(names(lora).stream(), lora.rules().ends().stream()).collect(Collectors.joining(", "))
                + (fromAdapter == null ? "" : ", from " + fromAdapter);
    }
}
