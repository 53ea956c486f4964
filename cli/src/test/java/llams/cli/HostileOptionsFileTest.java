package llams.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Whatever a YAML file holds, it is read, or refused in one short line with file and place.
class HostileOptionsFileTest {
    @TempDir
    Path directory;

    private Llams read(String yaml) throws IOException {
        Path file = Files.writeString(directory.resolve("run.yaml"), yaml);
        return assertTimeoutPreemptively(Duration.ofSeconds(10), () -> Llams.run("train", "--config", file.toString(),
                "-m", "m", "--data", "d", "--out", "o", "--print-config"));
    }

    static Stream<Arguments> refused() {
        StringBuilder indented = new StringBuilder();
        for (int i = 0; i < 1000; i++) {
            indented.append(" ".repeat(i)).append("a:\n");
        }
        return Stream.of(
                Arguments.of("seed: 1\nlr: " + "[".repeat(20_000) + "]".repeat(20_000), ":2: nested more than 16 deep"),
                Arguments.of("lr: " + "{a: ".repeat(20_000), ":1: nested more than 16 deep"),
                Arguments.of(indented.toString(), ":18: nested more than 16 deep"),
                Arguments.of("- ".repeat(20_000) + "a", ":1: nested more than 16 deep"),
                Arguments.of("seed: 1\nlr: [[1]]\n", ":2: lr must be a value or a list of values, and holds a list"),
                Arguments.of("lr:\n  a: 1\n", ":1: lr must be a value or a list of values, not a map"),
                Arguments.of("- lr: 1\n", ":1: wanted lines like 'lr: 3e-4', found a list"),
                Arguments.of("? ".repeat(20_000) + "a", ":1: a key must be a word"),
                Arguments.of("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n",
                        ":2: references (*) are not supported; write it out"),
                Arguments.of("data: &a x\nout: *a\n", ":2: references (*) are not supported; write it out"),
                Arguments.of("k".repeat(3_000_000) + ": 1", ": longer than 1.00 MiB"),
                Arguments.of("k".repeat(900_000) + ": 1", ":1: not YAML: mapping values are not allowed here"),
                Arguments.of("'" + "k".repeat(1000) + "': 1", ":1: there is no option \"kkk"),
                Arguments.of("lr: 1\nlr: 2\n", ":2: \"lr\" appears twice, first at "),
                Arguments.of("lr: 1\n---\nlr: 2\n", ":2: a second document begins"),
                Arguments.of("lr: 1\n\tseed: 2\n", ":2: not YAML: "), Arguments.of("lr: \"\u001b[31m\n", ": not YAML"),
                Arguments.of("\u001b[31mlr: 1\n", ": not YAML"),
                Arguments.of("just words\n", ":1: wanted lines like 'lr: 3e-4', found \"just words\""),
                Arguments.of("pack: yes\n", ":1: pack must be true or false, not yes"),
                Arguments.of("pack: [true]\n", ":1: pack must be true or false, not true"),
                Arguments.of("!!java.lang.Runtime {a: 1}\n", ":1: there is no option \"a\""));
    }

    @ParameterizedTest(name = "{1}")
    @MethodSource("refused")
    void oneLineWithFileAndPlace(String yaml, String line) throws IOException {
        Llams run = read(yaml);
        assertEquals(1, run.code());
        assertEquals("", run.out());
        assertTrue(run.err().startsWith("llams: " + directory.resolve("run.yaml") + line), run.err());
        assertTrue(run.err().length() < 400 && run.err().lines().count() == 1, run.err());
        assertTrue(!run.err().contains("\u001b") && !run.err().contains("Setting"), run.err());
    }

    @Test
    void whatIsGoodIsRead() throws IOException {
        Llams run = read("# none\n\nlr: 3e-4\nseed: 7 # seven\nsteps: ~\ntargets: [q,\n  v]\nout: 'a:"
                + " b'\nrecompute: True\nschedule: !!str linear\n");
        assertEquals(0, run.code(), run.err());
        for (String line : new String[] {"lr: 3.0E-4", "seed: 7", "targets: [q, v]", "recompute: true",
                "schedule: linear", "out: o"}) {
            assertTrue(run.out().lines().anyMatch(line::equals), line + "\n" + run.out());
        }
        assertEquals(read("").out(), read("# nothing\n").out());
        assertEquals(read("").out(), read("---\n...\n").out());
    }
}
