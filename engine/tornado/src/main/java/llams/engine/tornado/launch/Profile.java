package llams.engine.tornado.launch;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Where the time of a session goes, without its programs' first runs: the device's own times by op, and the rest on
/// the host. Measuring itself takes time between the launches.
public final class Profile {
    /// The size at the end of what [Launch#what] says of a product.
    private static final Pattern SIZE = Pattern.compile(".* (\\d+)x(\\d+)x(\\d+)(?: by (\\d+))?");

    private static final class Entry {
        long launches;
        long nanos;
    }

    private final Map<String, Entry> entries = new TreeMap<>();
    private boolean counts;
    private long runs;
    private long mark;
    private long inputNanos;
    private long stepNanos;
    private long sentBytes;
    private long sendNanos;

    /// Weights and state have been copied to the device.
    public void sent(long bytes, long nanos) {
        sentBytes += bytes;
        sendNanos += nanos;
    }

    public void begin(boolean counts) {
        this.counts = counts;
        mark = System.nanoTime();
    }

    public void inputsAreIn() {
        if (counts) {
            inputNanos += System.nanoTime() - mark;
            mark = System.nanoTime();
        }
    }

    public void add(List<Launch> launches, long[] kernelNanos) {
        if (!counts) {
            return;
        }
        for (int i = 0; i < kernelNanos.length; i++) {
            Entry entry = entries.computeIfAbsent(launches.get(i).what() + "\t" + launches.get(i).kernel(),
                    what -> new Entry());
            entry.launches++;
            entry.nanos += kernelNanos[i];
        }
    }

    public void end() {
        if (counts) {
            stepNanos += System.nanoTime() - mark;
            runs++;
        }
    }

    /// A table, the slowest first.
    public String text() {
        long device = entries.values().stream().mapToLong(entry -> entry.nanos).sum();
        StringBuilder text = new StringBuilder(String.format(Locale.ROOT,
                "gpu: %.3f GiB of weights and state copied to the device in %.3f s%n"
                        + "gpu: %d runs of programs: on the device %.3f s, beside it %.3f s, inputs %.3f s%n",
                sentBytes / (double) (1L << 30), sendNanos / 1e9, runs, device / 1e9, (stepNanos - device) / 1e9,
                inputNanos / 1e9));
        if (runs > 0) {
            text.append("%-44s %-29s %9s %11s %6s %8s%n".formatted("op", "kernel", "launches", "ms in all", "%",
                    "TFLOP/s"));
        }
        entries.entrySet()
                .stream()
                .sorted((a, b) -> Long.compare(b.getValue().nanos, a.getValue().nanos))
                .forEach(named -> {
                    String[] names = named.getKey().split("\t");
                    Entry entry = named.getValue();
                    text.append(String.format(Locale.ROOT, "%-44s %-29s %9d %11.3f %6.2f %8s%n", names[0], names[1],
                            entry.launches, entry.nanos / 1e6, 100.0 * entry.nanos / Math.max(1, device),
                            rate(names[0], entry)));
                });
        return text.toString();
    }

    private static String rate(String what, Entry entry) {
        Matcher size = SIZE.matcher(what);
        if (!size.matches() || entry.nanos == 0) {
            return "";
        }
        double flops = 2.0 * entry.launches;
        for (int i = 1; i <= size.groupCount(); i++) {
            flops *= size.group(i) == null ? 1 : Double.parseDouble(size.group(i));
        }
        return String.format(Locale.ROOT, "%.3f", flops / entry.nanos / 1e3);
    }
}
