package llams.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import llams.trainer.run.TrainingRun;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A run's line fits into its terminal and says what matters.
class StepLineTest {
    private static TrainingRun.Report report(int step, double loss, double evalLoss) {
        return new TrainingRun.Report(step, 1500, loss, 1e-3, 1, 10, 100L * (step + 1), 2345, 2.0 * (step + 1),
                evalLoss);
    }

    private static StepLine after(int steps) {
        StepLine line = new StepLine();
        for (int step = 0; step < steps; step++) {
            line.add(report(step, 10.0 / (1 + step), step % 10 == 9 ? 1.25 : Double.NaN));
        }
        return line;
    }

    @ParameterizedTest
    @ValueSource(ints = {20, 49, 79, 119, 300})
    void itFits(int columns) {
        for (int steps : List.of(1, 2, 10, 1000, 1500)) {
            String text = after(steps).text(columns);
            assertTrue(text.length() <= columns, text);
            assertTrue(text.startsWith(steps + "/1500 "), text);
        }
    }

    @Test
    void fiftyColumnsHaveLossTimeSpeedAndMemory() {
        String text = after(1000).text(49);
        assertTrue(text.matches("1000/1500 [▁-█]+ +0\\.010  16m40s  2\\.3k/s  [0-9.]+[KMG].*"), text);
    }

    @Test
    void whereThereIsRoomFiguresHaveNames() {
        String text = after(1000).text(119);
        assertTrue(
                text.matches("1000/1500 █[▁-█]+▁ *  loss 0\\.010  16m40s left  2\\.3k tokens/s  .*  held out 1\\.250"),
                text);
    }

    @Test
    void aTerminalGetsOneLineAndEachNoteOneOfItsOwn() {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (StepMeter meter = new StepMeter(new PrintStream(bytes, true, StandardCharsets.UTF_8), Path.of("out"),
                false, OptionalInt.of(60))) {
            meter.begins(null);
            meter.step(report(0, 3, Double.NaN));
            meter.note("something");
            meter.step(report(1499, 1, Double.NaN));
        }
        List<String> lines = bytes.toString(StandardCharsets.UTF_8).lines().filter(one -> !one.isEmpty()).toList();
        assertEquals("output    out", lines.getFirst());
        assertTrue(lines.get(1).startsWith("1/1500"), lines.toString());
        assertEquals("llams: something", lines.get(2));
        assertTrue(lines.get(3).startsWith("1500/1500"), lines.toString());
        assertFalse(lines.toString().contains("left"), "neither before the second step nor after the last");
    }
}
