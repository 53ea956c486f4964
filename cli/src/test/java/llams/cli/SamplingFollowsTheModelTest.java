package llams.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SamplingFollowsTheModelTest {
    @TempDir
    Path directory;

    private Path model;

    @BeforeEach
    void writeModel() throws IOException {
        model = SmallModel.create(directory);
    }

    private Llams generate(String... options) {
        List<String> command = new ArrayList<>(
                List.of("generate", "-m", model.toString(), "--ids", "256,97,98", "-n", "12", "--print-ids"));
        command.addAll(List.of(options));
        Llams run = Llams.run(command.toArray(String[]::new));
        assertEquals(0, run.code(), run.err());
        return run;
    }

    private void config(String json) throws IOException {
        Files.writeString(model.resolve("generation_config.json"), json);
    }

    @Test
    void whatTheModelSaysIsUsedAndSaid() throws IOException {
        String usual = generate("--seed", "1").out();
        assertEquals(usual, generate("--seed", "1", "--temp", "0.8", "--top-p", "0.95").out());
        config("{\"do_sample\": true, \"temperature\": 3, \"top_p\": 0.9}");
        Llams run = generate("--seed", "1");
        assertEquals(generate("--seed", "1", "--temp", "3", "--top-p", "0.9").out(), run.out());
        assertNotEquals(usual, run.out());
        assertTrue(run.err().contains("sampling: temperature 3.0, top_p 0.9 (generation_config.json)"), run.err());
        assertEquals(1, run.err().lines().filter(line -> line.startsWith("sampling:")).count());
    }

    @Test
    void anOptionSaysOtherwise() throws IOException {
        config("{\"do_sample\": true, \"temperature\": 3, \"top_p\": 0.9, \"top_k\": 50, \"min_p\": null}");
        Llams run = generate("--seed", "1", "--temp", "0.5");
        assertEquals(generate("--seed", "1", "--temp", "0.5", "--top-p", "0.9", "--top-k", "50").out(), run.out());
        assertTrue(run.err().contains("sampling: top_k 50, top_p 0.9 (generation_config.json)"), run.err());
        assertFalse(generate("--temp", "0").err().contains("sampling:"));
    }

    @Test
    void withoutSamplingTheMostProbableTokenIsTaken() throws IOException {
        String greedy = generate("--temp", "0").out();
        config("{\"do_sample\": false, \"temperature\": 0.9}");
        Llams run = generate();
        assertEquals(greedy, run.out());
        assertTrue(run.err().contains("sampling: do_sample false, the most probable token (generation_config.json)"),
                run.err());
        assertFalse(run.err().contains("seed"), run.err());
        assertEquals(generate("--temp", "0.9", "--top-p", "0.5", "--seed", "2").out(),
                generate("--top-p", "0.5", "--seed", "2").out());
    }

    @Test
    void aFileAboutOtherThingsChangesNothing() throws IOException {
        String usual = generate("--seed", "1").out();
        config("{\"bos_token_id\": 256, \"eos_token_id\": [257]}");
        Llams run = generate("--seed", "1");
        assertEquals(usual, run.out());
        assertFalse(run.err().contains("sampling:"), run.err());
    }

    @Test
    void anAdaptersFileComesFirst() throws IOException {
        Path text = Files.writeString(directory.resolve("text.txt"), "abc ".repeat(40));
        Path adapter = directory.resolve("adapter");
        Llams trained = Llams.run("train", "-m", model.toString(), "--data", text.toString(), "--out",
                adapter.toString(), "--steps", "1", "--tokens", "32");
        assertEquals(0, trained.code(), trained.err());
        config("{\"do_sample\": true, \"temperature\": 2}");
        Files.deleteIfExists(adapter.resolve("generation_config.json"));
        assertTrue(generate("--adapter", adapter.toString()).err().contains("sampling: temperature 2.0 "));
        Files.writeString(adapter.resolve("generation_config.json"), "{\"do_sample\": false}");
        assertTrue(generate("--adapter", adapter.toString()).err().contains("sampling: do_sample false"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {"{\"temperature\": -1} | \"temperature\" is -1; wanted a number, 0 or more",
                    "{\"temperature\": \"hot\"} | \"temperature\" is \"hot\"; wanted a number, 0 or more",
                    "{\"top_p\": 0} | \"top_p\" is 0; wanted a number above 0 and at most 1",
                    "{\"top_k\": 1.5} | \"top_k\" is 1.5; wanted a whole number, 0 or more",
                    "{\"min_p\": 2} | \"min_p\" is 2; wanted a number from 0 to 1",
                    "{\"do_sample\": \"yes\"} | \"do_sample\" is \"yes\"; wanted true or false"})
    void whatIsNoSettingIsRefused(String json, String message) throws IOException {
        config(json);
        Llams run = Llams.run("generate", "-m", model.toString(), "--ids", "1");
        assertEquals(1, run.code());
        assertTrue(run.err().contains("generation_config.json: " + message), run.err());
    }
}
