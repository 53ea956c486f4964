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
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// `merge learn` reports the strengths that it found and how they compare with single scales; what it cannot do, it
/// refuses before anything is written.
class MergeLearnCommandTest {
    @TempDir
    static Path directory;

    @BeforeAll
    static void models() throws IOException {
        SmallModel.create(directory);
        String larger = SmallModel.CONFIG.replace("\"intermediate_size\": 48", "\"intermediate_size\": 64");
        Files.writeString(directory.resolve("larger.json"), larger);
        for (String[] made : new String[][] {{"instruct", "config.json"}, {"tuned", "config.json"},
                {"larger", "larger.json"}}) {
            Llams run = Llams.run("init", "--config", directory.resolve(made[1]).toString(), "--tokenizer",
                    directory.resolve("tokenizer.model").toString(), "--seed", String.valueOf(made[0].length()),
                    "--out", directory.resolve(made[0]).toString());
            assertEquals(0, run.code(), run.err());
        }
        Files.writeString(directory.resolve("data.jsonl"),
                "{\"question\": \"What is blue?\", \"answer\": \"The sky.\"}\n".repeat(6));
        Files.writeString(directory.resolve("heldout.txt"), "The sky is blue. ".repeat(20));
        Files.writeString(directory.resolve("empty.jsonl"), "");
    }

    private static Llams learn(String line) {
        List<String> args = new ArrayList<>(List.of("merge", "learn"));
        for (String word : line.split(" ")) {
            args.add(word.startsWith("@") ? directory.resolve(word.substring(1)).toString() : word);
        }
        return Llams.run(args.toArray(String[]::new));
    }

    @Test
    void strengthsAndLossesAreReported() throws IOException {
        Llams run = learn(
                "--base @model --instruct @instruct --tuned @tuned --data @data.jsonl --eval-data @heldout.txt"
                        + " --steps 3 --batch 1 --tokens 64 --json --out @learned");
        assertEquals(0, run.code(), run.err());
        ObjectNode report = JsonLine.parse(run.out().strip(), "output");
        JsonNode losses = report.get("losses");
        assertEquals(11, losses.size(), report.toString());
        assertTrue(losses.get("1.50").asDouble() > 0 && losses.get("learned").asDouble() > 0, report.toString());
        JsonNode scales = report.get("scales");
        assertEquals(2 * 7, scales.size(), report.toString());
        double scale = scales.get("model.layers.1.mlp.down_proj").asDouble();
        assertTrue(scale != 1 && Math.abs(scale - 1) < 0.5, report.toString());
        assertTrue(report.get("merged").asInt() > 0, report.toString());
        assertTrue(Files.exists(directory.resolve("learned/model.safetensors")));
        // The losses are those of models, so the merged one has the last of them.
        Llams measured = Llams.run("eval", "perplexity", "-m", directory.resolve("learned").toString(), "--data",
                directory.resolve("heldout.txt").toString(), "--tokens", "64", "--json");
        assertEquals(losses.get("learned").asDouble(),
                JsonLine.parse(measured.out().strip(), "output").get("loss").asDouble(), 1e-4);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            --base @model --instruct @instruct --tuned @tuned --out @x | 2 | --data
            --base @model --instruct @instruct --tuned @tuned --data @data.jsonl --steps 0 --out @x | 2 | --steps
            --base @model --instruct @instruct --tuned @tuned --data @data.jsonl --lr 0 --out @x | 2 | --lr above 0
            --base @model --instruct @instruct --tuned @tuned --data @no.jsonl --out @x | 1 | no.jsonl
            --base @model --instruct @instruct --tuned @tuned --data @empty.jsonl --out @x | 1 | empty.jsonl
            --base @larger --instruct @instruct --tuned @tuned --data @data.jsonl --out @x | 1 | do not fit together
            --base @nowhere --instruct @instruct --tuned @tuned --data @data.jsonl --out @x | 1 | nowhere
            --base @model --instruct @instruct --tuned @tuned --data @data.jsonl --out @model | 1 | is there already
            """)
    void whatCannotBeIsRefused(String line, int code, String said) {
        Llams run = learn(line);
        assertEquals(code, run.code(), run.err());
        assertTrue(run.err().contains(said), run.err());
        assertFalse(Files.exists(directory.resolve("x")));
    }
}
