package llams.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.openjdk.jmh.infra.BenchmarkParams;
import tools.jackson.databind.JsonNode;

/// One case of a result file.
///
/// @param benchmark  the method's full name
/// @param parameters by name
/// @param callers    threads that called it at the same time; one but for the peaks
/// @param score      calls a second, all callers together; NaN if only rates are known
/// @param iterations what the score is the mean of; empty if unknown
/// @param jvms       the means of each JVM's iterations, of which there may be several
/// @param gflops     10^9 additions and multiplications a second, 0 if it has none; so are the other rates
/// @param gigabytes  10^9 bytes a second
/// @param tokens     a second
/// @param mebibytes  most resident memory
/// @param host       see [Host]
record Measured(String benchmark, Map<String, String> parameters, int callers, double score, double[] iterations,
        double[] jvms, double gflops, double gigabytes, double tokens, double mebibytes, Map<String, String> host) {
    /// Iterations that lie further apart than this part of their mean are warned of.
    static final double WIDE = 0.1;

    /// An element of JMH's JSON with the machine beside it.
    static Measured of(JsonNode json) {
        JsonNode primary = json.path("primaryMetric");
        List<Double> iterations = new ArrayList<>();
        List<Double> jvms = new ArrayList<>();
        for (JsonNode fork : primary.path("rawData")) {
            fork.forEach(one -> iterations.add(one.asDouble()));
            jvms.add(fork.valueStream().mapToDouble(JsonNode::asDouble).average().orElse(Double.NaN));
        }
        return new Measured(json.path("benchmark").asString(""), strings(json.path("params")),
                json.path("threads").asInt(1), primary.path("score").asDouble(Double.NaN),
                iterations.stream().mapToDouble(one -> one).toArray(), jvms.stream().mapToDouble(one -> one).toArray(),
                rate(json, "gflops"), rate(json, "gigabytes"), rate(json, "tokens"), rate(json, PeakMemory.NAME),
                strings(json.path(ResultFile.HOST)));
    }

    /// A case that was not measured yet.
    static Measured of(BenchmarkParams params) {
        Map<String, String> parameters = new LinkedHashMap<>();
        params.getParamsKeys().forEach(name -> parameters.put(name, params.getParam(name)));
        return new Measured(params.getBenchmark(), parameters, params.getThreads(), Double.NaN, new double[0],
                new double[0], 0, 0, 0, 0, Map.of());
    }

    private static Map<String, String> strings(JsonNode object) {
        Map<String, String> values = new LinkedHashMap<>();
        object.properties().forEach(entry -> values.put(entry.getKey(), entry.getValue().asString("")));
        return values;
    }

    /// JMH puts a mark in front of profilers' names.
    private static double rate(JsonNode json, String name) {
        return json.path("secondaryMetrics")
                .properties()
                .stream()
                .filter(entry -> entry.getKey().endsWith(name))
                .mapToDouble(entry -> entry.getValue().path("score").asDouble(0))
                .findAny()
                .orElse(0);
    }

    boolean isPeak() {
        return suite().equals("peak");
    }

    /// As `kernel`.
    String suite() {
        return operation().replaceFirst("\\..*", "");
    }

    /// As `kernel.linear`.
    String operation() {
        String label = benchmark.substring(benchmark.lastIndexOf('.', benchmark.lastIndexOf('.') - 1) + 1)
                .replaceFirst("Benchmark", "");
        return Character.toLowerCase(label.charAt(0)) + label.substring(1);
    }

    /// The shape, and what else the case differs in from the usual.
    String shape() {
        List<String> parts = new ArrayList<>();
        parameters.forEach((key, value) -> {
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
        });
        return String.join(" ", parts);
    }

    /// Empty if it has none.
    String dtype() {
        return parameters.getOrDefault("dtype", "");
    }

    /// That compute; 0 where the benchmark has no such choice.
    int threads() {
        return isPeak() ? callers : Integer.parseInt(parameters.getOrDefault("threads", "0"));
    }

    /// What it has in common with the same case of another file.
    String key() {
        return String.join(" ", operation(), shape(), dtype(), Integer.toString(threads()));
    }

    /// Of one call; NaN if it is not known.
    double seconds() {
        return callers / score;
    }

    /// Half the difference between the slowest and the fastest iteration, as a part of the mean; NaN if it is not known.
    double spread() {
        return iterations.length == 0
                ? Double.NaN
                : (Arrays.stream(iterations).max().getAsDouble() - Arrays.stream(iterations).min().getAsDouble()) / 2
                        / score;
    }

    boolean isWide() {
        return spread() > WIDE;
    }

    /// Additions and multiplications for each byte that has to be moved; NaN without one of them.
    double intensity() {
        return gflops > 0 && gigabytes > 0 ? gflops / gigabytes : Double.NaN;
    }
}
