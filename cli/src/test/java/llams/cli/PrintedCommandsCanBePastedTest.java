package llams.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A command that is printed to be typed next is right as it stands, whatever the names in it.
@Isolated("changes the program's name")
class PrintedCommandsCanBePastedTest {
    @TempDir
    Path directory;

    @AfterEach
    void asInstalled() {
        System.clearProperty("llams.program");
    }

    @DisabledOnOs(value = OS.WINDOWS, disabledReason = "there may be no bash")
    @ParameterizedTest
    @ValueSource(
            strings = {"plain/name-1.txt", "my model", "it's", "한글 이름", "한글", "$HOME", "a\"b", "`id`", "~", "*", "#x",
                    "-n", "a\\b", "", "!1", "a\nb", "tab\there's", "(x)", "a;b", "=ls", "{a,b}", "esc\u001b[31m"})
    void bashReadsBackTheWord(String word) throws Exception {
        Process bash = new ProcessBuilder("bash", "-c", "printf %s " + Shell.quoted(word)).start();
        assertEquals(word, new String(bash.getInputStream().readAllBytes(), StandardCharsets.UTF_8),
                Shell.quoted(word));
        assertEquals(VisibleStream.line(Shell.quoted(word)), Shell.quoted(word));
    }

    @Test
    void trainingOnTextsLeadsToGenerateAndOnChatsToChat() throws IOException {
        Path model = directory.resolve("my model");
        Files.move(SmallModel.create(directory), model);
        Path text = Files.writeString(directory.resolve("a.txt"), "the cat sat on the mat. ".repeat(9));
        Path chats = Files.writeString(directory.resolve("a.jsonl"),
                "{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}, {\"role\": \"assistant\", \"content\":"
                        + " \"b\"}]}\n");
        System.setProperty("llams.program", "./llams");
        assertEquals(
                "./llams generate -m '" + model + "' --adapter 'DIR' -p TEXT".replace("DIR", directory + "/my out"),
                next(model, text, "my out", "lora"));
        assertEquals("./llams chat -m '" + model + "' --adapter " + directory.resolve("out"),
                next(model, chats, "out", "lora"));
        assertEquals("./llams chat -m '" + directory.resolve("it") + " is'", next(model, chats, "it is", "full"));
    }

    private String next(Path model, Path data, String out, String method) {
        Llams run = Llams.run("train", "-m", model.toString(), "--data", data.toString(), "--steps", "1", "--tokens",
                "32", "--method", method, "--out", directory.resolve(out).toString());
        assertEquals(0, run.code(), run.err());
        List<String> lines = run.out().lines().toList();
        assertEquals(method.equals("lora"),
                lines.getLast().startsWith("to fold it:  ./llams merge adapter --base '" + model + "' --adapter "));
        return lines.get(1).substring("to use it:   ".length());
    }

    @Test
    void messagesNameTheProgramAsItWasCalled() {
        System.setProperty("llams.program", "/opt/my tools/llams");
        assertTrue(Llams.run().err().contains("which command? ''/opt/my tools/llams' --help'"), Llams.run().err());
        assertTrue(Llams.run("generate", "--modle").err().endsWith("see ''/opt/my tools/llams' generate --help'\n"));
        System.setProperty("llams.program", "./llams");
        assertTrue(Llams.run("info", "meta-llama/Llama-3.2-1B")
                .err()
                .contains("'./llams download meta-llama/Llama-3.2-1B'"));
    }
}
