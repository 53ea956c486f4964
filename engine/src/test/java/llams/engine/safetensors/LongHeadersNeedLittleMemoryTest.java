package llams.engine.safetensors;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.IntFunction;
import llams.engine.OtherJvm;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.core.JsonParser;
import tools.jackson.databind.JsonNode;

/// The longest header that the format allows is read or refused in a heap of 160 MB, whatever fills it.
class LongHeadersNeedLittleMemoryTest {
    private static final int MAX_BYTES = (int) Header.MAX_BYTES;

    /// What the other JVM does.
    static final class Open {
        public static void main(String[] args) throws IOException {
            try (SafetensorsFile file = SafetensorsFile.open(Path.of(args[0]))) {
                System.out.println(file.entries().size() + " tensors, " + file.metadata().size() + " metadata");
            } catch (SafetensorsException e) {
                System.out.println(e.getMessage());
            }
        }
    }

    @TempDir
    Path directory;

    /// Opens a file with as many parts as fit, in a JVM of its own.
    private String opened(String start, IntFunction<String> part, String end) throws IOException, InterruptedException {
        Path file = directory.resolve("x.safetensors");
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file), 1 << 20)) {
            out.write(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(MAX_BYTES).array());
            int left = MAX_BYTES - write(out, start);
            for (int i = 0; left > 20_000; i++) {
                left -= write(out, part.apply(i));
            }
            left -= write(out, end);
            write(out, " ".repeat(left));
        }
        OtherJvm.Run run = OtherJvm.run(List.of("-Xmx160m", "-XX:+UseSerialGC"),
                List.of(SafetensorsFile.class, JsonParser.class, JsonNode.class), Open.class, file.toString());
        assertEquals(0, run.exitCode(), run.output());
        return run.output();
    }

    private static int write(OutputStream out, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        out.write(bytes);
        return bytes.length;
    }

    private static String tensor(String name) {
        return "\"" + name + "\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}";
    }

    @Test
    void namesOfTwoBytesAHeaderByte() throws Exception {
        String name = "\uac00" + "a".repeat(4000);
        String said = opened("{", i -> tensor(name + i) + ",", tensor("last") + "}");
        assertTrue(said.contains("names and metadata have more than 33554432 characters"), said);
    }

    @Test
    void textsOfMetadata() throws Exception {
        String value = "\uac00" + "b".repeat(9000);
        String said = opened("{\"__metadata__\":{", i -> "\"" + i + "\":\"" + value + "\",", "\"last\":\"\"}}");
        assertTrue(said.contains("names and metadata have more than 33554432 characters"), said);
    }

    @Test
    void fieldsThatNobodyReads() throws Exception {
        String said = opened("{\"a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0],\"x\":{",
                i -> "\"" + i + "\":1,", "\"last\":1}}}");
        assertEquals("1 tensors, 0 metadata\n", said);
    }
}
