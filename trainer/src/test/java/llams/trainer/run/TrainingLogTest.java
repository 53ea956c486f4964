package llams.trainer.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeout;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A log goes on behind the last step of the save; what is no step is cut off at its end and an error before it.
class TrainingLogTest {
    @TempDir
    Path directory;
    private final List<String> notes = new ArrayList<>();

    private Path file() {
        return directory.resolve("train.jsonl");
    }

    private static TrainingRun.Report report(int step) {
        return new TrainingRun.Report(step, 9, 1.5, 1e-3, 0.5, 10, 10L * (step + 1), 100, step, Double.NaN);
    }

    private static String lines(int steps) {
        StringBuilder lines = new StringBuilder();
        for (int step = 0; step < steps; step++) {
            lines.append("{\"step\":")
                    .append(step)
                    .append(",\"steps\":9,\"loss\":1.5,\"lr\":0.001,\"gradNorm\":0.5,\"countedTokens\":10,\"tokens\":")
                    .append(10 * (step + 1))
                    .append(",\"tokensPerSecond\":100.0,\"elapsedSeconds\":")
                    .append(step)
                    .append(".0}\n");
        }
        return lines.toString();
    }

    /// Opens the log after `step` steps and writes the next one.
    private void goOn(int step) throws IOException {
        try (TrainingLog log = TrainingLog.open(file(), step, notes::add)) {
            assertEquals(10L * step, log.tokens());
            log.write(report(step), "abc", "", Double.NaN, List.of());
        }
        String log = Files.readString(file());
        String wanted = lines(step + 1).stripTrailing();
        assertTrue(log.startsWith(wanted.substring(0, wanted.length() - 1) + ",\"data\":\"abc\",\"receipt\":"), log);
        assertEquals(step + 1, log.lines().count());
    }

    @Test
    void stepsAfterTheSaveAreMadeAgain() throws IOException {
        Files.writeString(file(), lines(5));
        goOn(3);
        assertEquals(List.of(), notes);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"\u00ff\u00fe\u0080", "{\"step\":3,\"ste", "\u0000\u0000\u0000\n\u0000\u0000", "null\n", "5\n",
                    "\n", "[]\n{}\n", "{\"step\":\"x\"}\n", "{\"step\":[[[[", "\"", "{\"step\":3}"})
    void garbageAtTheEndIsCutOff(String garbage) throws IOException {
        Files.write(file(), (lines(3) + garbage).getBytes(StandardCharsets.ISO_8859_1));
        goOn(3);
        assertEquals(List.of(file() + ":4: not a step; cut off from here"), notes);
    }

    @Test
    void aLastLineWithoutItsEndIsKept() throws IOException {
        Files.writeString(file(), lines(3).stripTrailing());
        goOn(3);
        assertEquals(List.of(), notes);
    }

    @Test
    void garbageBetweenStepsIsAnErrorThatNamesTheLine() throws IOException {
        String damaged = lines(2) + "?\n" + lines(5).substring(lines(2).length());
        Files.writeString(file(), damaged);
        IOException e = assertThrows(IOException.class, () -> TrainingLog.open(file(), 4, notes::add));
        assertTrue(e.getMessage().startsWith(file() + ":3: not a step, but steps follow; "), e.getMessage());
        assertEquals(damaged, Files.readString(file()));
        // What comes after the save is not needed, whatever it is.
        goOn(2);
    }

    @Test
    void missingStepsAreSaid() throws IOException {
        Files.writeString(file(), lines(2));
        TrainingLog.open(file(), 4, notes::add).close();
        assertEquals(List.of(file() + ": ends with step 1, and the save was made after step 3"), notes);
    }

    @Test
    void nothingIsWrittenThroughALink() throws IOException {
        Path victim = Files.writeString(directory.resolve("victim"), lines(3));
        Files.createSymbolicLink(file(), victim);
        IOException e = assertThrows(IOException.class, () -> TrainingLog.open(file(), 2, notes::add));
        assertTrue(e.getMessage().startsWith(file() + ": is not a file of this run but a link"), e.getMessage());
        // From the beginning, the log takes the link's place.
        TrainingLog.open(file(), 0, notes::add).close();
        assertEquals(lines(3), Files.readString(victim));
        assertEquals("", Files.readString(file()));
    }

    @Test
    void aLongLogIsReadInOnePass() throws IOException {
        Files.writeString(file(), lines(80_000));
        assertTimeout(Duration.ofSeconds(10), () -> TrainingLog.open(file(), 80_000, notes::add).close());
        assertEquals(List.of(), notes);
    }
}
