package llams.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import llams.trainer.data.JsonLine;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.node.ObjectNode;

class ReplayCommandTest {
    private static final String TEXT = "서울은 대한민국의 수도이다. Seoul is the capital of Korea.\n";

    @TempDir
    Path directory;

    private Path model;
    private Path data;
    private Path run;

    @BeforeEach
    void run() throws IOException {
        model = SmallModel.create(directory);
        data = Files.writeString(directory.resolve("data.txt"), TEXT.repeat(20));
        run = directory.resolve("run");
        Llams trained = Llams.run("train", "-m", model.toString(), "--data", data.toString(), "--eval-data",
                data.toString(), "--out", run.toString(), "--tokens", "64", "--steps", "4", "--save-every", "2",
                "--device", "cpu");
        assertEquals(0, trained.code(), trained.err());
    }

    private Llams replay(String... more) {
        String[] line = new String[more.length + 2];
        line[0] = "replay";
        line[1] = run.toString();
        System.arraycopy(more, 0, line, 2, more.length);
        return Llams.run(line);
    }

    @Test
    void aStepIsAPageThatAsksTheNetworkForNothing() throws IOException {
        Path page = directory.resolve("step.html");
        Llams made = replay("--step", "4", "--html", page.toString(), "--device", "cpu");
        assertEquals(0, made.code(), made.err());
        assertTrue(made.out().contains("equal, bit for bit"), made.out());
        assertTrue(made.out().contains("data.txt:"), made.out());
        assertTrue(made.err().contains("step-000002") && made.err().contains("step 3 of 3 on the way is as in the log"),
                made.err());
        for (String line : made.out().lines().toList()) {
            assertTrue(line.length() <= 100, line);
        }
        String html = Files.readString(page);
        assertTrue(html.contains("default-src 'none'"));
        assertFalse(html.contains("http:") || html.contains("https:") || html.contains("src="), "an address");
        // Bytes that are one character together are shown as that.
        assertTrue(html.contains("\"서\",\"\",\"\",\"울\",\"\",\"\""), "no Korean text");
    }

    @Test
    void theSummaryIsJson() throws IOException {
        Llams made = replay("--step", "1", "--json", "--device", "cpu");
        assertEquals(0, made.code(), made.err());
        ObjectNode json = JsonLine.parse(made.out().strip(), "output");
        double shares = 0;
        for (var document : json.get("documents")) {
            shares += document.get("share").asDouble();
        }
        assertEquals(1, shares, 1e-6);
        assertTrue(json.get("parameters").size() > 10 && json.get("parameters").get(0).get("gradient").isNumber());
    }

    @Test
    void aTextIsReadByARunOrAModel() throws IOException {
        for (Path of : new Path[] {run, model}) {
            Path page = directory.resolve("text.html");
            Llams read = Llams.run("replay", of.toString(), "--prompt", "서울은", "-n", "3", "--html", page.toString(),
                    "--device", "cpu");
            assertEquals(0, read.code(), read.err());
            assertTrue(read.out().contains("of which 10 were given") && read.out().contains("layer 1"), read.out());
            assertTrue(Files.readString(page).contains("\"서\""));
        }
    }

    @Test
    void whatCannotBeMadeAgainIsOneLine() throws IOException {
        assertEquals(2, replay().code());
        assertEquals(2, replay("--step", "0").code());
        assertEquals(2, replay("--step", "1", "--prompt", "x").code());
        assertEquals(2, replay("--step", "1", "-n", "3").code());
        assertEquals(2, replay("--step", "1", "--html", directory.toString()).code());
        fails(replay("--step", "5"), "has no step 5; its last one is 4");
        fails(Llams.run("replay", model.toString(), "--step", "1"), "no training run");
        fails(Llams.run("replay", directory.resolve("none").toString(), "--step", "1"), "no training run");
        String settings = Files.readString(run.resolve("train.yaml"));
        Files.writeString(run.resolve("train.yaml"), settings + "of-another-version: 1\n");
        fails(replay("--step", "1"), "there is no option \"of-another-version\"");
        Files.delete(run.resolve("train.yaml"));
        fails(replay("--step", "1"), "has no train.yaml");
        Files.writeString(run.resolve("train.yaml"), settings);
        Files.writeString(data, TEXT.repeat(19));
        fails(replay("--step", "4"), "other settings, data or model");
        Files.delete(data);
        fails(replay("--step", "1"), "data.txt");
    }

    private static void fails(Llams made, String why) {
        assertEquals(1, made.code(), made.err());
        assertTrue(made.err().contains(why), made.err());
        assertEquals(1, made.err().lines().filter(line -> !line.startsWith("note: ")).count(), made.err());
    }
}
