package llams.engine.safetensors;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeout;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Isolated;

/// The longest header that the format allows, filled with what would cost most: refused within seconds.
@Isolated("watches the time")
class HostileHeaderTest {
    private static final Duration LIMIT = Duration.ofSeconds(10);
    @TempDir
    Path directory;

    private Path filled(String start, String repeated) throws IOException {
        Path file = directory.resolve("hostile.safetensors");
        byte[] piece = repeated.getBytes(StandardCharsets.UTF_8);
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file), 1 << 20)) {
            out.write(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(Header.MAX_BYTES).array());
            byte[] head = start.getBytes(StandardCharsets.UTF_8);
            out.write(head);
            long left = Header.MAX_BYTES - head.length;
            while (left >= piece.length) {
                out.write(piece);
                left -= piece.length;
            }
            byte[] spaces = new byte[(int) left];
            Arrays.fill(spaces, (byte) ' ');
            out.write(spaces);
        }
        return file;
    }

    private void refused(String start, String repeated, String part) throws IOException {
        Path file = filled(start, repeated);
        String message = assertTimeout(LIMIT,
                () -> assertThrows(SafetensorsException.class, () -> SafetensorsFile.open(file))).getMessage();
        assertTrue(message.contains(part), message);
    }

    @Test
    void bracketsOnly() throws IOException {
        refused("{\"a\":{\"x\":", "[[[[[[[[", "nested too deeply");
    }

    @Test
    void oneEndlessName() throws IOException {
        refused("{\"", "aaaaaaaaaaaaaaaa", "too long");
    }

    @Test
    void oneEndlessString() throws IOException {
        refused("{\"__metadata__\":{\"a\":\"", "aaaaaaaaaaaaaaaa", "too long");
    }

    @Test
    void oneEndlessNumber() throws IOException {
        refused("{\"a\":{\"shape\":[", "1111111111111111", "too long");
    }

    @Test
    void oneEndlessShape() throws IOException {
        refused("{\"a\":{\"shape\":[1", ",1,1,1,1", "more than 32 numbers");
    }

    @Test
    void spacesOnly() throws IOException {
        refused("{", "        ", "not valid JSON");
    }

    @Test
    void millionsOfTensors() throws IOException {
        StringBuilder many = new StringBuilder("{");
        for (int i = 0; many.length() < Header.MAX_BYTES - 100; i++) {
            many.append("\"").append(i).append("\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]},");
        }
        refused(many.toString(), " ", "more than 250000 tensors");
    }
}
