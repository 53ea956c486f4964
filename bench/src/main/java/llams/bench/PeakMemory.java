package llams.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.infra.IterationParams;
import org.openjdk.jmh.profile.InternalProfiler;
import org.openjdk.jmh.results.AggregationPolicy;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.ScalarResult;

/// The most memory that the measuring process had resident, in MiB, mapped files included; Linux alone tells.
public final class PeakMemory implements InternalProfiler {
    static final String NAME = "peakMemory";
    private static final Path STATUS = Path.of("/proc/self/status");

    @Override
    public String getDescription() {
        return "Most resident memory";
    }

    @Override
    public void beforeIteration(BenchmarkParams benchmark, IterationParams iteration) {}

    @Override
    public Collection<? extends Result<?>> afterIteration(BenchmarkParams benchmark, IterationParams iteration,
            IterationResult result) {
        if (!Files.isReadable(STATUS)) {
            return List.of();
        }
        try {
            for (String line : Files.readAllLines(STATUS)) {
                if (line.startsWith("VmHWM:")) {
                    double kibibytes = Double.parseDouble(line.replaceAll("\\D", ""));
                    return List.of(new ScalarResult(NAME, kibibytes / 1024, "MiB", AggregationPolicy.MAX));
                }
            }
        } catch (IOException e) {
            // The system does not want to say.
        }
        return List.of();
    }
}
