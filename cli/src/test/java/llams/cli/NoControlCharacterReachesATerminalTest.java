package llams.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import llams.trainer.data.JsonLine;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Whatever a file holds: what the program says of it cannot move a cursor, set a title or turn a line around. A
/// model's text is unchanged in a pipe.
@Isolated("changes what a terminal is")
class NoControlCharacterReachesATerminalTest {
    private static final String TERMINALS = "llams.terminals";

    @TempDir
    Path directory;

    Path model;

    @BeforeEach
    void writeModel() throws IOException {
        model = SmallModel.create(directory);
    }

    @AfterEach
    void noTerminal() {
        System.clearProperty(TERMINALS);
    }

    private static void isClean(Llams run) {
        for (String text : List.of(run.out(), run.err())) {
            assertTrue(text.codePoints()
                    .allMatch(c -> c == '\n' || c == '\t' || c >= ' ' && c < 0x7f
                            || c >= 0xa0 && (c < 0x202a || c > 0x202e) && (c < 0x2066 || c > 0x2069)),
                    text);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {"a\u001b[31mb | a\\x1b[31mb", "be\u0007ll | be\\x07ll", "\u009b2J | \\u009b2J",
                    "x\u007fy | x\\u007fy", "back\bspace | back\\x08space", "\u202egnp.exe | \\u202egnp.exe",
                    "a\u2066b\u2069 | a\\u2066b\\u2069", "가나 plain é\u200d | 가나 plain é\u200d",})
    void howTheyAreShown(String text, String shown) {
        assertEquals(shown, VisibleStream.visible(text));
    }

    @Test
    void everyWayOfPrintingIsClean() {
        StringBuilder bytes = new StringBuilder();
        try (VisibleStream stream = new VisibleStream(new OutputStream() {
            @Override
            public void write(int b) {
                bytes.append((char) b);
            }
        }, true)) {
            String bad = "\u001b";
            stream.print(bad);
            stream.println(bad);
            stream.println((Object) new StringBuilder(bad));
            stream.print((Object) new StringBuilder(bad));
            stream.print('\u001b');
            stream.println(bad.toCharArray());
            stream.printf("%s%n", bad);
            stream.append(bad).append(bad, 0, 1).append('\u001b');
        }
        assertFalse(bytes.indexOf("\u001b") >= 0, bytes.toString());
        assertEquals(10, bytes.toString().split("x1b", -1).length - 1);
    }

    private Path named(String tensor) throws IOException {
        byte[] header = ("{\"" + tensor + "\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}")
                .getBytes(StandardCharsets.UTF_8);
        return Files.write(directory.resolve("n.safetensors"),
                ByteBuffer.allocate(12 + header.length)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putLong(header.length)
                        .put(header)
                        .array());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"\\u001b[2J\\u001b]0;x\\u0007", "a\\r\\nforged line", "\\u009b2J", "\\u202eabc", "a\\u0000b"})
    void namesOfTensors(String name) throws IOException {
        Path file = named(name);
        Llams text = Llams.run("info", file.toString());
        isClean(text);
        assertEquals(2, text.out().lines().count(), text.out());
        Llams json = Llams.run("info", file.toString(), "--json");
        isClean(json);
        assertTrue(JsonLine.parse(json.out().strip(), "out")
                .get("tensors")
                .has(JsonLine.parse("{\"a\": \"" + name + "\"}", "in").get("a").stringValue()));
    }

    @Test
    void rolesKeysPathsAndValues() throws IOException {
        Path data = Files.writeString(directory.resolve("r.jsonl"),
                "{\"messages\": [{\"role\": \"us\\u001b[31mer\", \"content\": \"a\"}]}\n");
        isClean(Llams.run("train", "-m", model.toString(), "--data", data.toString(), "--out",
                directory.resolve("o").toString()));
        Files.writeString(data, "{\"ke\\u001by\": 1}\n");
        isClean(Llams.run("data", "stats", data.toString(), "--tokenizer", model.toString()));
        isClean(Llams.run("generate", "-m", "no\u001b[2Jwhere", "-p", "x"));
        isClean(Llams.run("generate", "-m", model.toString(), "-p", "x", "--special", "\u001b[31mred"));
        isClean(Llams.run("generate", "--\u001b[31mred"));
        isClean(Llams.run("\u001b[31mred"));
        isClean(Llams.run("--verbose", "generate", "-m", "no\u001b[2Jwhere", "-p", "x"));
    }

    @Test
    void aModelsTextIsItsOwnInAPipeOnly() throws IOException {
        // The model's first 256 ids are bytes: a random one soon makes some of those.
        String[] generate = {"generate", "-m", model.toString(), "-p", "hi", "-n", "100", "--temp", "2", "--top-p", "1",
                "--seed", "1"};
        Llams pipe = Llams.run(generate);
        assertTrue(pipe.out().chars().anyMatch(c -> c < ' ' && c != '\n' && c != '\t'), pipe.out());
        String[] decode = {"tokenize", "--tokenizer", model.toString(), "--decode"};
        assertEquals("a\u001b[31mb", Llams.withInput("97 27 91 51 49 109 98", decode).out());
        System.setProperty(TERMINALS, "1");
        Llams terminal = Llams.run(generate);
        isClean(terminal);
        assertEquals(VisibleStream.visible(pipe.out()), terminal.out());
        assertEquals("a\\x1b[31mb", Llams.withInput("97 27 91 51 49 109 98", decode).out());
    }
}
