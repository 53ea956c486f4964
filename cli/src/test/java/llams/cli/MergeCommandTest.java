package llams.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import llams.trainer.data.JsonLine;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.node.ObjectNode;

/// Merges say what they did and what looks wrong; merged models answer as the adapter did; nothing is left of what
/// fails.
class MergeCommandTest {
    @TempDir
    Path directory;

    private static Llams done(String... args) {
        Llams run = Llams.run(args);
        assertEquals(0, run.code(), run.err());
        return run;
    }

    private String init(String name, int seed) {
        Path out = directory.resolve(name);
        done("init", "--config", directory.resolve("config.json").toString(), "--out", out.toString(), "--seed",
                String.valueOf(seed));
        return out.toString();
    }

    @Test
    void theSizeOfTheVectorAndWrongPlacesAreSaid() throws IOException {
        Files.writeString(directory.resolve("config.json"), SmallModel.CONFIG);
        String base = init("base", 1);
        String instruct = init("instruct", 2);
        Llams zero = done("merge", "chat-vector", "--base", base, "--instruct", base, "--tuned", instruct, "--out",
                directory.resolve("zero").toString());
        assertTrue(zero.out().contains("note: the vector is zero"), zero.out());
        assertTrue(zero.out().matches("(?s).*\\n  model\\.layers\\.1 +0\\.000 +0\\.000%\\n.*"), zero.out());
        Llams swapped = done("merge", "chat-vector", "--base", instruct, "--instruct", base, "--tuned", base, "--out",
                directory.resolve("swapped").toString(), "--json");
        ObjectNode report = JsonLine.parse(swapped.out().strip(), "output");
        assertTrue(report.get("notes").toString().contains("tuned is nearer to instruct than to base"),
                report.toString());
        assertEquals("model.layers.0", report.get("vector").get(0).get("part").asString());
        assertTrue(report.get("vector").get(0).get("norm").asDouble() > 1, report.toString());
        assertTrue(report.get("vector").get(0).get("relative").asDouble() > 0.5, report.toString());
    }

    @Test
    void anAdapterOnSomeModulesIsShownUsedAndMerged() throws IOException {
        String model = SmallModel.create(directory).toString();
        Path text = Files.writeString(directory.resolve("text.txt"), "The quick brown fox. ".repeat(20));
        Path adapter = directory.resolve("adapter");
        done("train", "-m", model, "--data", text.toString(), "--out", adapter.toString(), "--steps", "4", "--tokens",
                "32", "--rank", "3", "--lr", "0.1", "--targets", "q,v");
        Path config = adapter.resolve("adapter_config.json");
        String written = Files.readString(config);
        assertTrue(written.contains("\"" + Path.of(model).toAbsolutePath() + "\""), written);
        // The same adapter by another rule, with another strength for one module.
        Files.writeString(config,
                written.replaceAll("(?s)\"target_modules\" : \\[.*?]", "\"target_modules\" : \".*[.](q|v)_proj\"")
                        .replaceAll("\"alpha_pattern\" : \\{ *}",
                                "\"alpha_pattern\" : { \"1.self_attn.q_proj\" : 96 }"));
        ObjectNode info = JsonLine.parse(done("info", adapter.toString(), "--json").out().strip(), "output");
        assertEquals("[\"q\",\"v\"]", info.get("targets").toString());
        assertEquals(32.0, info.get("modules").get("model.layers.1.self_attn.q_proj").get("scale").asDouble());
        assertFalse(info.has("rank"));
        String shown = done("info", adapter.toString()).out();
        assertTrue(shown.contains("LoRA of rank 3, scale 32.0, on q: 1 in all"), shown);
        String ids = continuation(model, "--adapter", adapter.toString());
        String merged = directory.resolve("merged").toString();
        done("merge", "adapter", "--base", model, "--adapter", adapter.toString(), "--out", merged);
        assertEquals(ids, continuation(merged));
        Files.writeString(config, Files.readString(config)
                .replace("\"init_lora_weights\" : true", "\"init_lora_weights\" : \"lora_ga\""));
        Llams refused = Llams.run("merge", "adapter", "--base", model, "--adapter", adapter.toString(), "--out",
                directory.resolve("no").toString());
        assertEquals(1, refused.code());
        assertTrue(refused.err().contains("init_lora_weights \"lora_ga\" changes the base model's weights"),
                refused.err());
        assertFalse(Files.exists(directory.resolve("no")));
    }

