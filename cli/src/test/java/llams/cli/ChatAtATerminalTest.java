package llams.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import llams.engine.device.Devices;
import llams.engine.device.Options;
import llams.model.chat.ChatMessage;
import llams.model.text.Conversation;
import llams.model.text.GenerateOptions;
import llams.model.text.OpenOptions;
import llams.model.text.Sampling;
import llams.model.text.TextGenerator;
import org.jline.terminal.Attributes;
import org.jline.terminal.Size;
import org.jline.terminal.Terminal;
import org.jline.terminal.impl.ExternalTerminal;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Lines are edited, and each command does what it says, at a terminal whose keys are a script.
@Timeout(60)
class ChatAtATerminalTest {
    private static final int CONTEXT = 1000;
    private static final String CTRL_D = "\u0004";
    private static final String UP = "\u001bOA";
    private static final String LEFT = "\u001bOD";

    @TempDir
    static Path models;

    private static TextGenerator generator;

    @TempDir
    Path directory;

    private final ByteArrayOutputStream shown = new ByteArrayOutputStream();
    private Conversation conversation;

    @BeforeAll
    static void openModel() throws IOException {
        Path model = SmallModel.create(models, SmallModel.CONFIG.replace("\": 128", "\": " + CONTEXT));
        generator = TextGenerator.open(model,
                OpenOptions.standard().withDevice(Devices.byName("cpu").with(new Options(1))));
    }

    @AfterAll
    static void closeModel() throws IOException {
        generator.close();
    }

    @BeforeEach
    void converse() {
        converse(0, 4);
    }

    private void converse(double temperature, int maxTokens) {
        conversation = generator.converse(null, options(temperature, maxTokens));
    }

    private static GenerateOptions options(double temperature, int maxTokens) {
        Sampling sampling = Sampling.standard().withTemperature(temperature).withTopK(0).withTopP(1).withMinP(0);
        return GenerateOptions.standard().withMaxTokens(maxTokens).withSampling(sampling.withSeed(1));
    }

    /// Keys, and then a hand that rests.
    private static final class Keyboard extends ByteArrayInputStream {
        Keyboard(byte[] keys) {
            super(keys);
        }

        @Override
        public int read() {
            while (available() == 0) {
                LockSupport.park();
                if (Thread.interrupted()) {
                    return -1;
                }
            }
            return super.read();
        }

        @Override
        public int read(byte[] bytes, int offset, int length) {
            int first = read();
            if (first < 0 || length == 0) {
                return first;
            }
            bytes[offset] = (byte) first;
            return 1;
        }
    }

    private static Terminal terminal(String keys, String type) throws IOException {
        byte[] bytes = keys.getBytes(StandardCharsets.UTF_8);
        Attributes attributes = new Attributes();
        attributes.setControlChar(Attributes.ControlChar.VEOF, CTRL_D.charAt(0));
        return new ExternalTerminal(null, "test", type, new Keyboard(bytes), new ByteArrayOutputStream(),
                StandardCharsets.UTF_8, Terminal.SignalHandler.SIG_DFL, false, attributes, Size.of(80, 24));
    }

    /// What is entered with these keys, and Ctrl-D.
    private List<String> entered(String keys) throws IOException {
        return entered(keys, null);
    }

    private List<String> entered(String keys, Path history) throws IOException {
        List<String> entered = new ArrayList<>();
        try (Terminal terminal = terminal(keys + CTRL_D, "xterm")) {
            ChatTerminal lines = new ChatTerminal(terminal, history);
            for (Optional<String> line = lines.next(() -> entered.add("(interrupted)")); line
                    .isPresent(); line = lines.next(() -> entered.add("(interrupted)"))) {
                entered.add(line.get());
            }
        }
        return entered;
    }

    /// What the conversation shows for these lines.
    private String says(String... lines) throws IOException {
        return says(options(0, 4), lines);
    }

