package llams.bench;

import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import llams.trainer.measure.Benchmarks;
import llams.trainer.watch.Html;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.infra.IterationParams;
import org.openjdk.jmh.results.BenchmarkResult;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.format.OutputFormat;

/// Prints a row as each case ends, of at most 100 columns, and meanwhile how much time is left. What JMH and the
/// measuring JVMs print is shown only where a case fails, or on demand.
final class Table implements OutputFormat {
    private static final int SHAPE_COLUMNS = 24;
    private static final String ROW = "  %-" + SHAPE_COLUMNS + "s %-5s %3s %9s %6s %8s %6s %7s %6s %8s %6s%n";

    private static final Pattern NOISE = Pattern.compile("\\s*$|#|<|\\tat |WARNING: Using incubator modules");

    private final PrintStream out;
    private final PrintStream verboseOrNull;
    private final PrintStream err;
    private final Benchmarks.Progress progress;
    private final int cases;
    private final double secondsOfACase;
    private final long start = System.nanoTime();
    private final Peaks peaks = new Peaks();
    private final StringBuilder said = new StringBuilder();
    private BenchmarkParams current;
    private String operation = "";
    private int started;
    private int failures;
    private int wide;

    /// @param verboseOrNull  gets everything that is said, if it is there
    /// @param cases          to come
    /// @param secondsOfACase about what one takes, until there is one to go by
    Table(PrintStream out, PrintStream verboseOrNull, PrintStream err, Benchmarks.Progress progress, int cases,
            double secondsOfACase) {
        this.out = out;
        this.verboseOrNull = verboseOrNull;
        this.err = err;
        this.progress = progress;
        this.cases = cases;
        this.secondsOfACase = secondsOfACase;
        out.printf(ROW, "shape", "dtype", "thr", "time", "±", "GFLOP/s", "% peak", "GB/s", "% read", "tokens/s", "MiB");
    }

    int failures() {
        return failures;
    }

    /// Cases whose iterations lie far apart.
    int wide() {
        return wide;
    }

    /// A case that could not even start.
    void failed(String what, Exception e) {
        failures++;
        progress.clear();
        err.println(what + " failed: " + e.getMessage());
    }

    @Override
    public void startBenchmark(BenchmarkParams params) {
        fail();
        said.setLength(0);
        current = params;
        double seconds = started == 0 ? secondsOfACase : (System.nanoTime() - start) * 1e-9 / started;
        progress.at("case %d of %d, about %s left: %s".formatted(started + 1, cases,
                Html.time(seconds * Math.max(1, cases - started)), Measured.of(params).key()));
        started++;
    }

    @Override
    public void endBenchmark(BenchmarkResult result) {
        if (result == null) {
            return;
        }
        current = null;
        progress.clear();
        Measured measured = ResultFile
                .measured(ResultFile.json(List.of(new RunResult(result.getParams(), List.of(result))), Map.of()))
                .getFirst();
        peaks.add(measured);
        wide += measured.isWide() ? 1 : 0;
        if (!measured.operation().equals(operation)) {
            operation = measured.operation();
            out.println(operation);
        }
        out.printf(Locale.ROOT, ROW, shortened(measured.shape(), SHAPE_COLUMNS), measured.dtype(),
                measured.threads() == 0 ? "" : Integer.toString(measured.threads()), time(measured.seconds()),
                percent(measured.spread()) + (measured.isWide() ? "!" : ""), figure(measured.gflops()),
                percent(peaks.shareOfGflops(measured)), figure(measured.gigabytes()),
                percent(peaks.shareOfGigabytes(measured)), figure(measured.tokens()), figure(measured.mebibytes()));
        Profiled.print(result, out);
        out.flush();
    }

    /// Long ones, such as paths, without their beginning.
    static String shortened(String shape, int columns) {
        return shape.length() <= columns ? shape : "…" + shape.substring(shape.length() - columns + 1);
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
        progress.clear();
        err.println(Measured.of(current).key() + " failed:");
        // What went wrong, without JMH's own lines and without the stack, which --verbose shows.
        said.toString().lines().filter(line -> !NOISE.matcher(line).lookingAt()).forEach(err::println);
        current = null;
    }

    static String time(double seconds) {
        return Double.isNaN(seconds)
                ? ""
                : seconds < 1e-3
                        ? String.format(Locale.ROOT, "%.1f µs", seconds * 1e6)
                        : seconds < 1
                                ? String.format(Locale.ROOT, "%.2f ms", seconds * 1e3)
                                : String.format(Locale.ROOT, "%.3f s", seconds);
    }

    /// Three digits that matter, two of what is very small; nothing for what a case does not have.
    static String figure(double value) {
        if (value == 0) {
            return "";
        }
        if (value < 1e-3) {
            return String.format(Locale.ROOT, "%.1e", value);
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
