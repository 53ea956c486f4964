package llams.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import llams.trainer.measure.Benchmarks;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openjdk.jmh.runner.options.TimeValue;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Every benchmark starts, finds its answer right, and gives a row, on the smallest shapes.
class EveryBenchmarkRunsTest {
    private static final Suites.Effort BRIEF = new Suites.Effort(0, 0, 1, TimeValue.milliseconds(1));
    private static final Map<String, String> TINY = Map.ofEntries(
            Map.entry("AttentionBenchmark.(for|back)ward", "80x4/2x16"),
            Map.entry("AttentionBenchmark.oneToken", "40x4/2x16"),
            Map.entry("KernelBenchmark.(linear|inputGradient|weightGradient)", "33x32x64"),
            Map.entry("KernelBenchmark.thin", "40x8x24"), Map.entry("KernelBenchmark.oneToken", "1x100x64"),
            Map.entry("KernelBenchmark.fewTokens", "5x100x64"), Map.entry("LoadBenchmark", "tiny"),
            Map.entry("PrefillDecodeBenchmark", "tiny"), Map.entry("RowBenchmark.(?!crossEntropy)", "5x128"),
            Map.entry("RowBenchmark.crossEntropy", "16x32x100"),
            Map.entry("TrainStepBenchmark", "tiny-lora-qv-bf16-1x16,tiny-lora-all-q8_0-1x16,tiny-full-f32-2x8"));

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private final List<String> progress = new ArrayList<>();

    private int run(String pattern, Map<String, List<String>> parameters, Path json) throws IOException {
        return run(pattern, parameters, List.of(), json);
    }

    private int run(String pattern, Map<String, List<String>> parameters, List<String> profilers, Path json)
            throws IOException {
        Benchmarks.Request request = new Benchmarks.Request(List.of(pattern),
                new Benchmarks.Variants(List.of(2), List.of(), parameters), true, 1, false, profilers, json, null, "1",
                new Benchmarks.Progress() {
                    @Override
                    public void at(String line) {
                        progress.add(line);
                    }

                    @Override
                    public void clear() {}
                }, false);
        return new Suites().run(request, BRIEF, print(out), print(err));
    }

    private static PrintStream print(ByteArrayOutputStream bytes) {
        return new PrintStream(bytes, true, StandardCharsets.UTF_8);
    }

    @Test
    void allGiveRows() throws IOException {
        for (Map.Entry<String, String> entry : TINY.entrySet()) {
            int failures = run(entry.getKey(), Map.of("shape", List.of(entry.getValue().split(","))), null);
            assertEquals(0, failures, () -> entry + ": " + err.toString(StandardCharsets.UTF_8));
        }
        assertEquals(0, run("TokenizerBenchmark", Map.of(), null), () -> err.toString(StandardCharsets.UTF_8));
        ByteArrayOutputStream list = new ByteArrayOutputStream();
        new Suites().list(print(list));
        TreeSet<String> expected = list.toString(StandardCharsets.UTF_8)
                .lines()
                .filter(line -> !line.startsWith(" ") && !line.startsWith("Peak"))
                .map(line -> line.substring(0, 1).toLowerCase(Locale.ROOT) + line.substring(1).replace("Benchmark", ""))
                .collect(Collectors.toCollection(TreeSet::new));
        TreeSet<String> measured = out.toString(StandardCharsets.UTF_8)
                .lines()
                .filter(line -> line.matches("\\w+\\.\\w+"))
                .collect(Collectors.toCollection(TreeSet::new));
        assertEquals(expected, measured);
        out.toString(StandardCharsets.UTF_8)
                .lines()
                .dropWhile(line -> !line.isEmpty())
                .forEach(line -> assertTrue(line.length() <= 100, line));
    }

    @Test
    void timeLeftIsSaidBeforeEachCase() throws IOException {
        run("KernelBenchmark.thin", Map.of("shape", List.of("40x8x24", "40x16x24")), null);
        assertEquals(2, progress.size(), progress::toString);
        assertTrue(progress.getFirst().matches("case 1 of 2, about .* left: kernel.thin 40x8x24  2"),
                progress::toString);
        assertTrue(progress.getLast().matches("case 2 of 2, about .* left: kernel.thin 40x16x24  2"),
                progress::toString);
    }

    @Test
    void profilersAreJmhs() throws IOException {
        run("KernelBenchmark.thin", Map.of("shape", List.of("40x8x24")), List.of("gc"), null);
        assertTrue(out.toString(StandardCharsets.UTF_8).contains("gc.alloc.rate"), out::toString);
        IllegalArgumentException unknown = assertThrows(IllegalArgumentException.class,
                () -> run("KernelBenchmark.thin", Map.of(), List.of("nonsense"), null));
        assertTrue(unknown.getMessage().startsWith("the profiler nonsense cannot be used: "), unknown.getMessage());
    }

    @Test
    void jsonHoldsWhatTheTableShows(@TempDir Path directory) throws IOException {
        Path json = directory.resolve("results.json");
        run("KernelBenchmark.thin", Map.of("shape", List.of("40x8x24", "40x16x24")), json);
        JsonNode results = JsonMapper.shared().readTree(Files.readAllBytes(json));
        assertEquals(2, results.size());
        assertTrue(results.get(0).path("primaryMetric").path("score").asDouble() > 0);
        assertTrue(Stream.of("gflops", "gigabytes")
                .allMatch(name -> results.get(0)
                        .path("secondaryMetrics")
                        .propertyNames()
                        .stream()
                        .anyMatch(key -> key.endsWith(name))));
        assertEquals(Runtime.version().feature(), Integer
                .parseInt(results.get(0).path("host").path("java").asString().replaceAll(".* (\\d+)\\D.*", "$1")));
        assertEquals("1", results.get(1).path("host").path("program").asString());
    }

    @Test
    void failuresAreCountedAndSaid() throws IOException {
        assertEquals(1, run("KernelBenchmark.thin", Map.of("shape", List.of("40x8")), null));
        assertTrue(err.toString(StandardCharsets.UTF_8).contains("shape \"40x8\" is not of the form MxNxK"),
                err::toString);
    }

    @Test
    void unknownNamesAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> run("nonsense", Map.of(), null));
        assertThrows(IllegalArgumentException.class, () -> run("(", Map.of(), null));
        assertThrows(IllegalArgumentException.class, () -> run("Kernel", Map.of("foo", List.of("1")), null));
    }
}
