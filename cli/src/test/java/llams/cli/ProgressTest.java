package llams.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class ProgressTest {
    private static String shown(OptionalInt terminal) throws InterruptedException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        PrintStream err = new PrintStream(bytes, true, StandardCharsets.UTF_8);
        try (ProgressMeter progress = new ProgressMeter(err, "reading", "lines", 1000, 0, terminal, 20)) {
            for (int i = 0; i < 10; i++) {
                progress.step(100);
                progress.note("loss 2.5");
                Thread.sleep(10);
            }
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }

    @Test
    void aTerminalGetsOneLineThatRedrawsItself() throws InterruptedException {
        String shown = shown(OptionalInt.of(100));
        assertTrue(shown.startsWith("\r"), shown);
        assertTrue(shown.contains("reading") && shown.contains("1000/1000"), shown);
        assertEquals(shown.indexOf('\n'), shown.length() - 1);
    }

    @Test
    void anythingElseGetsPlainLines() throws InterruptedException {
        String shown = shown(OptionalInt.empty());
        assertFalse(shown.contains("\r"), shown);
        assertFalse(shown.contains("\u001b"), shown);
        List<String> lines = shown.lines().toList();
        assertTrue(lines.size() > 1, shown);
        assertEquals(lines.stream().distinct().toList(), lines);
        assertTrue(lines.getLast().contains("1000/1000") && lines.getLast().contains("loss 2.5"), shown);
    }
}
