package llams.bench;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/// The ceilings of a machine, as [PeakBenchmark] measures them, by the number of threads.
final class Peaks {
    private final Map<Integer, Double> gflops = new HashMap<>();
    private final Map<Integer, Double> gigabytes = new HashMap<>();

    Peaks() {}

    Peaks(List<Measured> results) {
        results.forEach(this::add);
    }

    /// Notes a result if it is a peak.
    void add(Measured result) {
        if (result.isPeak()) {
            gflops.merge(result.callers(), result.gflops(), Math::max);
            gigabytes.merge(result.callers(), result.gigabytes(), Math::max);
        }
    }

    /// Thread counts whose peaks are both known.
    Set<Integer> threads() {
        Set<Integer> known = new TreeSet<>(gflops.keySet());
        known.removeIf(count -> !(gflops(count) > 0 && gigabytes(count) > 0));
        return known;
    }

    /// 10^9 additions and multiplications a second; NaN if not measured.
    double gflops(int threads) {
        return gflops.getOrDefault(threads, Double.NaN);
    }

    /// 10^9 bytes a second; NaN if not measured.
    double gigabytes(int threads) {
        return gigabytes.getOrDefault(threads, Double.NaN);
    }

    double shareOfGflops(Measured result) {
        return result.gflops() / gflops(result.threads());
    }

    double shareOfGigabytes(Measured result) {
        return result.gigabytes() / gigabytes(result.threads());
    }

    /// The rate of a result as a part of what its number of operations for each byte allows: the roofline of Williams,
    /// Waterman and Patterson (2009). NaN if that is not known.
    double shareOfRoof(Measured result) {
        int count = result.threads();
        return result.gflops() / Math.min(gflops(count), result.intensity() * gigabytes(count));
    }
}
