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
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

class ExplainCommandTest {
    private static final Path SOURCES = Path.of(System.getProperty("llams.root"), "engine/src/main/java");

    @TempDir
    Path directory;

    private String model;

    @BeforeEach
    void model() throws IOException {
        model = SmallModel.create(directory).toString();
    }

    @Test
    void theTableFitsAndEverySectionIsThere() {
        Llams run = Llams.run("explain", "-m", model, "--tokens", "16", "--lora", "--rank", "2", "--time", "--device",
                "cpu");
        assertEquals(0, run.code(), run.err());
        for (String line : run.out().lines().toList()) {
            assertTrue(line.length() <= 100, line);
        }
        for (String section : new String[] {"embedding", "layers 0 to 1, each", "head and norm, backward",
                "layer 0, backward", "update", "Attention.Gradient", "AdamW"}) {
            assertTrue(run.out().contains("  " + section + " "), section + " in " + run.out());
        }
    }

    @Test
    void everyKernelIsAFileThatCanBeRead() throws IOException {
        for (String what : new String[] {"--decode", "--lora", "--full", null}) {
            Llams run = what == null
                    ? Llams.run("explain", "-m", model, "--tokens", "16", "--json", "--device", "cpu")
                    : Llams.run("explain", "-m", model, "--tokens", "16", what, "--json", "--device", "cpu");
            assertEquals(0, run.code(), run.err());
            ObjectNode json = JsonLine.parse(run.out().strip(), "output");
            long flops = 0;
            for (JsonNode section : json.get("programs").get(0).get("sections")) {
                for (JsonNode row : section.get("rows")) {
                    assertTrue(Files.exists(SOURCES.resolve(row.get("kernel").asString())), row.toString());
                    flops += row.get("flops").asLong();
                }
            }
            assertEquals(json.get("programs").get(0).get("flops").asLong(), flops);
        }
    }

    @Test
    void thePageAsksTheNetworkForNothing() throws IOException {
        Path page = directory.resolve("page.html");
        Llams run = Llams.run("explain", "-m", model, "--tokens", "16", "--full", "--batch", "2", "--recompute",
                "--html", page.toString(), "--device", "cpu");
        assertEquals(0, run.code(), run.err());
        String html = Files.readString(page);
        assertTrue(html.contains("default-src 'none'"));
        assertFalse(html.contains("http:") || html.contains("https:") || html.contains("src="), "an address");
        assertTrue(html.contains("A training step of every weight on 2 x 16 tokens"));
    }

    @Test
    void whatCannotBeExplainedIsWrongUsage() {
        String[][] wrong = {{}, {"-m", model, "--config", "llama3-8b"}, {"-m", model, "--tokens", "129"},
                {"-m", model, "--tokens", "1", "--lora"}, {"-m", model, "--rank", "2"}, {"-m", model, "--recompute"},
                {"-m", model, "--lora", "--full"}, {"-m", model, "--html", directory.toString()},
                {"--config", "llama3-8b", "--full", "--tokens", "2048", "--time"}};
        for (String[] options : wrong) {
            String[] line = new String[options.length + 1];
            line[0] = "explain";
            System.arraycopy(options, 0, line, 1, options.length);
            Llams run = Llams.run(line);
            assertEquals(2, run.code(), String.join(" ", line) + ": " + run.err());
        }
    }
}
