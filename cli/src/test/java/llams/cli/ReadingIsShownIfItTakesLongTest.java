package llams.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class ReadingIsShownIfItTakesLongTest {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final PrintStream err = new PrintStream(bytes, true, StandardCharsets.UTF_8);

    private String written() {
        return bytes.toString(StandardCharsets.UTF_8);
    }

    private static void read(ReadingMeter meter) {
        for (int megabytes = 1; megabytes <= 40; megabytes++) {
            meter.reading("dir/big.jsonl", megabytes * 1_000_000L, 80_000_000);
        }
        meter.ended("dir/big.jsonl");
    }

    @Test
    void aPlainLineSaysHowFarItIs() {
        try (ReadingMeter meter = new ReadingMeter(err, 0, OptionalInt.empty(), 30_000)) {
            read(meter);
        }
        String last = written().lines().reduce((_, line) -> line).orElseThrow();
        assertTrue(last.contains("reading big.jsonl") && last.contains("50%") && last.contains("40/80 MB"), last);
    }

    @Test
    void aTerminalHasABar() {
        try (ReadingMeter meter = new ReadingMeter(err, 0, OptionalInt.of(100), 30_000)) {
            read(meter);
            meter.waiting("other.jsonl");
        }
        assertTrue(written().contains("\r") && written().contains("50%"), written());
        assertTrue(written().endsWith(
                "note      another program is writing the tokens of other.jsonl; waiting until it is" + " done\n"),
                written());
    }

    @Test
    void whatIsQuickIsNotShown() {
        try (ReadingMeter meter = new ReadingMeter(err, Long.MAX_VALUE, OptionalInt.of(100), 30_000)) {
            read(meter);
        }
        assertEquals("", written());
    }
}
