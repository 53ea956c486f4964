package llams.bench;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.infra.IterationParams;
import org.openjdk.jmh.results.BenchmarkResult;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.format.OutputFormat;

/// Prints a row as each case ends. What JMH and the measuring JVMs print is shown only where a case fails, or on
/// demand.
final class Table implements OutputFormat {
    private static final String ROW = "%-26s %-24s %-5s %7s %9s %6s %9s %6s %8s %6s %10s %7s%n";

    private static final Pattern NOISE = Pattern.compile("\\s*$|#|<|\\tat |WARNING: Using incubator modules");

    private final PrintStream out;
    private final PrintStream verboseOrNull;
    private final PrintStream err;
    private final Map<Integer, Double> peakGflops = new HashMap<>();
    private final Map<Integer, Double> peakGigabytes = new HashMap<>();
    private final StringBuilder said = new StringBuilder();
    private BenchmarkParams current;
    private int failures;

    /// @param verboseOrNull gets everything that is said, if it is there
    Table(PrintStream out, PrintStream verboseOrNull, PrintStream err) {
        this.out = out;
        this.verboseOrNull = verboseOrNull;
        this.err = err;
        out.printf(ROW, "operation", "shape", "dtype", "threads", "time", "±", "GFLOP/s", "% peak", "GB/s", "% read",
                "tokens/s", "MiB");
    }

    int failures() {
        return failures;
    }

    /// A case that could not even start.
    void failed(String what, Exception e) {
        failures++;
        err.println(what + " failed: " + e.getMessage());
    }

    @Override
    public void startBenchmark(BenchmarkParams params) {
        fail();
        said.setLength(0);
        current = params;
    }

    @Override
    public void endBenchmark(BenchmarkResult result) {
        if (result == null) {
            return;
        }
        current = null;
        BenchmarkParams params = result.getParams();
        boolean isCeiling = params.getBenchmark().contains("." + Suites.CEILINGS + ".");
        int threads = isCeiling ? params.getThreads() : number(params, "threads");
        double gflops = rate(result, "gflops");
        double gigabytes = rate(result, "gigabytes");
        if (isCeiling) {
            peakGflops.merge(threads, gflops, Math::max);
            peakGigabytes.merge(threads, gigabytes, Math::max);
        }
        Result<?> speed = result.getPrimaryResult();
        // Ceilings count calls of all threads together.
        double seconds = (isCeiling ? threads : 1) / speed.getScore();
        double spread = (speed.getStatistics().getMax() - speed.getStatistics().getMin()) / 2 / speed.getScore();
        out.printf(Locale.ROOT, ROW, operation(params), shape(params), parameter(params, "dtype"),
                threads == 0 ? "" : Integer.toString(threads), time(seconds), percent(spread), figure(gflops),
                percent(gflops / peakGflops.getOrDefault(threads, Double.NaN)), figure(gigabytes),
                percent(gigabytes / peakGigabytes.getOrDefault(threads, Double.NaN)), figure(rate(result, "tokens")),
                figure(rate(result, PeakMemory.NAME)));
        out.flush();
    }

    @Override
    public void endRun(Collection<RunResult> results) {
        fail();
    }

    /// Reports the case that started and did not end.
    private void fail() {
        if (current == null) {
            return;
        }
        failures++;
        err.println(operation(current) + " " + shape(current) + " failed:");
        // What went wrong, without JMH's own lines and without the stack, which --verbose shows.
        said.toString().lines().filter(line -> !NOISE.matcher(line).lookingAt()).forEach(err::println);
        current = null;
    }

    @SuppressWarnings("rawtypes") // as JMH declares them
    private static double rate(BenchmarkResult result, String name) {
        return result.getSecondaryResults()
                .entrySet()
                .stream()
                .filter(entry -> entry.getKey().endsWith(name))
                .mapToDouble(entry -> entry.getValue().getScore())
                .findAny()
                .orElse(0);
    }

    /// As `kernel.linear`.
    private static String operation(BenchmarkParams params) {
        String name = params.getBenchmark();
        String label = name.substring(name.lastIndexOf('.', name.lastIndexOf('.') - 1) + 1)
                .replaceFirst("Benchmark", "");
        return Character.toLowerCase(label.charAt(0)) + label.substring(1);
    }

    /// The shape, and what else the case differs in from the usual.
    private static String shape(BenchmarkParams params) {
        List<String> parts = new ArrayList<>();
        for (String key : params.getParamsKeys()) {
            String value = params.getParam(key);
            switch (key) {
                case "shape" -> parts.addFirst(value);
                case "dtype", "threads" -> {}
                case "vectorBits" -> {
                    if (!value.equals("0")) {
                        parts.add(value + " bits");
                    }
                }
                default -> {
                    if (!value.equals("false")) {
                        parts.add(value.equals("true") ? key : value);
                    }
                }
            }
        }
        return String.join(" ", parts);
    }

    private static String parameter(BenchmarkParams params, String name) {
        return params.getParamsKeys().contains(name) ? params.getParam(name) : "";
    }

    private static int number(BenchmarkParams params, String name) {
        String value = parameter(params, name);
        return value.isEmpty() ? 0 : Integer.parseInt(value);
    }

    static String time(double seconds) {
        return seconds < 1e-3
                ? String.format(Locale.ROOT, "%.1f µs", seconds * 1e6)
                : seconds < 1
                        ? String.format(Locale.ROOT, "%.2f ms", seconds * 1e3)
                        : String.format(Locale.ROOT, "%.3f s", seconds);
    }

    /// Three digits that matter; nothing for what a case does not have.
    static String figure(double value) {
        if (value == 0) {
            return "";
        }
        int decimals = Math.clamp(2 - (int) Math.floor(Math.log10(value)), 0, 6);
        return String.format(Locale.ROOT, "%." + decimals + "f", value);
    }

    static String percent(double ratio) {
        return Double.isFinite(ratio) && ratio > 0 ? String.format(Locale.ROOT, "%.1f%%", 100 * ratio) : "";
    }

    private void say(String text) {
        said.append(text);
        if (verboseOrNull != null) {
            verboseOrNull.print(text);
        }
    }

    @Override
    public void print(String text) {
        say(text);
    }

    @Override
    public void println(String text) {
        say(text + System.lineSeparator());
    }

    @Override
    public void verbosePrintln(String text) {}

    @Override
    public void write(int b) {
        say(String.valueOf((char) b));
    }

    @Override
    public void write(byte[] bytes) {
        say(new String(bytes, StandardCharsets.UTF_8));
    }

    @Override
    public void iteration(BenchmarkParams benchmark, IterationParams iteration, int number) {}

    @Override
    public void iterationResult(BenchmarkParams benchmark, IterationParams iteration, int number,
            IterationResult result) {}

    @Override
    public void startRun() {}

    @Override
    public void flush() {}

    @Override
    public void close() {}
}
