package llams.engine.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What is wrong with a small JSON file is one line with the file and the place, and is found out at once.
class JsonTest {
    @TempDir
    Path directory;

    private String refusal(String json) throws IOException {
        return refusal(Files.writeString(directory.resolve("a.json"), json));
    }

    private static String refusal(Path file) {
        IOException e = assertTimeoutPreemptively(Duration.ofSeconds(5),
                () -> assertThrows(IOException.class, () -> Json.readObject(file)));
        assertTrue(e.getMessage().startsWith(file + ": ") && e.getMessage().lines().count() == 1, e.getMessage());
        return e.getMessage().substring(file.toString().length() + 2);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                    "{\"a\": 1,} | not valid JSON at line 1, column 10, after '{\"a\": 1,}': this is not what may"
                            + " follow there",
                    "{\"a\": 1, \"a\": 2} | : it has \"a\" twice",
                    "{\"a\": 1} {} | : there is text after the end of the value",
                    "{\"a\": 0x10} | not valid JSON at line 1, column 9",
                    "{\"a\": [1, 2 | not valid JSON at line 1, column 12, after '{\"a\": [1, 2': it ends in the"
                            + " middle; is it cut short?",
                    "{\"a\": \"b | it ends in the middle", "{a: 1} | not valid JSON at line 1, column 3",
                    "[1, 2] | is not a JSON object", "null | is not a JSON object", "\"text\" | is not a JSON object"})
    void thePlaceIsNamed(String json, String message) throws IOException {
        assertTrue(refusal(json).contains(message), refusal(json));
    }

    @Test
    void anEmptyFileIsNoObject() throws IOException {
        assertEquals("is not a JSON object", refusal(""));
    }

    @Test
    void linesAreCounted() throws IOException {
        assertTrue(refusal("{\n \"a\": 1,\n \"b\" 2\n}").startsWith("not valid JSON at line 3, column "), "line 3");
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"a\":", "[", "{\"a\":[{\"b\":[["})
    void depthIsBounded(String level) throws IOException {
        String opened = "{\"a\":" + level.repeat(100_000);
        assertTrue(refusal(opened).endsWith("it is nested too deeply"), refusal(opened));
    }

    @Test
    void ninetyLevelsAreRead() throws IOException {
        String json = "{\"a\":".repeat(90) + "1" + "}".repeat(90);
        assertTrue(Json.parse("text", json.getBytes(StandardCharsets.UTF_8)).has("a"));
    }

    @Test
    void valuesThatWouldFillTheMemoryAreRefused() throws IOException {
        assertTrue(refusal("{\"a\":[" + "{},".repeat(1_000_000) + "1]}").endsWith("it has more than 500000 values"));
    }

    @Test
    void aFileOfGigabytesIsNotRead() throws IOException {
        Path file = directory.resolve("large.json");
        try (RandomAccessFile large = new RandomAccessFile(file.toFile(), "rw")) {
            large.setLength(3L << 30);
        }
        assertEquals("has 3221225472 bytes; a file of this kind has at most 16777216", refusal(file));
    }

    @Test
    void whatIsNotUtf8IsSaid() throws IOException {
        byte[] latin1 = "{\"name\": \"caf\u00e9 \"}".getBytes(StandardCharsets.ISO_8859_1);
        assertTrue(refusal(Files.write(directory.resolve("a.json"), latin1)).endsWith("it is not UTF-8"));
    }

    @Test
    void aByteOrderMarkIsSkipped() throws IOException {
        assertEquals(1,
                Json.readObject(Files.writeString(directory.resolve("a.json"), "\ufeff{\"a\": 1}")).get("a").asInt());
    }

    @Test
    void aDirectoryAndAPipeAreNoFiles() throws IOException, InterruptedException {
        assertEquals("is a directory, not a file", refusal(directory));
        assumeFalse(System.getProperty("os.name").startsWith("Windows"));
        Path pipe = directory.resolve("pipe");
        assertEquals(0, new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor());
        assertEquals("is not a regular file", refusal(pipe));
        assertEquals("is not a regular file", refusal(Path.of("/dev/zero")));
    }
}