    private String says(GenerateOptions options, String... lines) throws IOException {
        shown.reset();
        Console console = new Console(InputStream.nullInputStream(), new VisibleStream(shown, true),
                new VisibleStream(shown, true));
        try (Terminal terminal = terminal("", "dumb");
                AnswerInterruption interruption = new AnswerInterruption(terminal)) {
            ChatSession session = new ChatSession(console, conversation, generator.context, options, interruption);
            for (String line : lines) {
                assertEquals(!line.equals("/exit"), session.take(ChatInput.of(line)));
            }
        }
        return shown.toString(StandardCharsets.UTF_8);
    }

    private List<String> contents() {
        return conversation.messages().stream().map(ChatMessage::content).toList();
    }

    @Test
    void linesAreEdited() throws IOException {
        assertEquals(List.of("hello", "안녕"), entered("helo" + LEFT + "l\r안하" + "\u007f" + "녕\r"));
        assertEquals(List.of("one", "one!", "wow!!"), entered("one\r" + UP + "!\rwow!!\r"));
        assertEquals(List.of("ended"), entered("ended\r"));
    }

    @Test
    void aMessageOfSeveralLinesIsOne() throws IOException {
        assertEquals(List.of("a\nb\nc"), entered("\u001b[200~a\rb\rc\u001b[201~\r"));
        assertEquals(List.of("a\\\nb\\c"), entered("\u001b[200~a\\\rb\\c\u001b[201~\r"));
        assertEquals(List.of("a\nb"), entered("a\\\rb\r"));
        assertEquals(List.of("a\nb"), entered("a\u001b\rb\r"));
    }

    @Test
    void tabCompletesCommandsAndFiles() throws IOException {
        Files.writeString(directory.resolve("my chat.jsonl"), "");
        Files.createDirectory(directory.resolve("sub"));
        assertEquals(List.of("/reset", "/save " + directory + "/my chat.jsonl", "/load " + directory + "/sub/x", "/no"),
                entered("/res\t\r/save " + directory + "/m\t\r/load " + directory + "/s\tx\r/no\t\r").stream()
                        .map(String::stripTrailing)
                        .toList());
    }

    @Test
    void aTerminalThatCanDoNothingTakesLines() throws IOException {
        try (Terminal terminal = terminal("one\ntwo!\n", Terminal.TYPE_DUMB)) {
            ChatTerminal lines = new ChatTerminal(terminal, null);
            assertEquals(Optional.of("one"), lines.next(() -> {}));
            assertEquals(Optional.of("two!"), lines.next(() -> {}));
        }
    }

