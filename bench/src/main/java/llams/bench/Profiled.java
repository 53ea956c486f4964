package llams.bench;

import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.openjdk.jmh.profile.ProfilerException;
import org.openjdk.jmh.profile.ProfilerFactory;
import org.openjdk.jmh.results.BenchmarkResult;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.ProfilerConfig;

/// JMH's profilers, named as JMH names them: `gc`, `stack`, `perfasm:hotThreshold=0.05`.
final class Profiled {
    /// What the table has columns for.
    private static final Set<String> OWN = Set.of("gflops", "gigabytes", "tokens", PeakMemory.NAME);

    private Profiled() {}

    /// @throws IllegalArgumentException if there is no such profiler, or it cannot be used here
    static void check(List<String> profilers) {
        for (String profiler : profilers) {
            String[] words = words(profiler);
            try {
                ProfilerFactory.getProfilerOrException(new ProfilerConfig(words[0], words[1]));
            } catch (ProfilerException e) {
                throw new IllegalArgumentException("the profiler " + profiler + " cannot be used: "
                        + e.getMessage().strip().replaceAll("\\s*\\R\\s*", " "), e);
            }
        }
    }

    static void add(List<String> profilers, ChainedOptionsBuilder options) {
        for (String profiler : profilers) {
            String[] words = words(profiler);
            options.addProfiler(words[0], words[1]);
        }
    }

    /// Name and options.
    private static String[] words(String profiler) {
        int colon = profiler.indexOf(':');
        return colon < 0
                ? new String[] {profiler, ""}
                : new String[] {profiler.substring(0, colon), profiler.substring(colon + 1)};
    }

    /// Prints what profilers found, under the row of the case.
    @SuppressWarnings("rawtypes") // as JMH declares them
    static void print(BenchmarkResult result, PrintStream out) {
        for (Object value : result.getSecondaryResults().values()) {
            Result found = (Result) value;
            if (OWN.stream().noneMatch(name -> found.getLabel().endsWith(name))) {
                if (Double.isNaN(found.getScore())) {
                    // What it found is a text.
                    found.extendedInfo().strip().lines().forEach(line -> out.println("    " + line));
                } else {
                    out.printf(Locale.ROOT, "    %-40s %12.3f %s%n", found.getLabel(), found.getScore(),
                            found.getScoreUnit());
                }
            }
        }
    }
}
