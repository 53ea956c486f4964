package llams.bench;

import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import llams.engine.device.Devices;
import llams.trainer.measure.Benchmarks;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.results.format.ResultFormatFactory;
import org.openjdk.jmh.results.format.ResultFormatType;
import org.openjdk.jmh.runner.BenchmarkList;
import org.openjdk.jmh.runner.BenchmarkListEntry;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/// Runs the suites of this package with JMH, each case in a fresh JVM.
public final class Suites implements Benchmarks {
    static final String CEILINGS = PeakBenchmark.class.getSimpleName();

    /// How long a case is measured. `forks` 0 is for tests: everything in this JVM.
    record Effort(int forks, int warmups, int iterations, TimeValue time) {
        static final Effort FULL = new Effort(1, 3, 5, TimeValue.seconds(1));
        static final Effort QUICK = new Effort(1, 3, 3, TimeValue.milliseconds(400));
    }

    /// One benchmark method and the values of its parameters.
    private record Case(String name, Map<String, List<String>> parameters) {
        /// As `KernelBenchmark.linear`.
        String label() {
            return name.substring(name.lastIndexOf('.', name.lastIndexOf('.') - 1) + 1);
        }
    }

    @Override
    public void list(PrintStream out) {
        for (Case c : cases(List.of())) {
            out.println(c.label());
            c.parameters.forEach((name, values) -> out.println("    " + name + " = " + String.join(",", values)));
        }
    }

    @Override
    public int run(Request request, PrintStream out, PrintStream err) throws IOException {
        return run(request, request.quick() ? Effort.QUICK : Effort.FULL, out, err);
    }

    int run(Request request, Effort effort, PrintStream out, PrintStream err) throws IOException {
        int cores = Runtime.getRuntime().availableProcessors();
        List<Integer> threads = !request.variants().threads().isEmpty()
                ? request.variants().threads()
                : request.quick() || cores == 1 ? List.of(cores) : List.of(1, cores);
        List<Case> chosen = cases(request.patterns());
        chosen.removeIf(c -> c.label().startsWith(CEILINGS));
        request.variants().parameters().keySet().forEach(name -> {
            if (chosen.stream().noneMatch(c -> c.parameters.containsKey(name))) {
                throw new IllegalArgumentException("no chosen benchmark has a parameter \"" + name + "\"");
            }
        });
        List<Case> ceilings = cases(List.of(CEILINGS));
        if (chosen.isEmpty() && request.patterns().stream().noneMatch(pattern -> matches(ceilings, pattern))) {
            throw new IllegalArgumentException("no benchmark matches " + String.join(" or ", request.patterns()));
        }
        out.println(Devices.byName("cpu").description() + "; Java " + Runtime.version());
        Table table = new Table(out, request.verbose() ? err : null, err);
        List<RunResult> results = new ArrayList<>();
        if (request.ceilings()) {
            for (int count : threads) {
                for (Case c : ceilings) {
                    results.addAll(measure(c, request, effort, List.of(), count, table));
                }
            }
        }
        for (Case c : chosen) {
            results.addAll(measure(c, request, effort, threads, 1, table));
        }
        if (request.json() != null) {
            try (PrintStream json = new PrintStream(new FileOutputStream(request.json().toFile()), false,
                    StandardCharsets.UTF_8)) {
                ResultFormatFactory.getInstance(ResultFormatType.JSON, json).writeOut(results);
                if (json.checkError()) {
                    throw new IOException(request.json() + ": could not be written");
                }
            }
        }
        return table.failures();
    }

    private static boolean matches(List<Case> cases, String pattern) {
        return cases.stream().anyMatch(c -> Pattern.compile("(?i)" + pattern).matcher(c.label()).find());
    }

    /// @param threads    of the kernels, where the benchmark has such a parameter
    /// @param jmhThreads that call the benchmark at the same time
    private static Collection<RunResult> measure(Case c, Request request, Effort effort, List<Integer> threads,
            int jmhThreads, Table table) {
        Map<String, List<String>> values = new LinkedHashMap<>();
        c.parameters.forEach((name, builtIn) -> values.put(name,
                request.quick() && !name.equals("dtype") ? builtIn.subList(0, 1) : builtIn));
        values.replaceAll((name, builtIn) -> request.variants().parameters().getOrDefault(name, builtIn));
        if (values.containsKey("threads")) {
            values.put("threads", threads.stream().map(String::valueOf).toList());
        }
        if (values.containsKey("vectorBits") && !request.variants().vectorBits().isEmpty()) {
            values.put("vectorBits", request.variants().vectorBits().stream().map(String::valueOf).toList());
        }
        ChainedOptionsBuilder options = new OptionsBuilder().include("^" + Pattern.quote(c.name) + "$")
                .mode(Mode.Throughput)
                .timeUnit(TimeUnit.SECONDS)
                .threads(jmhThreads)
                .forks(effort.forks)
                .warmupIterations(effort.warmups)
                .warmupTime(effort.time)
                .measurementIterations(effort.iterations)
                .measurementTime(effort.time)
                .timeout(TimeValue.minutes(30))
                .addProfiler(PeakMemory.class)
                .verbosity(VerboseMode.SILENT);
        values.forEach((name, list) -> options.param(name, list.toArray(String[]::new)));
        try {
            return new Runner(options.build(), table).run();
        } catch (RunnerException e) {
            table.failed(c.label(), e);
            return List.of();
        }
    }

    /// All benchmark methods that one of the patterns finds.
    private static List<Case> cases(List<String> patterns) {
        try {
            Map<String, Case> cases = new TreeMap<>();
            for (BenchmarkListEntry entry : BenchmarkList.defaultList()
                    .getAll(OutputFormatFactory.createFormatInstance(new PrintStream(OutputStream.nullOutputStream()),
                            VerboseMode.SILENT), List.of())) {
                Map<String, List<String>> parameters = new LinkedHashMap<>();
                if (entry.getParams().hasValue()) {
                    entry.getParams().get().forEach((name, values) -> parameters.put(name, List.of(values)));
                }
                Case c = new Case(entry.getUsername(), parameters);
                if (patterns.isEmpty() || patterns.stream().anyMatch(pattern -> matches(List.of(c), pattern))) {
                    cases.put(c.name, c);
                }
            }
            return new ArrayList<>(cases.values());
        } catch (PatternSyntaxException e) {
            throw new IllegalArgumentException(
                    "\"" + e.getPattern() + "\" is not a regular expression: " + e.getDescription(), e);
        }
    }
}
