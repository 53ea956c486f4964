package llams.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Pages and comparisons say what the files of results say, whatever stands in these, and ask the network for nothing.
class PagesTest {
    private static final String ATTACK = "<img src=x onerror=\"alert(1)\"> %s";

    @TempDir
    Path directory;

    private final ArrayNode results = JsonMapper.shared().createArrayNode();

    /// A case whose iterations lie around `score` calls a second.
    private ObjectNode add(String benchmark, String shape, int threads, double score, double around, double gflops,
            double gigabytes) {
        ObjectNode result = results.addObject();
        boolean isPeak = benchmark.startsWith("Peak");
        result.put("benchmark", "llams.bench." + benchmark).put("threads", isPeak ? threads : 1);
        ObjectNode parameters = result.putObject("params");
        parameters.put("vectorBits", "0");
        if (!isPeak) {
            parameters.put("shape", shape).put("dtype", "f32").put("threads", Integer.toString(threads));
        }
        ObjectNode primary = result.putObject("primaryMetric").put("score", score);
        ArrayNode fork = primary.putArray("rawData").addArray();
        for (int i = -2; i <= 2; i++) {
            fork.add(score * (1 + i * around / 2));
        }
        ObjectNode rates = result.putObject("secondaryMetrics");
        rates.putObject("gflops").put("score", gflops);
        rates.putObject("gigabytes").put("score", gigabytes);
        result.putObject("host").put("processor", "A <processor>").put("cores", "2").put("program", "1");
        return result;
    }

    private Path machine(String name, double speed) throws IOException {
        results.removeAll();
        add("PeakBenchmark.fma", "", 2, 10, 0.01, 200 * speed, 0);
        add("PeakBenchmark.read", "", 2, 10, 0.01, 0, 20);
        add("KernelBenchmark.linear", "512x2048x2048", 2, 10 * speed, 0.01, 160 * speed, 1);
        add("KernelBenchmark.oneToken", ATTACK, 2, 10, 0.01, 9, 18);
        add("RowBenchmark.norm", "512x2048", 2, 10, 0.4, 2, 5);
        return Files.writeString(directory.resolve(name + ".json"), results.toString());
    }

    private static void isClosed(String page) {
        assertTrue(page.contains("default-src 'none'"));
        assertFalse(page.contains("http:") || page.contains("https:"), "an address");
        assertFalse(page.contains("<img"), "markup from a file");
        assertEquals(page.split("<script", -1).length, page.split("</script>", -1).length);
    }

    @Test
    void everyCaseIsUnderItsRoof() throws IOException {
        List<Measured> read = ResultFile.read(machine("one", 1));
        String page = BenchPage.of(read);
        isClosed(page);
        assertTrue(page.contains("A &lt;processor&gt;"));
        assertTrue(page.contains("&lt;img src=x onerror=&quot;alert(1)&quot;&gt; %s"));
        assertEquals(3, page.split("class=\"point ", -1).length - 1, "marks");
        // 160 of 200 GFLOP/s; memory would allow 160 * 20; 9 of the 10 that 18 of 20 GB/s allow.
        assertTrue(page.contains("160 operations per byte, 80% of the roof"), page);
        assertTrue(page.contains("0.500 operations per byte, 90% of the roof"));
        assertTrue(page.contains("Large matrix products reach 80% of that peak on 2 threads"));
        assertTrue(page.contains("read their weights at 90% of what memory gives"));
        assertTrue(page.contains("In 1 of 5 cases the iterations lie more than 10%"));
        assertTrue(
                page.contains("row.norm, 512x2048 f32: 2.00 GFLOP/s, 5.00 GB/s, 0.400 operations per byte, 25% of the"
                        + " roof; iterations ±40%"));
    }

    @Test
    void aChangeBeyondTheNoiseIsFound() throws IOException {
        Path before = machine("before", 1);
        Path after = machine("after", 1.2);
        Comparison comparison = Comparison.of(before, after);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        comparison.print(new PrintStream(out, true, StandardCharsets.UTF_8));
        String text = out.toString(StandardCharsets.UTF_8);
        assertTrue(text.contains("1.200×  faster"), text);
        assertTrue(text.contains("is faster in 1 and slower in 0; the other 4 do not differ beyond the noise."), text);
        text.lines().filter(line -> line.contains("×")).forEach(line -> assertTrue(line.length() <= 100, line));
        isClosed(comparison.html());
    }

