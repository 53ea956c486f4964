package llams.bench;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import llams.engine.io.AtomicFiles;
import llams.trainer.measure.Benchmarks;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.BenchmarkList;
import org.openjdk.jmh.runner.BenchmarkListEntry;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;
import tools.jackson.databind.JsonNode;

/// Runs the suites of this package with JMH, each case in a fresh JVM.
public final class Suites implements Benchmarks {
    static final String CEILINGS = PeakBenchmark.class.getSimpleName();

    /// How long a case is measured. `forks` 0 is for tests: everything in this JVM.
    record Effort(int forks, int warmups, int iterations, TimeValue time) {
        /// To start a JVM, and to make what is measured and check it, where that is small.
        private static final double START_SECONDS = 2;
        static final Effort FULL = new Effort(1, 3, 5, TimeValue.seconds(1));
        static final Effort QUICK = new Effort(1, 3, 3, TimeValue.milliseconds(400));

        /// About what a case takes, before there is one to go by.
        double seconds() {
            return Math.max(1, forks)
                    * (START_SECONDS + (warmups + iterations) * time.convertTo(TimeUnit.MILLISECONDS) * 1e-3);
        }

        Effort in(int jvms) {
            return new Effort(jvms, warmups, iterations, time);
        }
    }

    /// One benchmark method and the values of its parameters.
    private record Case(String name, Map<String, List<String>> parameters) {
        /// How many there are to measure.
        int combinations() {
            return parameters.values().stream().mapToInt(List::size).reduce(1, (a, b) -> a * b);
        }

        /// With the values that are asked for.
        ///
        /// @param threads of the kernels, where the benchmark has such a parameter
        Case with(Request request, List<Integer> threads) {
            Map<String, List<String>> values = new LinkedHashMap<>();
            parameters.forEach((name, builtIn) -> values.put(name,
                    request.quick() && !name.equals("dtype") ? builtIn.subList(0, 1) : builtIn));
            values.replaceAll((name, builtIn) -> request.variants().parameters().getOrDefault(name, builtIn));
            values.computeIfPresent("threads", (name, builtIn) -> threads.stream().map(String::valueOf).toList());
            if (!request.variants().vectorBits().isEmpty()) {
                values.computeIfPresent("vectorBits",
                        (name, builtIn) -> request.variants().vectorBits().stream().map(String::valueOf).toList());
            }
            return new Case(name, values);
        }

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
        return run(request, (request.quick() ? Effort.QUICK : Effort.FULL).in(request.forks()), out, err);
    }

    int run(Request request, Effort effort, PrintStream out, PrintStream err) throws IOException {
        int cores = Runtime.getRuntime().availableProcessors();
        List<Integer> threads = !request.variants().threads().isEmpty()
                ? request.variants().threads()
                : request.quick() || cores == 1 ? List.of(cores) : List.of(1, cores);
        List<Case> chosen = chosen(request, threads);
        List<Case> ceilings = cases(List.of(CEILINGS));
        if (chosen.isEmpty() && request.patterns().stream().noneMatch(pattern -> matches(ceilings, pattern))) {
            throw new IllegalArgumentException("no benchmark matches " + String.join(" or ", request.patterns()));
        }
        Profiled.check(request.profilers());
        if (!request.ceilings()) {
            ceilings.clear();
        }
        ceilings.replaceAll(c -> c.with(request, threads));
        Map<String, String> host = Host.here(request.program());
        host.forEach((name, fact) -> out.println(name + ": " + fact));
        out.println();
        int count = threads.size() * ceilings.stream().mapToInt(Case::combinations).sum()
                + chosen.stream().mapToInt(Case::combinations).sum();
        Table table = new Table(out, request.verbose() ? err : null, err, request.progress(), count, effort.seconds());
        List<RunResult> results = new ArrayList<>();
        for (int callers : threads) {
            for (Case c : ceilings) {
                results.addAll(measure(c, request, effort, callers, table));
                write(request, results, host);
            }
        }
        for (Case c : chosen) {
            results.addAll(measure(c, request, effort, 1, table));
            write(request, results, host);
        }
        if (table.wide() > 0) {
            err.printf("note: the iterations of %d of %d cases, marked with !, lie more than %.0f%% from their mean;"
                    + " was something else running?%n", table.wide(), count, 100 * Measured.WIDE);
        }
        return table.failures();
    }

    /// Writes what there is so far: a long run that is interrupted leaves what it measured.
    private static void write(Request request, List<RunResult> results, Map<String, String> host) throws IOException {
        if (results.isEmpty()) {
            return;
        }
        JsonNode json = ResultFile.json(results, host);
        if (request.json() != null) {
            ResultFile.write(json, request.json());
        }
        if (request.html() != null) {
            write(request.html(), BenchPage.of(ResultFile.measured(json)));
        }
    }

    /// The cases that the patterns find, but for the ceilings, with the values that are asked for.
    private static List<Case> chosen(Request request, List<Integer> threads) {
        List<Case> chosen = cases(request.patterns());
        chosen.removeIf(c -> c.label().startsWith(CEILINGS));
        request.variants().parameters().keySet().forEach(name -> {
            if (chosen.stream().noneMatch(c -> c.parameters.containsKey(name))) {
                throw new IllegalArgumentException("no chosen benchmark has a parameter \"" + name + "\"");
            }
        });
        chosen.replaceAll(c -> c.with(request, threads));
        return chosen;
    }

    @Override
    public void page(Path results, Path html) throws IOException {
        write(html, BenchPage.of(ResultFile.read(results)));
    }

    @Override
    public void compare(Path before, Path after, Path htmlOrNull, PrintStream out) throws IOException {
        Comparison comparison = Comparison.of(before, after);
        comparison.print(out);
        if (htmlOrNull != null) {
            write(htmlOrNull, comparison.html());
        }
    }

    @Override
    public void leaderboard(Path directory, Path html) throws IOException {
        write(html, Leaderboard.of(directory));
    }

    private static void write(Path html, String page) throws IOException {
        AtomicFiles.write(html, page.getBytes(StandardCharsets.UTF_8));
    }

    private static boolean matches(List<Case> cases, String pattern) {
        return cases.stream().anyMatch(c -> Pattern.compile("(?i)" + pattern).matcher(c.label()).find());
    }

    /// @param callers threads that call the benchmark at the same time
    private static Collection<RunResult> measure(Case c, Request request, Effort effort, int callers, Table table) {
        ChainedOptionsBuilder options = new OptionsBuilder().include("^" + Pattern.quote(c.name) + "$")
                .mode(Mode.Throughput)
                .timeUnit(TimeUnit.SECONDS)
                .threads(callers)
                .forks(effort.forks)
                .warmupIterations(effort.warmups)
                .warmupTime(effort.time)
                .measurementIterations(effort.iterations)
                .measurementTime(effort.time)
                .timeout(TimeValue.minutes(30))
                .addProfiler(PeakMemory.class)
                .verbosity(VerboseMode.SILENT);
        Profiled.add(request.profilers(), options);
        c.parameters.forEach((name, list) -> options.param(name, list.toArray(String[]::new)));
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
