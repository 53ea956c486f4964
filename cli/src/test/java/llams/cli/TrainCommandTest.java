package llams.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import llams.model.files.OutputDirectory;
import llams.trainer.data.JsonLine;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.node.ObjectNode;

class TrainCommandTest {
    @TempDir
    static Path shared;

    @TempDir
    Path directory;

    static String model;
    static String text;

    @BeforeAll
    static void writeModel() throws IOException {
        model = SmallModel.create(shared).toString();
        text = Files.writeString(shared.resolve("text.txt"), "the cat sat on the mat. ".repeat(60)).toString();
    }

    private static Llams done(String... args) {
        Llams run = Llams.run(args);
        assertEquals(0, run.code(), run.err());
        return run;
    }

    private static ObjectNode json(String... args) {
        List<String> all = new ArrayList<>(List.of(args));
        all.add("--json");
        return JsonLine.parse(done(all.toArray(String[]::new)).out().strip(), "output");
    }

    private static double loss(String... args) {
        return json(args).get("loss").asDouble();
    }

    private Path yaml(String content) throws IOException {
        return Files.writeString(directory.resolve("run.yaml"), content);
    }

    @Test
    void anAdapterLearnsServesAndFoldsIntoTheSameModel() {
        String out = directory.resolve("adapter").toString();
        Llams run = done("train", "-m", model, "--data", text, "--eval-data", text, "--out", out, "--steps", "40",
                "--lr", "0.03", "--tokens", "64", "--warmup", "4");
        assertTrue(run.err().contains("trained   LoRA of rank 8"), run.err());
        assertTrue(run.out().contains("llams generate -m " + model + " --adapter " + out), run.out());

        double before = loss("eval", "perplexity", "-m", model, "--data", text, "--tokens", "64");
        double after = loss("eval", "perplexity", "-m", model, "--adapter", out, "--data", text, "--tokens", "64");
        assertTrue(after < before - 1, before + " to " + after);
        assertTrue(run.out().contains(String.format("held-out loss %.4f", after)), run.out() + after);

        String merged = directory.resolve("merged").toString();
        done("merge", "adapter", "--base", model, "--adapter", out, "--out", merged);
        String[] prompt = {"-p", "the cat", "-n", "40", "--temp", "0", "--print-ids"};
        String adapted = done(join(List.of("generate", "-m", model, "--adapter", out), prompt)).out();
        assertEquals(adapted, done(join(List.of("generate", "-m", merged), prompt)).out());
        assertFalse(adapted.equals(done(join(List.of("generate", "-m", model), prompt)).out()));
    }

    @Test
    void aModelLearnsFromATeacherOnceItHasSpoken() {
        Path said = directory.resolve("said");
        String[] run = {"train", "-m", model, "--data", text, "--tokens", "32", "--steps", "2", "--teacher-logits",
                said.toString(), "--teacher-top", "8", "--out"};
        Llams first = done(join(List.of(run), new String[] {directory.resolve("a").toString(), "--teacher", model}));
        assertTrue(
                first.err()
                        .contains(model + ": its 8 most likely tokens at temperature 1.0, with weight 0.5 in the loss"),
                first.err());
        assertTrue(first.err().contains("sequences, once: what it says goes into " + said), first.err());
        done(join(List.of(run), new String[] {directory.resolve("b").toString(), "--method", "full"}));
        Llams pairs = Llams.run(join(List.of(run), new String[] {"c", "--method", "dpo"}));
        assertTrue(pairs.err().contains("--teacher is for --method lora, full or new-tokens"), pairs.err());
        Llams alone = Llams.run("train", "-m", model, "--data", text, "--out", "c", "--teacher-top", "8");
        assertTrue(alone.err().contains("are for a run with a --teacher"), alone.err());
    }

    private static String[] join(List<String> first, String[] rest) {
        List<String> all = new ArrayList<>(first);
        all.addAll(List.of(rest));
        return all.toArray(String[]::new);
    }

    @Test
    void bitsPerByteCountTheBytesOfTheText() throws IOException {
        ObjectNode report = json("eval", "perplexity", "-m", model, "--data", text, "--tokens", "64");
        // The end token is counted and stands for no byte.
        assertEquals(Files.size(Path.of(text)), report.get("bytes").asLong());
        assertEquals(Files.size(Path.of(text)) + 1, report.get("countedTokens").asLong());
        double bits = report.get("loss").asDouble() * report.get("countedTokens").asLong() / Math.log(2);
        assertEquals(bits / report.get("bytes").asLong(), report.get("bitsPerByte").asDouble(), 1e-9);
        Path ids = Files.writeString(directory.resolve("ids.jsonl"), "{\"ids\": [1, 2, 3]}\n");
        Path bare = directory.resolve("bare");
        done("init", "--config", shared.resolve("config.json").toString(), "--out", bare.toString());
        assertFalse(json("eval", "perplexity", "-m", bare.toString(), "--data", ids.toString()).has("bitsPerByte"));
    }