    /// A twentieth of a case whose iterations vary by two fifths is no change; nor is a change that two JVMs may make.
    @Test
    void noiseIsNoChange() throws IOException {
        results.removeAll();
        add("RowBenchmark.norm", "512x2048", 2, 10, 0.4, 2, 5);
        add("RowBenchmark.swiGlu", "512x2048", 2, 10, 0.001, 2, 5);
        Path before = Files.writeString(directory.resolve("a.json"), results.toString());
        results.removeAll();
        add("RowBenchmark.norm", "512x2048", 2, 12, 0.4, 2, 5);
        add("RowBenchmark.swiGlu", "512x2048", 2, 10.2, 0.001, 2, 5);
        Path after = Files.writeString(directory.resolve("b.json"), results.toString());
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Comparison.of(before, after).print(new PrintStream(out, true, StandardCharsets.UTF_8));
        assertTrue(out.toString(StandardCharsets.UTF_8).contains("faster in 0 and slower in 0; the other 2"),
                out::toString);
    }

    /// With three JVMs a side, their spread decides: a change of 3% between them, none between JVMs that differ as much.
    @Test
    void severalJvmsSayWhatChanceDoes() throws IOException {
        Path before = jvms("a.json", 10, 0.001);
        assertEquals("faster", verdict(before, jvms("b.json", 10.3, 0.001)));
        assertEquals("", verdict(before, jvms("b.json", 10.001, 0.001)));
        assertEquals("", verdict(jvms("uneven.json", 10, 0.03), jvms("b.json", 10.7, 0.03)));
        assertEquals("slower", verdict(before, jvms("b.json", 9.5, 0.005)));
    }

    private Path jvms(String file, double score, double around) throws IOException {
        results.removeAll();
        ArrayNode forks = ((ObjectNode) add("RowBenchmark.norm", "512x2048", 2, score, 0, 2, 5).get("primaryMetric"))
                .putArray("rawData");
        for (int jvm = -1; jvm <= 1; jvm++) {
            forks.addArray().add(score * (1 + jvm * around) * 0.999).add(score * (1 + jvm * around) * 1.001);
        }
        return Files.writeString(directory.resolve(file), results.toString());
    }

    private static String verdict(Path before, Path after) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Comparison.of(before, after).print(new PrintStream(out, true, StandardCharsets.UTF_8));
        return out.toString(StandardCharsets.UTF_8)
                .lines()
                .filter(line -> line.contains("×"))
                .findFirst()
                .orElseThrow()
                .replaceFirst(".*× *", "");
    }

    @Test
    void theFasterMachineComesFirst() throws IOException {
        machine("slow", 1);
        machine("quick", 1.5);
        String page = Leaderboard.of(directory);
        isClosed(page);
        String computing = page.substring(page.indexOf("Computing, all threads"));
        assertTrue(computing.indexOf("quick (2 threads)") < computing.indexOf("slow (2 threads)"), computing);
        assertTrue(computing.contains("<span>300 ±1.0%</span>"), computing);
        assertFalse(page.contains("Generating, 1B"), "nobody measured it");
    }

    @Test
    void whatIsNoResultIsRefused() throws IOException {
        Path text = Files.writeString(directory.resolve("text.json"), "text");
        assertTrue(assertThrows(IOException.class, () -> ResultFile.read(text)).getMessage()
                .startsWith(text + ": is not JSON"));
        Path other = Files.writeString(directory.resolve("other.json"), "[{\"benchmark\": \"org.other.Bench.mark\"}]");
        assertTrue(assertThrows(IOException.class, () -> ResultFile.read(other)).getMessage()
                .contains("org.other.Bench.mark"));
        Path none = Files.writeString(directory.resolve("none.json"), "[]");
        assertThrows(IOException.class, () -> ResultFile.read(none));
        assertThrows(IOException.class, () -> Leaderboard.of(directory.resolve("nowhere")));
    }
}
