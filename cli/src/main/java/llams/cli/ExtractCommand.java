package llams.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import llams.engine.llama.ProjectionName;
import llams.model.merge.extract.AdapterExtraction;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// `llams merge extract`
@Command(
        name = "extract",
        description = {"Make a LoRA adapter of the difference between two models.",
                "For each projection the nearest matrix of the given rank; prints how much of the difference the"
                        + " adapter leaves out. Other tensors stay those of the base."},
        footer = {"", "Example:", "  llams merge extract --base base --tuned korean --rank 32 --out adapter"})
final class ExtractCommand implements Callable<Integer> {
    @ParentCommand
    MergeCommand merge;

    @Spec
    CommandSpec spec;

    @Option(names = "--base", paramLabel = "DIR", required = true, description = "Required: the base model.")
    Path base;

    @Option(
            names = "--tuned",
            paramLabel = "DIR",
            required = true,
            description = "Required: the model that was made from it.")
    Path tuned;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            required = true,
            description = "Required: a new directory for the adapter.")
    Path out;

    @Option(
            names = "--rank",
            paramLabel = "R",
            defaultValue = "16",
            description = "Rank of the adapter (default: ${DEFAULT-VALUE}).")
    int rank;

    @Option(
            names = "--targets",
            paramLabel = "NAMES",
            split = ",",
            completionCandidates = CompletionValues.Projections.class,
            description = "The projections that get an adapter, of q,k,v,o,gate,up,down (default: all).")
    List<String> targets;

    @Option(names = "--json", description = "Print one JSON object.")
    boolean json;

    @Override
    public Integer call() throws IOException {
        if (rank < 1) {
            throw new ParameterException(spec.commandLine(), "--rank must be at least 1, not " + rank);
        }
        AdapterExtraction.Report report;
        try (ByteMeter progress = new ByteMeter(merge.console.err, "extracting")) {
            report = AdapterExtraction.extract(base, tuned, out, rank, projections(), progress);
        }
        if (json) {
            printJson(report);
            return Console.DONE;
        }
        merge.console.out.printf(Locale.ROOT, "%s: adapter of rank %d%n", out, rank);
        if (!report.files().isEmpty()) {
            merge.console.out.println("also copied: " + String.join(", ", report.files()));
        }
        merge.console.out.println("norm of the differences, and the share of it that the adapter leaves out:");
        report.losses()
                .forEach(loss -> merge.console.out.printf(Locale.ROOT, "  %-10s %10.4g %9.3f%%%n",
                        loss.projection().moduleName(), loss.norm(), 100 * loss.left()));
        report.notes().forEach(note -> merge.console.out.println("note: " + note));
        return Console.DONE;
    }

    private void printJson(AdapterExtraction.Report report) {
        ObjectNode object = JsonNodeFactory.instance.objectNode();
        object.put("out", out.toString()).put("rank", rank);
        ObjectNode losses = object.putObject("losses");
        report.losses()
                .forEach(loss -> losses.putObject(loss.projection().moduleName())
                        .put("norm", loss.norm())
                        .put("left", Double.isNaN(loss.left()) ? null : loss.left()));
        report.files().forEach(object.putArray("files")::add);
        report.notes().forEach(object.putArray("notes")::add);
        merge.console.out.println(object);
    }

    private Set<ProjectionName> projections() {
        if (targets == null) {
            return EnumSet.allOf(ProjectionName.class);
        }
        return LoraOptions.projections(targets, spec.commandLine());
    }
}
