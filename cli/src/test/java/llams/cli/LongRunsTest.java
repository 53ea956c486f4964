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
import llams.trainer.run.TrainSettings;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What `train` says before a run, and leaves so that it can be made again.
class LongRunsTest {
    @TempDir
    static Path shared;

    @TempDir
    Path directory;

    static String model;
    static String text;
    static Path adapter;

    @BeforeAll
    static void writeModel() throws IOException {
        model = SmallModel.create(shared).toString();
        text = Files.writeString(shared.resolve("text.txt"), "the cat sat on the mat. ".repeat(5)).toString();
        adapter = shared.resolve("adapter");
        assertEquals(0, Llams
                .run("train", "-m", model, "--data", text, "--tokens", "32", "--steps", "3", "--rank", "4", "--alpha",
                        "12", "--targets", "q,v", "--out", adapter.toString())
                .code());
    }

    private Llams train(String... more) {
        List<String> args = new ArrayList<>(List.of("train", "-m", model, "--data", text, "--tokens", "32"));
        args.addAll(List.of(more));
        if (!args.contains("--out")) {
            args.addAll(List.of("--out", directory.resolve("out").toString()));
        }
        return Llams.run(args.toArray(String[]::new));
    }

    @ParameterizedTest
    @CsvSource({"lora", "full"})
    void theSettingsMakeTheSameRunAgain(String method) throws IOException {
        Path first = directory.resolve("first");
        Path given = Files.writeString(directory.resolve("run.yaml"), "lr: 3e-2\nseed: 5\nbatch: 2\n");
        Llams run = train("--config", given.toString(), "--method", method, "--epochs", "2", "--lora-dropout", "0.1",
                "--out", first.toString());
        assertEquals(0, run.code(), run.err());
        Path settings = first.resolve("train.yaml");
        List<String> lines = Files.readAllLines(settings);
        for (String line : List.of("model: " + model, "lr: 0.03", "seed: 5", "epochs: 2.0", "tokens: 32", "warmup: 0",
                "save-every: 10m", "out: " + first)) {
            assertTrue(lines.contains(line), "wanted \"" + line + "\" in " + lines);
        }
        assertFalse(lines.stream().anyMatch(line -> line.startsWith("resume") || line.startsWith("config")),
                lines.toString());
        Path second = directory.resolve("second");
        run = Llams.run("train", "--config", settings.toString(), "--out", second.toString());
        assertEquals(0, run.code(), run.err());
        String weights = method.equals("lora") ? "adapter_model.safetensors" : "model.safetensors";
        assertEquals(-1, Files.mismatch(first.resolve(weights), second.resolve(weights)));
    }

    @Test
    void pathsInTheSettingsAreAbsolute() throws IOException {
        Path here = Path.of("").toAbsolutePath();
        Path out = directory.resolve("out");
        Llams run = Llams.run("train", "-m", here.relativize(Path.of(model).toAbsolutePath()).toString(), "--data",
                here.relativize(Path.of(text).toAbsolutePath()).toString(), "--tokens", "32", "--steps", "1", "--out",
                here.relativize(out.toAbsolutePath()).toString());
        assertEquals(0, run.code(), run.err());
        String settings = Files.readString(out.resolve("train.yaml"));
        assertTrue(settings.contains("model: " + model) && settings.contains("data: [" + text + "]")
                && settings.contains("out: " + out), settings);
    }

    @Test
    void fewStepsAreSaidWithNumbers() {
        Llams run = train("--epochs", "1");
        // 121 tokens in sequences of 32.
        assertTrue(run.err().contains("so few steps change a model little: an epoch has 4, --epochs 20 would make 80"),
                run.err());
        run = train("--epochs", "1", "--batch", "3", "--out", directory.resolve("batch").toString());
        assertTrue(run.err().contains("an epoch has 2, --epochs 40 would make 80, a smaller --batch more of each"),
                run.err());
        assertTrue(run.err()
                .contains("1.00 times through the data, 2 steps each time, the last with the 1 sequence left over"),
                run.err());
        run = train("--epochs", "5", "--out", directory.resolve("enough").toString());
        assertFalse(run.err().contains("few steps"), run.err());
        run = train("--steps", "2", "--out", directory.resolve("asked").toString());
        assertFalse(run.err().contains("few steps"), run.err());
    }

    @Test
    void aDiskThatIsTooSmallIsRefusedBeforeTheFirstStep() {
        Llams run = train("--steps", "1000000000", "--save-every", "1", "--keep", "1000000000");
        assertEquals(1, run.code());
        String line = run.err().lines().toList().getLast();
        assertTrue(
                line.matches("llams: .*out: the run needs [0-9,.]+ MB on this disk \\(.*\\), and it has .*; free"
                        + " some, or choose another --out, or --keep 1 \\(.* MB\\), or --save-every 0 \\(.* MB\\)"),
                line);
        assertFalse(Files.exists(directory.resolve("out")));
    }

