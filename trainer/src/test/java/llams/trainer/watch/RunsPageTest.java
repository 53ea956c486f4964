package llams.trainer.watch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// A page shows what the log of a run has, whatever a model writes, and asks the network for nothing.
class RunsPageTest {
    private static final String ATTACK = "</script><img src=x onerror=\"document.title='attacked'\"> %s 거북이";

    @TempDir
    Path directory;

    private Path run(String name, int steps) throws IOException {
        Path run = Files.createDirectories(directory.resolve(name));
        StringBuilder log = new StringBuilder();
        for (int step = 0; step < steps; step++) {
            ObjectNode row = JsonMapper.shared().createObjectNode();
            row.put("step", step).put("steps", steps).put("loss", 5.0 / (1 + step)).put("lr", 1e-3);
            row.put("gradNorm", 1).put("tokens", 10L * step).put("tokensPerSecond", 100).put("elapsedSeconds", step);
            row.put("margin<b>", 0.5);
            if (step % 4 == 3) {
                row.put("evalLoss", 6.0 / (1 + step));
                row.putArray("samples").addObject().put("prompt", "Say <it>").put("text", ATTACK + " " + step);
            }
            log.append(row).append('\n');
        }
        Files.writeString(run.resolve("train.jsonl"), log + "{\"step\": 9");
        new RunFacts("finished", "A <model>", "1", Map.of("Settings", Map.of("lr", name))).write(run);
        return run;
    }

    @Test
    void whatAModelWritesIsText() throws IOException {
        String page = RunsPage.of(List.of(run("one", 8)));
        assertFalse(page.contains("<img"), "markup of a model's");
        assertTrue(page
                .contains("&lt;/script&gt;&lt;img src=x onerror=&quot;document.title='attacked'&quot;&gt; %s 거북이 7"));
        assertEquals(page.split("<script", -1).length, page.split("</script>", -1).length, "no script ends early");
        assertTrue(page.contains("default-src 'none'"));
        assertFalse(page.contains("http:") || page.contains("https:"), "an address");
        assertTrue(page.contains("lowest, at step 8; perplexity"), "the lowest held-out loss");
    }

    @Test
    void severalRunsSayWhereTheyDiffer() throws IOException {
        String page = RunsPage.of(List.of(run("one", 8), run("two", 4)));
        assertTrue(page.contains("<h2>Where they differ</h2>"));
        assertTrue(page.contains("<tr><th>lr</th><td class=\"text\">one</td><td class=\"text\">two</td></tr>"));
        assertTrue(page.contains("<b>two, step 4</b>"));
    }

    @Test
    void namesTellRunsApart() {
        assertEquals(List.of("x", "y"), RunsPage.names(List.of(Path.of("a/x"), Path.of("b/y"))));
        assertEquals(List.of("a/x", "b/x"), RunsPage.names(List.of(Path.of("a/x"), Path.of("b/x"))));
        assertEquals(List.of("x"), RunsPage.names(List.of(Path.of("x"))));
        Path same = Path.of("same");
        assertEquals(2, RunsPage.names(List.of(same, same)).size());
    }

    @Test
    void aLongLogIsAsLargeAsAShortOne() {
        RunHistory history = new RunHistory();
        ObjectNode row = JsonMapper.shared().createObjectNode().put("steps", 100_000);
        for (int step = 0; step < 100_000; step++) {
            history.add(row.put("step", step).put("loss", (double) step));
        }
        double[] steps = history.curves.get("loss").steps();
        assertTrue(steps.length <= Curve.MOST_POINTS && steps.length >= Curve.MOST_POINTS / 2,
                steps.length + " points");
        double[] losses = history.curves.get("loss").values();
        for (int i = 0; i < steps.length; i++) {
            assertEquals(steps[i] - 1, losses[i], 1e-6, "each point is the mean of its steps");
        }
    }

    /// The script draws every curve, also one that nobody foresaw, and what a model wrote runs nowhere.
    @Test
    void aBrowserDrawsIt() throws IOException, InterruptedException {
        Optional<Path> browser = browser();
        assumeTrue(browser.isPresent(), "no Chromium on the PATH: the page's script was not tried");
        Path page = Files.writeString(directory.resolve("page.html"),
                RunsPage.of(List.of(run("one", 8), run("two", 4))));
        Path dom = directory.resolve("dom.html");
        List<String> command = new ArrayList<>(
                List.of(browser.get().toString(), "--headless", "--no-sandbox", "--disable-gpu",
                        "--user-data-dir=" + directory.resolve("profile"), "--dump-dom", page.toUri().toString()));
        Process process = new ProcessBuilder(command).redirectOutput(dom.toFile())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
            assertTrue(process.waitFor(60, TimeUnit.SECONDS), "the browser has not ended");
        } finally {
            process.destroyForcibly();
        }
        String drawn = Files.readString(dom, StandardCharsets.UTF_8);
        for (String title : List.of("Loss", "Learning rate", "Gradient norm", "Speed", "margin&lt;b&gt;")) {
            assertTrue(drawn.contains("<figcaption><b>" + title + "</b>"), title);
        }
        assertEquals(5, drawn.split("<canvas", -1).length - 1);
        assertTrue(drawn.contains("<title>one, two</title>"), "a model's script has run");
    }

    private static Optional<Path> browser() {
        return Arrays.stream(System.getenv().getOrDefault("PATH", "").split(":"))
                .flatMap(place -> List.of("chromium", "chromium-browser", "google-chrome")
                        .stream()
                        .map(name -> Path.of(place, name)))
                .filter(Files::isExecutable)
                .findFirst();
    }
}
