package llams.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
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

    private static String continuation(String model, String... adapter) {
        List<String> args = new ArrayList<>(
                List.of("generate", "-m", model, "--ids", "84,104,101,32", "-n", "12", "--temp", "0", "--print-ids"));
        args.addAll(List.of(adapter));
        return done(args.toArray(String[]::new)).out();
    }
}