    @Test
    void aNanInTheLastStepIsNoSuccess() {
        Llams run = train("--steps", "1", "--lr", "1e38", "--warmup", "0");
        assertEquals(1, run.code());
        assertTrue(run.err()
                .lines()
                .toList()
                .getLast()
                .matches("llams: step 0: after the update .* are infinite or NaN; .*"), run.err());
        assertFalse(Files.exists(directory.resolve("out/adapter_config.json")));
    }

    @Test
    void anAdapterBringsItsOwnShape() throws IOException {
        Path out = directory.resolve("out");
        Llams run = train("--from-adapter", adapter.toString(), "--steps", "3", "--save-every", "0");
        assertEquals(0, run.code(), run.err());
        assertTrue(run.err().contains("LoRA of rank 4, alpha 12.0, on q, v, from " + adapter), run.err());
        String settings = Files.readString(out.resolve("train.yaml"));
        assertTrue(settings.contains("from-adapter: " + adapter) && !settings.contains("rank:"), settings);
        Path again = directory.resolve("again");
        run = Llams.run("train", "--config", out.resolve("train.yaml").toString(), "--out", again.toString());
        assertEquals(0, run.code(), run.err());
        assertEquals(-1,
                Files.mismatch(out.resolve("adapter_model.safetensors"), again.resolve("adapter_model.safetensors")));
        assertEquals(0, train("--from-adapter", adapter.toString(), "--steps", "1", "--rank", "4", "--targets", "v,q",
                "--alpha", "12", "--out", directory.resolve("agrees").toString()).code());
    }

    @ParameterizedTest
    @CsvSource({"--rank, 8, --rank 8 contradicts --from-adapter", "--alpha, 16, --alpha 16.0 contradicts",
            "--targets, q, --targets [Q] contradicts", "--method, full, --from-adapter is for --method lora"})
    void whatContradictsTheAdapterIsRefusedByName(String option, String value, String wanted) {
        Llams run = train("--from-adapter", adapter.toString(), "--steps", "1", option, value);
        assertEquals(2, run.code());
        assertTrue(run.err().contains(wanted), run.err());
        assertFalse(Files.exists(directory.resolve("out")));
    }

    @Test
    void theHelpShowsTheLibrarysDefaults() {
        String help = Llams.run("train", "--help").out().replaceAll("\\s+", " ");
        TrainSettings standard = TrainSettings.standard();
        Matcher rates = Pattern.compile("Peak learning rate \\(default: (\\S+); (\\S+) to").matcher(help);
        assertTrue(rates.find(), help);
        assertEquals(standard.learningRate(), Double.parseDouble(rates.group(1)));
        assertEquals(TrainSettings.full().learningRate(), Double.parseDouble(rates.group(2)));
        for (String said : List.of("Sequences per micro-batch (default: " + standard.batch() + ")",
                "or inverse-sqrt (default: cosine)",
                "AdamW: weight decay (default: " + standard.optimizer().weightDecay(),
                "only the result at the end (default: " + standard.saveEvery() + ")",
                "(default: " + standard.keep() + ")", "LoRA: rank (default: " + standard.lora().rank() + ")",
                "LoRA: dropout rate (default: " + (int) standard.lora().dropout() + ")")) {
            assertTrue(help.contains(said), "wanted \"" + said + "\" in " + help);
        }
    }

    @Test
    void wrongSaveIntervalsAreWrongUsage() {
        Llams run = train("--save-every", "10s");
        assertEquals(2, run.code());
        assertTrue(run.err().contains("--save-every must be steps, such as 500, or minutes, such as 10m, not \"10s\""),
                run.err());
    }

    @Test
    void copiedWeightsGiveTheSameResults() throws IOException {
        String[] generate = {"generate", "-m", model, "-p", "the cat", "-n", "8", "--temp", "0", "--print-ids"};
        List<String> copied = new ArrayList<>(List.of(generate));
        copied.add("--no-map");
        assertEquals(Llams.run(generate).out(), Llams.run(copied.toArray(String[]::new)).out());
        Path mapped = directory.resolve("mapped");
        Path copy = directory.resolve("copy");
        assertEquals(0, train("--steps", "2", "--out", mapped.toString()).code());
        assertEquals(0, train("--steps", "2", "--no-map", "--out", copy.toString()).code());
        assertEquals(-1,
                Files.mismatch(mapped.resolve("adapter_model.safetensors"), copy.resolve("adapter_model.safetensors")));
    }
}
