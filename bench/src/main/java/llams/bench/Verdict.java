package llams.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/// What results say about a machine, in sentences.
final class Verdict {
    private static final Set<String> LARGE = Set.of("kernel.linear", "kernel.inputGradient", "kernel.weightGradient");
    /// Shares of the peak that large products reach on processors where nothing else runs.
    private static final double USUAL_LOW = 0.75;
    private static final double USUAL_HIGH = 0.9;
    /// Where generating reads this share of what memory gives, memory decides.
    private static final double LIMITED_BY_MEMORY = 0.6;

    private final List<Measured> results;
    private final Peaks peaks;
    private final int most;

    Verdict(List<Measured> results, Peaks peaks) {
        this.results = results;
        this.peaks = peaks;
        this.most = results.stream().mapToInt(Measured::threads).max().orElse(0);
    }

    List<String> sentences() {
        List<String> lines = new ArrayList<>();
        ceilings(lines);
        products(lines);
        oneToken(lines);
        rates(lines, "prefillDecode.prefill", "It reads prompts at %s tokens a second.");
        rates(lines, "prefillDecode.decode", "It writes %s tokens a second, one after the other.");
        memory(lines);
        rates(lines, "trainStep.", "It trains on %s tokens a second.");
        return lines;
    }

    private void ceilings(List<String> lines) {
        Set<Integer> counts = new TreeSet<>(peaks.threads());
        if (counts.isEmpty()) {
            return;
        }
        String rates = counts.stream()
                .map(count -> "%s GFLOP/s and reads %s GB/s on %s".formatted(Table.figure(peaks.gflops(count)),
                        Table.figure(peaks.gigabytes(count)), threads(count)))
                .collect(Collectors.joining(", "));
        lines.add("At most, it computes " + rates + ".");
        if (results.stream().anyMatch(result -> result.isPeak() && result.isWide())) {
            lines.add(
                    "These ceilings themselves varied from one iteration to the next: measure again on an idle machine"
                            + " before you believe any share of them.");
        }
        if (peaks.threads().contains(most)) {
            lines.add(
                    ("On %s that is %s operations in the time that it takes to read a byte: whatever does fewer on each"
                            + " byte waits for memory, whatever does more waits for arithmetic.")
                            .formatted(threads(most), Table.figure(peaks.gflops(most) / peaks.gigabytes(most))));
        }
    }

    private static String threads(int count) {
        return count == 1 ? "one thread" : count + " threads";
    }

    private double[] sorted(Predicate<Measured> which, boolean isComputing) {
        return results.stream()
                .filter(result -> result.threads() == most && which.test(result))
                .mapToDouble(result -> isComputing ? peaks.shareOfGflops(result) : peaks.shareOfGigabytes(result))
                .filter(Double::isFinite)
                .sorted()
                .toArray();
    }

    private static String range(double[] shares) {
        String low = "%.0f".formatted(100 * shares[0]);
        String high = "%.0f".formatted(100 * shares[shares.length - 1]);
        return low.equals(high) ? low + "%" : low + " to " + high + "%";
    }

    private void products(List<String> lines) {
        double[] shares = sorted(result -> LARGE.contains(result.operation()), true);
        if (shares.length == 0) {
            return;
        }
        double median = shares[shares.length / 2];
        String judgement = shares[shares.length - 1] > 1
                ? "more than 100% means that the peak was disturbed while it was measured"
                : median >= USUAL_LOW
                        ? "that is as good as expected"
                        : String.format(Locale.ROOT,
                                "%.0f to %.0f%% is usual where nothing else runs, less with vectors of 256 bits or fewer",
                                100 * USUAL_LOW, 100 * USUAL_HIGH);
        lines.add("Large matrix products reach %s of that peak on %s, half of them %.0f%% or more; %s."
                .formatted(range(shares), threads(most), 100 * median, judgement));
    }

    private void oneToken(List<String> lines) {
        double[] shares = sorted(result -> result.operation().equals("kernel.oneToken"), false);
        if (shares.length > 0) {
            lines.add("Products for one token read their weights at %s of what memory gives%s.".formatted(range(shares),
                    shares[shares.length - 1] > 1 ? "; more than 100% comes from a cache" : ""));
        }
    }

    private void rates(List<String> lines, String operation, String sentence) {
        String rates = results.stream()
                .filter(result -> result.operation().startsWith(operation) && result.threads() == most)
                .map(result -> "%s (%s)".formatted(Table.figure(result.tokens()),
                        (result.shape().replaceFirst("^(\\w+) \\d+$", "$1") + " " + result.dtype()).strip()))
                .collect(Collectors.joining(", "));
        if (!rates.isEmpty()) {
            lines.add(sentence.formatted(rates));
        }
    }

    private void memory(List<String> lines) {
        double[] shares = sorted(result -> result.operation().equals("prefillDecode.decode"), false);
        if (shares.length > 0) {
            lines.add("Generating reads weights at %s of what memory gives: %s.".formatted(range(shares),
                    shares[shares.length / 2] >= LIMITED_BY_MEMORY
                            ? "memory limits it, and weights of fewer bits make it faster"
                            : "something other than memory limits it"));
        }
    }
}