    @Test
    void theHistoryIsItsOwners() throws IOException {
        Path history = directory.resolve("state/llams/chat-history");
        ChatHistory.prepare(history);
        assertEquals(List.of("first", "two\nlines"), entered("first\rtwo\\\rlines\r", history));
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(history)));
        assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(history.getParent())));
        ChatHistory.prepare(history);
        assertEquals(List.of("first"), entered(UP + UP + UP + "\r", history));
        byte[] other = {'n', 'o', '\n', (byte) 0xff, '\n', '1', ':', '\\', '\n'};
        Files.write(history, other);
        assertEquals(List.of("x"), entered("x\r", history));
        assertArrayEquals(other, Files.readAllBytes(history));
    }

    @Test
    void theSystemMessageIsShownSetAndTakenAway() throws IOException {
        says("hi");
        String said = says("/system", "/system Be brief.", "/system");
        assertTrue(said.contains("(no system message)") && said.endsWith("Be brief.\n"), said);
        assertEquals("Be brief.", contents().getFirst());
        assertEquals(3, contents().size());
        says("/reset");
        assertEquals(List.of("Be brief."), contents());
        says("/system --none");
        assertEquals(List.of(), contents());
    }

    @Test
    void aConversationIsSavedAndGoesOn() throws IOException {
        Path file = directory.resolve("a b.jsonl");
        assertTrue(says("/save " + file).contains("nothing was answered yet"));
        says("/system Be.", "안녕", "two\nlines");
        List<ChatMessage> before = conversation.messages();
        assertTrue(says("/save " + file).contains("(5 messages written to " + file));
        assertEquals(1, Files.readAllLines(file).size());
        assertTrue(says("/save " + file).contains("'/save --overwrite " + file + "' replaces it"));
        assertTrue(says("/save --overwrite " + file).contains("(5 messages"));
        conversation.replace(before);
        String goesOn = says("more");
        converse();
        assertTrue(says("/load " + file).contains("(5 messages, "), shown::toString);
        assertEquals(before, conversation.messages());
        assertEquals(goesOn, says("more"));
        assertTrue(says("/save " + directory + "/no/where").contains("its directory does not exist"));
    }

    @Test
    void whatCannotBeLoadedIsSaidWithItsLine() throws IOException {
        says("hi");
        List<ChatMessage> before = conversation.messages();
        Path file = directory.resolve("bad.jsonl");
        Files.writeString(file, "\n{\"messages\": [{\"role\": \"user\"}]}\n");
        assertTrue(says("/load " + file).contains(file + ":2"), shown::toString);
        Files.writeString(file, "{\"text\": \"a\"}\n");
        assertTrue(says("/load " + file).contains(file + ":1 is no conversation"), shown::toString);
        assertTrue(says("/load " + file + "x").contains("no such file"), shown::toString);
        assertEquals(before, conversation.messages());
        Files.writeString(file, "{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}]}\n");
        assertTrue(says("/load " + file).contains("/retry makes one"), shown::toString);
        says("/retry");
        assertEquals(2, conversation.messages().size());
    }

    @Test
    void anotherAnswerIsAnotherOne() throws IOException {
        converse(2, 8);
        says(options(2, 8), "hi", "you");
        List<String> first = contents();
        says(options(2, 8), "/retry");
        assertEquals(first.subList(0, 3), contents().subList(0, 3));
        assertFalse(first.get(3).equals(contents().get(3)), contents()::toString);
        assertEquals(4, contents().size());
        converse();
        says("hi");
        List<String> greedy = contents();
        assertTrue(says("/retry").contains("at temperature 0"), shown::toString);
        assertEquals(greedy, contents());
        converse();
        assertTrue(says("/retry").contains("there is no message to answer yet"), shown::toString);
    }

    @Test
    void theOldestTurnsAreForgottenWhenTheContextIsFull() throws IOException {
        says("/system S.", "first");
        String said = "";
        int turns = 1;
        while (!said.contains("(the context of 1000 tokens is full; the oldest ")) {
            said = says(message(turns++));
        }
        assertEquals("S.", contents().getFirst());
        assertFalse(contents().contains("first"), contents()::toString);
        assertTrue(contents().contains(message(turns - 2)), contents()::toString);
        assertTrue(said.contains("oldest " + (turns - (contents().size() - 1) / 2) + " turns"), said);
        // As if what is left had been all.
        List<ChatMessage> kept = conversation.messages().subList(0, conversation.messages().size() - 2);
        String answer = contents().getLast();
        String message = contents().get(contents().size() - 2);
        converse();
        conversation.replace(kept);
        assertEquals(answer, conversation.say(message));
    }

    private static String message(int number) {
        return "-".repeat(80) + number;
    }

    @Test
    void aMessageLongerThanTheContextIsRefused() throws IOException {
        says("hi");
        List<ChatMessage> before = conversation.messages();
        assertTrue(
                says("x".repeat(1100))
                        .contains("takes 1123 tokens, which leaves no room for an answer in the context of 1000"),
                shown::toString);
        assertEquals(before, conversation.messages());
    }

    @Test
    void whatStaysTheSameIsNotReadAgain() throws IOException {
        says("a message of some length", "another one");
        assertTrue(says("/retry", "/stats").contains("prompt   1 tokens"), shown::toString);
        String stats = says("and a third", "/stats");
        int read = Integer.parseInt(stats.replaceAll("(?s).*prompt +(\\d+) tokens.*", "$1"));
        assertTrue(read < 50 && conversation.tokens() > 120, stats);
    }

    @Test
    void restOfTheCommands() throws IOException {
        String said = says("/help", "/stats", "/nonsense", "/exit");
        for (ChatVerb verb : ChatVerb.values()) {
            assertTrue(said.contains(verb.word()), said);
        }
        assertTrue(says("/help").lines().allMatch(line -> line.length() <= 80), said);
        assertTrue(said.contains("0 of 1,000 tokens") && said.contains("there is no command /nonsense"), said);
    }
}
