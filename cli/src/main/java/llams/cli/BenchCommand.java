package llams.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.concurrent.Callable;
import llams.trainer.measure.Benchmarks;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/// `llams bench`: how fast this machine is.
@Command(
        name = "bench",
        description = {"Measure how fast this machine is.",
                "Each row is one benchmark, compared with the peak of processor and memory, which is"
                        + " measured first. bench/README.md explains the columns and how to compare with other"
                        + " programs. Keep the machine otherwise idle."},
        footer = {"", "Examples:", "  llams bench --quick", "  llams bench Kernel --threads 1,2 --json results.json",
                "  llams bench PrefillDecode --param shape=1B --param dtype=bf16",
                "  llams bench Tokenizer --param tokenizer=model --param text=corpus.txt",
                "  llams bench --quick --json results.json --html results.html",
                "  llams bench Row --forks 3 --json before.json", "  llams bench --compare before.json after.json",
                "  llams bench --leaderboard bench/results --html machines.html"})
final class BenchCommand implements Callable<Integer> {
    @ParentCommand
    Console console;

    @Spec
    CommandSpec spec;

    @Parameters(
            paramLabel = "PATTERN",
            arity = "0..*",
            description = "Run only benchmarks that match this regular expression, such as Kernel, attention or"
                    + " TrainStep.")
    List<String> patterns = List.of();

    @Option(
            names = "--quick",
            description = "Run the first case of each benchmark, briefly: about three minutes in all.")
    boolean quick;

    @Option(
            names = "--forks",
            paramLabel = "N",
            defaultValue = "1",
            description = "Measure each case in N Java processes, one after the other. From 3 on, --compare knows how far"
                    + " processes differ by chance (default: ${DEFAULT-VALUE}).")
    int forks;

    @Option(names = "--list", description = "List the benchmarks and their parameters without running them.")
    boolean list;

    @Option(names = "--threads", paramLabel = "N", split = ",", description = "CPU threads (default: 1 and all cores).")
    List<Integer> threads = List.of();

    @Option(
            names = "--vector-bits",
            paramLabel = "BITS",
            split = ",",
            description = "Vector widths, 128, 256 or 512 (default: the widest this CPU has).")
    List<Integer> vectorBits = List.of();

    @Option(
            names = "--param",
            paramLabel = "NAME=VALUE,...",
            description = "Values for a parameter instead of its own; --list shows them.")
    List<String> parameters = List.of();

    @Option(
            names = "--no-ceilings",
            description = "Do not measure the machine's peak first; the percentage columns stay empty.")
    boolean noCeilings;

    @Option(
            names = {"-prof", "--prof"},
            paramLabel = "NAME[:OPTIONS]",
            description = "Run one of JMH's profilers beside, such as gc, stack or perfasm; may be repeated.")
    List<String> profilers = List.of();

    @Option(
            names = "--json",
            paramLabel = "FILE",
            description = "Also write all results to a file in JMH's JSON format, with the machine beside each.")
    Path json;

    @Option(
            names = "--html",
            paramLabel = "FILE",
            description = "Also write a page: a verdict in words, rooflines, every case. With --from, --compare or"
                    + " --leaderboard, a page about these.")
    Path html;

    @Option(
            names = "--from",
            paramLabel = "FILE.json",
            description = "Measure nothing; write the page about results from before.")
    Path from;

    @Option(
            names = "--compare",
            arity = "2",
            paramLabel = "FILE.json",
            description = "Measure nothing; print what differs between two files of results beyond their noise.")
    List<Path> compared = List.of();

    @Option(
            names = "--leaderboard",
            paramLabel = "DIR",
            description = "Measure nothing; write a page that ranks the machines whose results are in DIR/*.json.")
    Path leaderboard;

    @Override
    public Integer call() throws IOException {
        Benchmarks benchmarks = ServiceLoader.load(Benchmarks.class).findFirst().orElse(null);
        if (benchmarks == null) {
            throw new ParameterException(spec.commandLine(),
                    "this program was started without the benchmarks: make bench the first argument of ./llams, or pack"
                            + " the bundle with --bench");
        }
        if (list) {
            benchmarks.list(console.out);
            return Console.DONE;
        }
        if (from != null || !compared.isEmpty() || leaderboard != null) {
            writeAbout(benchmarks);
            return Console.DONE;
        }
        for (int count : threads) {
            if (count < 1) {
                throw new ParameterException(spec.commandLine(), "--threads must be at least 1, not " + count);
            }
        }
        if (forks < 1) {
            throw new ParameterException(spec.commandLine(), "--forks must be at least 1, not " + forks);
        }
        for (int bits : vectorBits) {
            if (bits != 128 && bits != 256 && bits != 512) {
                throw new ParameterException(spec.commandLine(), "--vector-bits must be 128, 256 or 512, not " + bits);
            }
        }
        Benchmarks.Request request = new Benchmarks.Request(patterns,
                new Benchmarks.Variants(threads, vectorBits, parameters()), quick, forks, !noCeilings, profilers, json,
                html, Version.ofProgram(), new StatusLine(console.err), console.verbose);
        try {
            return benchmarks.run(request, console.out, console.err) == 0 ? Console.DONE : Console.FAILED;
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage() + "; --list shows what there is", e);
        }
    }

    /// Results from before, instead of new ones.
    private void writeAbout(Benchmarks benchmarks) throws IOException {
        if ((from != null ? 1 : 0) + (compared.isEmpty() ? 0 : 1) + (leaderboard != null ? 1 : 0) > 1
                || !patterns.isEmpty() || json != null) {
            throw new ParameterException(spec.commandLine(),
                    "--from, --compare and --leaderboard measure nothing: give one of them, without PATTERN and --json");
        }
        if (html == null && compared.isEmpty()) {
            throw new ParameterException(spec.commandLine(), "give a file for the page with --html");
        }
        if (!compared.isEmpty()) {
            benchmarks.compare(compared.getFirst(), compared.getLast(), html, console.out);
        } else if (leaderboard != null) {
            benchmarks.leaderboard(leaderboard, html);
        } else {
            benchmarks.page(from, html);
        }
    }

    private Map<String, List<String>> parameters() {
        Map<String, List<String>> values = new LinkedHashMap<>();
        for (String parameter : parameters) {
            int equals = parameter.indexOf('=');
            if (equals < 1 || equals + 1 == parameter.length()) {
                throw new ParameterException(spec.commandLine(), "--param must be NAME=VALUE, not " + parameter);
            }
            values.put(parameter.substring(0, equals), Arrays.asList(parameter.substring(equals + 1).split(",")));
        }
        return values;
    }
}
