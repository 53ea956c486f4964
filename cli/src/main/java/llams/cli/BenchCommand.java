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
                "  llams bench Tokenizer --param tokenizer=model --param text=corpus.txt"})
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
            names = "--json",
            paramLabel = "FILE",
            description = "Also write all results to a file in JMH's JSON format.")
    Path json;

    @Override
    public Integer call() throws IOException {
        Benchmarks benchmarks = ServiceLoader.load(Benchmarks.class).findFirst().orElse(null);
        if (benchmarks == null) {
            throw new ParameterException(spec.commandLine(),
                    "bench must be the first argument of ./llams, which then builds it");
        }
        if (list) {
            benchmarks.list(console.out);
            return Console.DONE;
        }
        for (int count : threads) {
            if (count < 1) {
                throw new ParameterException(spec.commandLine(), "--threads must be at least 1, not " + count);
            }
        }
        for (int bits : vectorBits) {
            if (bits != 128 && bits != 256 && bits != 512) {
                throw new ParameterException(spec.commandLine(), "--vector-bits must be 128, 256 or 512, not " + bits);
            }
        }
        Benchmarks.Request request = new Benchmarks.Request(patterns,
                new Benchmarks.Variants(threads, vectorBits, parameters()), quick, !noCeilings, json, console.verbose);
        try {
            return benchmarks.run(request, console.out, console.err) == 0 ? Console.DONE : Console.FAILED;
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage() + "; --list shows what there is", e);
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
