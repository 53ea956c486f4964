package llams.server;

import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/// What has been done, for Java's management and in Prometheus's text format.
final class Metrics implements ServiceMXBean {
    /// Times in buckets.
    static final class Times {
        private static final double[] BOUNDS = {0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100};

        private final LongAdder[] counts = new LongAdder[BOUNDS.length + 1];
        private final LongAdder nanos = new LongAdder();

        Times() {
            for (int i = 0; i < counts.length; i++) {
                counts[i] = new LongAdder();
            }
        }

        void record(long elapsedNanos) {
            int bucket = 0;
            while (bucket < BOUNDS.length && elapsedNanos / 1e9 > BOUNDS[bucket]) {
                bucket++;
            }
            counts[bucket].increment();
            nanos.add(elapsedNanos);
        }

        private long count() {
            long total = 0;
            for (LongAdder count : counts) {
                total += count.sum();
            }
            return total;
        }

        private double seconds() {
            return nanos.sum() / 1e9;
        }

        private void write(String name, String help, StringBuilder out) {
            head(name, "histogram", help, out);
            long total = 0;
            for (int i = 0; i < counts.length; i++) {
                total += counts[i].sum();
                String bound = i < BOUNDS.length ? number(BOUNDS[i]) : "+Inf";
                out.append(name).append("_bucket{le=\"").append(bound).append("\"} ").append(total).append('\n');
            }
            out.append(name).append("_sum ").append(number(seconds())).append('\n');
            out.append(name).append("_count ").append(total).append('\n');
        }
    }

    final LongAdder promptTokens = new LongAdder();
    final LongAdder foundTokens = new LongAdder();
    final LongAdder generatedTokens = new LongAdder();
    final LongAdder refused = new LongAdder();
    final Times firstToken = new Times();
    final Times requests = new Times();
    volatile int running;
    volatile int waiting;
    private final int slots;
    private final Map<String, LongAdder> answered = new ConcurrentHashMap<>();

    Metrics(int slots) {
        this.slots = slots;
    }

    /// @param route one of the server's own: what clients ask for otherwise must not become a label
    void answered(String route, int status) {
        answered.computeIfAbsent("{route=\"" + route + "\",status=\"" + status + "\"}", _ -> new LongAdder())
                .increment();
    }

    @Override
    public long getPromptTokens() {
        return promptTokens.sum();
    }

    @Override
    public long getFoundTokens() {
        return foundTokens.sum();
    }

    @Override
    public long getGeneratedTokens() {
        return generatedTokens.sum();
    }

    @Override
    public int getRunning() {
        return running;
    }

    @Override
    public int getWaiting() {
        return waiting;
    }

    @Override
    public int getSlots() {
        return slots;
    }

    @Override
    public long getFirstTokens() {
        return firstToken.count();
    }

    @Override
    public double getFirstTokenSeconds() {
        return firstToken.seconds();
    }

    @Override
    public long getRequests() {
        return requests.count();
    }

    @Override
    public double getRequestSeconds() {
        return requests.seconds();
    }

    String text() {
        StringBuilder out = new StringBuilder();
        head("llams_requests_total", "counter", "Requests answered.", out);
        new TreeMap<>(answered).forEach((labels, count) -> out.append("llams_requests_total")
                .append(labels)
                .append(' ')
                .append(count.sum())
                .append('\n'));
        one("llams_refused_total", "counter", "Requests refused because too many were waiting.", refused.sum(), out);
        one("llams_prompt_tokens_total", "counter", "Tokens of prompts.", promptTokens.sum(), out);
        one("llams_prompt_tokens_cached_total", "counter", "Tokens of prompts that were found in the cache.",
                foundTokens.sum(), out);
        one("llams_generated_tokens_total", "counter", "Tokens generated.", generatedTokens.sum(), out);
        one("llams_sequences_running", "gauge", "Sequences in slots.", running, out);
        one("llams_sequences_waiting", "gauge", "Sequences that wait for a slot.", waiting, out);
        one("llams_slots", "gauge", "Sequences that can run at once.", slots, out);
        firstToken.write("llams_first_token_seconds", "From a request to its first token.", out);
        requests.write("llams_request_seconds", "From a request to the end of its answer.", out);
        return out.toString();
    }

    private static void one(String name, String type, String help, long value, StringBuilder out) {
        head(name, type, help, out);
        out.append(name).append(' ').append(value).append('\n');
    }

    private static void head(String name, String type, String help, StringBuilder out) {
        out.append("# HELP ").append(name).append(' ').append(help).append('\n');
        out.append("# TYPE ").append(name).append(' ').append(type).append('\n');
    }

    private static String number(double value) {
        return value == (long) value ? Long.toString((long) value) : String.format(Locale.ROOT, "%.6g", value);
    }
}