    /// The YAML files of docs/MERGING.md, with their models in a directory of the test.
    @Test
    void documentedFilesRun() throws IOException {
        Files.writeString(directory.resolve("config.json"), SmallModel.CONFIG);
        List<String> models = List.of("base", "korean", "code", "instruct");
        for (int m = 0; m < models.size(); m++) {
            init(models.get(m), m);
        }
        Matcher blocks = Pattern.compile("(?s)```yaml\n(.*?)```")
                .matcher(Files.readString(Path.of(System.getProperty("llams.root"), "docs", "MERGING.md")));
        int run = 0;
        while (blocks.find()) {
            Path file = directory.resolve("merge" + run + ".yaml");
            Files.writeString(file, blocks.group(1)
                    .replaceAll("model: (\\w+)", "model: '" + Matcher.quoteReplacement(directory + "/") + "$1'"));
            Llams merged = done("merge", "--config", file.toString(), "--out",
                    directory.resolve("merged" + run++).toString());
            assertTrue(merged.out().contains("tensors merged, 0 copied"), merged.out());
        }
        assertEquals(2, run);
    }

    @Test
    void methodsOnALine() throws IOException {
        Files.writeString(directory.resolve("config.json"), SmallModel.CONFIG);
        String a = init("a", 1);
        String b = init("b", 2);
        String c = init("c", 3);
        int out = 0;
        for (List<String> args : List.of(List.of("linear", a, b, c, "--weights", "1,2,3"),
                List.of("slerp", "--base", a, b, "--t", "0.3", "--dtype", "bf16"),
                List.of("ties", "--base", a, b, c, "--density", "0.3"),
                List.of("dare", "--base", a, b, c, "--signs", "--seed", "5"),
                List.of("chat-vector", "--base", a, "--instruct", b, "--tuned", c, "--scale-for", "norm=0"))) {
            List<String> line = new ArrayList<>(List.of("merge"));
            line.addAll(args);
            line.addAll(List.of("--json", "--out", directory.resolve("out" + out++).toString()));
            ObjectNode report = JsonLine.parse(done(line.toArray(String[]::new)).out().strip(), "output");
            assertTrue(report.get("merged").asInt() > 10, report.toString());
        }
        String adapter = directory.resolve("adapter").toString();
        ObjectNode report = JsonLine.parse(done("merge", "extract", "--base", a, "--tuned", b, "--rank", "4",
                "--targets", "v,down", "--out", adapter, "--json").out().strip(), "output");
        double left = report.get("losses").get("v_proj").get("left").asDouble();
        assertTrue(left > 0.1 && left < 1, report.toString());
        continuation(a, "--adapter", adapter);
    }

    @Test
    void whatIsWrongIsSaid() throws IOException {
        for (String[] line : new String[][] {{"linear a b --weights 1 --out x", "--weights has 1 numbers for 2 models"},
                {"linear a --out x", "linear needs at least two models"},
                {"ties --base a b --density 2 --out x", "density 2.0 is not possible"},
                {"slerp --base a b --t -1 --out x", "t -1.0 is not possible"},
                {"extract --base a --tuned b --rank 0 --out x", "--rank must be at least 1"},
                {"chat-vector --base a --instruct b --tuned c --scale-for mlp --out x", "PATTERN=NUMBER"},
                {"--config merge.yaml", "--config needs --out"}, {"--out x", "which merge?"},}) {
            List<String> args = new ArrayList<>(List.of("merge"));
            args.addAll(List.of(line[0].split(" ")));
            Llams run = Llams.run(args.toArray(String[]::new));
            assertEquals(2, run.code(), run.err());
            assertTrue(run.err().contains(line[1]), run.err());
        }
        Path file = Files.writeString(directory.resolve("merge.yaml"), "merge_method: linear\nmodles: []\n");
        Llams run = Llams.run("merge", "--config", file.toString(), "--out", directory.resolve("x").toString());
        assertEquals(1, run.code());
        assertTrue(run.err().contains("merge.yaml:2: unknown key \"modles\"; known here:"), run.err());
        assertFalse(Files.exists(directory.resolve("x")));
    }

    private static String continuation(String model, String... adapter) {
        List<String> args = new ArrayList<>(
                List.of("generate", "-m", model, "--ids", "84,104,101,32", "-n", "12", "--temp", "0", "--print-ids"));
        args.addAll(List.of(adapter));
        return done(args.toArray(String[]::new)).out();
    }
}
