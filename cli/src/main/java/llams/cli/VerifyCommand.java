package llams.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import llams.model.files.SettingException;
import llams.trainer.run.TrainingRun;
import llams.trainer.run.Verification;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// `llams verify`
@Command(
        name = "verify",
        sortOptions = false,
        description = {"Check that a run is what it was, and make its steps again.",
                "Every row of its log has a receipt, a hash of the step's data and results and of the receipt before it,"
                        + " and so has every save. Compared are log, saves, result, data files, the model that the run"
                        + " started from, and its settings. --steps makes steps again from the newest save before them:"
                        + " data, loss, gradients, and weights and moments at saves must be the same to the bit."
                        + " Nothing in the run is changed."},
        footer = {"", "Exit codes: 0 all is as it was, 1 it is not or cannot be told, 2 wrong usage.", "", "Examples:",
                "  llams verify tuned", "  llams verify tuned --steps 61-80"})
final class VerifyCommand implements Callable<Integer> {
    private static final Pattern WINDOW = Pattern.compile("(\\d{1,9})(?:-(\\d{1,9}))?");

    @ParentCommand
    Console console;

    @Spec
    CommandSpec spec;

    @Parameters(paramLabel = "DIR", description = "What 'llams train' wrote.")
    Path run;

    @Option(
            names = "--steps",
            paramLabel = "A-B",
            description = "Make these steps again, counted from 1. It needs room for a save or two beside DIR.")
    String steps;

    @Option(names = "--json", description = "Print one JSON object.")
    boolean json;

    @Override
    public Integer call() throws IOException {
        int first = 0;
        int last = 0;
        if (steps != null) {
            Matcher window = WINDOW.matcher(steps);
            if (!window.matches() || Integer.parseInt(window.group(1)) < 1) {
                throw new ParameterException(spec.commandLine(), "--steps must be like 61-80, not " + steps);
            }
            first = Integer.parseInt(window.group(1));
            last = window.group(2) == null ? first : Integer.parseInt(window.group(2));
        }
        TrainingRun.Listener progress = report -> console.err.printf("step %d made again%n", report.step() + 1);
        Verification.Report report;
        try {
            report = Verification.of(run, (out, resume) -> EarlierTraining.command(run, out, resume, true).request(),
                    first, last, progress);
        } catch (SettingException e) {
            throw new ParameterException(spec.commandLine(), Errors.line(e), e);
        }
        if (json) {
            ObjectNode object = JsonNodeFactory.instance.objectNode();
            report.whole().forEach(object.putArray("whole")::add);
            report.problems().forEach(object.putArray("problems")::add);
            console.out.println(object);
        } else {
            report.whole().forEach(line -> console.out.println("as it was: " + line));
            report.problems().forEach(line -> console.out.println("NOT as it was: " + SettingNames.asOptions(line)));
        }
        return report.problems().isEmpty() ? Console.DONE : Console.FAILED;
    }
}
