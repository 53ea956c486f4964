package llams.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;

class StatusLineTest {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    private StatusLine line(OptionalInt columns) {
        return new StatusLine(new VisibleStream(bytes, true), columns);
    }

    private String printed() {
        return bytes.toString(StandardCharsets.UTF_8);
    }

    @Test
    void aTerminalsLineIsCutAndWipedAway() {
        StatusLine line = line(OptionalInt.of(11));
        line.at("ten letters and more");
        assertEquals("\rten letter", printed());
        line.clear();
        line.clear();
        assertEquals("\rten letter\r          \r", printed());
    }

    @Test
    void elsewhereItIsALineAMinute() {
        StatusLine line = line(OptionalInt.empty());
        line.at("case 1");
        line.at("case 2");
        line.clear();
        assertEquals("case 1" + System.lineSeparator(), printed());
    }
}