    @Test
    void aNewModelComesCompleteAndUsable() {
        Path out = directory.resolve("new");
        done("train", "--init-config", shared.resolve("config.json").toString(), "--tokenizer",
                shared.resolve("tokenizer.model").toString(), "--data", text, "--out", out.toString(), "--steps", "3",
                "--tokens", "32");
        for (String file : List.of("config.json", "generation_config.json", "model.safetensors",
                "original/tokenizer.model", "train.jsonl")) {
            assertTrue(Files.exists(out.resolve(file)), file);
        }
        done("generate", "-m", out.toString(), "-p", "hi", "-n", "3");
    }

    @Test
    void aRunGoesOnFromItsSave() throws IOException {
        String[] run = {"train", "-m", model, "--data", text, "--tokens", "32", "--steps", "6", "--save-every", "4",
                "--out"};
        String straight = directory.resolve("straight").toString();
        done(join(List.of(run), new String[] {straight}));
        // As if the program had been killed after the fifth step: neither the result nor the save of the last step is
        // there yet.
        Path broken = directory.resolve("broken");
        done(join(List.of(run), new String[] {broken.toString()}));
        Files.delete(broken.resolve("adapter_model.safetensors"));
        OutputDirectory.delete(broken.resolve("step-000006"));
        Llams resumed = done(join(List.of(run), new String[] {broken.toString(), "--resume"}));
        assertTrue(resumed.err().contains("continuing from " + broken.resolve("step-000004")), resumed.err());
        assertEquals(-1, Files.mismatch(Path.of(straight, "adapter_model.safetensors"),
                broken.resolve("adapter_model.safetensors")));
    }

    @Test
    void aRunawayRunNamesItsStepAndItsLastSave() {
        Path out = directory.resolve("out");
        Llams run = Llams.run("train", "-m", model, "--data", text, "--tokens", "32", "--steps", "20", "--method",
                "full", "--lr", "1e10", "--warmup", "0", "--save-every", "1", "--out", out.toString());
        assertEquals(1, run.code());
        String line = run.err().lines().toList().getLast();
        assertTrue(line.matches("llams: step \\d+: loss is .* the last good save is .*step-\\d{6}"), line);
    }

    @Test
    void optionsStandInAFileAndTheCommandLineWins() throws IOException {
        Path file = yaml("""
                model: %s
                data: [%s, other.txt]
                out: somewhere
                lr: 3e-4
                betas: [0.8, 0.95]
                targets: q,v
                pack: false
                recompute: true
                threads: 1
                """.formatted(model, text));
        String printed = done("train", "--config", file.toString(), "--lr", "0.5", "--steps", "7", "--print-config")
                .out();
        for (String line : List.of("model: " + model, "lr: 0.5", "steps: 7", "pack: false", "recompute: true",
                "rank: 8", "betas: [0.8, 0.95]", "targets: [q, v]", "data: [" + text + ", other.txt]", "threads: 1")) {
            assertTrue(printed.lines().anyMatch(line::equals), "wanted \"" + line + "\" in\n" + printed);
        }
        // What is printed is such a file again.
        assertEquals(printed, done("train", "--config", yaml(printed).toString(), "--print-config").out());
    }

    @Test
    void anUnknownKeyIsRefusedWithTheNearestKnown() throws IOException {
        Llams run = Llams.run("train", "--config", yaml("learning-rate: 1\nwarm-up: 3\n").toString());
        assertEquals(1, run.code());
        run = Llams.run("train", "--config", yaml("warm-up: 3\n").toString());
        assertTrue(run.err().contains("there is no option \"warm-up\"; did you mean warmup?"), run.err());
        run = Llams.run("train", "--config", yaml("steps: many\n").toString());
        assertTrue(run.err().contains("run.yaml") && run.err().contains("--steps") && run.err().contains("many"),
                run.err());
        run = Llams.run("train", "--config", yaml("recompute: 3\n").toString());
        assertTrue(run.err().contains("recompute must be true or false, not 3"), run.err());
        run = Llams.run("train", "--config", yaml("a: [\n").toString());
        assertTrue(run.err().contains("run.yaml:2: not YAML"), run.err());
    }
}
