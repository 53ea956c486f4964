package llams.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The command line wins over `--set`, which wins over `--config`; what is wrong is reported where it stands.
class NearerSettingsWinTest {
    @TempDir
    Path directory;

    private Llams train(String yaml, String... more) throws IOException {
        Path file = Files.writeString(directory.resolve("run.yaml"), yaml);
        List<String> args = new ArrayList<>(List.of("train", "--config", file.toString(), "--print-config"));
        args.addAll(List.of(more));
        return Llams.run(args.toArray(String[]::new));
    }

    private static void has(Llams run, String... lines) {
        assertEquals(0, run.code(), run.err());
        for (String line : lines) {
            assertTrue(run.out().lines().anyMatch(line::equals), line + "\n" + run.out());
        }
    }

    @Test
    void theCommandLineWinsOverSetWhichWinsOverTheFile() throws IOException {
        String yaml = "model: m\ndata: [a, b]\nout: o\nrank: 1\nalpha: 1\nlr: 1e-3\nrecompute: true\npack: false\n";
        has(train(yaml), "rank: 1", "alpha: 1.0", "lr: 0.001", "recompute: true", "pack: false", "data: [a, b]");
        has(train(yaml, "--set", "alpha=2", "--set", "lr=2e-3", "--lr", "3e-3"), "rank: 1", "alpha: 2.0", "lr: 0.003");
        has(train(yaml, "--set", "recompute=false", "--set", "pack=true", "--set", "rank="), "recompute: false",
                "pack: true", "rank: 8");
        has(train(yaml, "--set", "data=c", "--set", "data=d"), "data: [c, d]");
        has(train(yaml, "--set", "targets=q,v", "--data", "e"), "targets: [q, v]", "data: [e]");
        has(Llams.run("train", "--set", "model=m", "--set", "data=a", "--set", "out=o", "--print-config"), "model: m");
    }

    /// Steps and epochs are two ways to say one thing, and so are others.
    @Test
    void whatStandsForTheSameIsReplaced() throws IOException {
        String yaml = "model: m\ndata: a\nout: o\nepochs: 3\ntargets: [q]\n";
        Llams steps = train(yaml, "--steps", "5");
        has(steps, "steps: 5");
        assertFalse(steps.out().contains("epochs"), steps.out());
        has(train(yaml, "--set", "steps=5", "--epochs", "2"), "epochs: 2.0");
        has(train(yaml, "--set", "steps="), "epochs: 3.0");
        has(train(yaml, "--init-config", "c"), "init-config: c", "method: full");
        has(train(yaml, "--set", "target-pattern=.*[qv]_proj"), "target-pattern: .*[qv]_proj");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\0', textBlock = """
            lr: fast           | Invalid value for option '--lr': 'fast' is not a double
            rank: 1.5          | Invalid value for option '--rank': '1.5' is not an int
            method: lorra      | Invalid value for option '--method': expected one of
            rank: [1, 2]       | rank takes one value, not a list
            recompute: maybe   | recompute must be true or false, not maybe
            lerning-rate: 1    | there is no option "lerning-rate"
            learning_rate: 1   | there is no option "learning_rate"; did you mean lr?
            warmpu: 1          | there is no option "warmpu"; did you mean warmup?
            dry-run: true      | there is no option "dry-run"
            steps: 0           | --steps must be at least 1, not 0
            batch: 0           | --batch must be at least 1, not 0
            schedule: cosinus  | --schedule
            betas: 0.9         | --betas needs two numbers
            threads: 0         | --threads must be at least 1, not 0
            targets: [q, x]    | --targets: there is no "x"
            gamma: 1           | --gamma is for --method simpo
            eval-every: often  | --eval-every must be steps, such as 500, or minutes, such as 10m, not "often"
            """)
    void mistakesAreReportedWhereTheyStand(String line, String message) throws IOException {
        Llams inFile = train("# settings\nmodel: m\ndata: a\nout: o\n" + line + "\n");
        assertEquals(1, inFile.code());
        assertTrue(inFile.err().startsWith("llams: " + directory.resolve("run.yaml") + ":5: " + message), inFile.err());
        assertEquals(1, inFile.err().lines().count(), inFile.err());
        if (!line.contains("[")) {
            String set = line.replace(": ", "=").strip();
            Llams inSet = train("model: m\ndata: a\nout: o\n", "--set", set);
            assertEquals(2, inSet.code());
            assertTrue(inSet.err().startsWith("llams train: --set " + set + ": " + message), inSet.err());
        }
    }

    @Test
    void aSettingHasAKeyAndAValue() throws IOException {
        Llams run = train("", "--set", "lr");
        assertEquals(2, run.code());
        assertTrue(run.err().contains("--set needs KEY=VALUE, such as lr=1e-4, not lr"), run.err());
    }
}
