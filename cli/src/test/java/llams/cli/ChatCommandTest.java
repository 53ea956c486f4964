package llams.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import llams.tokenizer.ChatFormat;
import llams.tokenizer.Message;
import llams.tokenizer.Tokenizer;
import llams.trainer.data.JsonLine;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.node.ObjectNode;

/// A conversation that keeps its cache goes as if each answer were made from the whole conversation.
class ChatCommandTest {
    @TempDir
    Path directory;

    Path model;
    Tokenizer tokenizer;
    ChatFormat format;

    @BeforeEach
    void writeModel() throws IOException {
        model = SmallModel.create(directory);
        tokenizer = Tokenizer.load(model);
        format = new ChatFormat(tokenizer);
    }

    private Llams chat(String input, String... options) {
        String[] args = Arrays.copyOf(new String[] {"chat", "-m", model.toString(), "--temp", "0"}, 5 + options.length);
        System.arraycopy(options, 0, args, 5, options.length);
        Llams run = Llams.withInput(input, args);
        assertEquals(0, run.code(), run.err());
        return run;
    }

    /// The greedy continuation of ids, computed at once.
    private int[] continued(int[] ids, int tokens) {
        String list = IntStream.of(ids).mapToObj(Integer::toString).collect(Collectors.joining(","));
        Llams run = Llams.run("generate", "-m", model.toString(), "--ids", list, "-n", "" + tokens, "--temp", "0",
                "--json");
        ObjectNode report = JsonLine.parse(run.out().strip(), "output");
        return IntStream.range(0, report.get("ids").size()).map(i -> report.get("ids").get(i).asInt()).toArray();
    }

    private static int[] concat(int[]... parts) {
        return Arrays.stream(parts).flatMapToInt(Arrays::stream).toArray();
    }

    @Test
    void everyTurnSeesTheWholeConversation() {
        int[] first = concat(format.encode(List.of(new Message("system", "be"), new Message("user", "hi")), true));
        int[] answer = continued(first, 6);
        int[] second = concat(first, answer, new int[] {tokenizer.special("<|eot_id|>").orElseThrow()},
                format.message(new Message("user", "you")), format.header("assistant"));
        int[] next = continued(second, 6);
        String expected = tokenizer.decode(answer) + System.lineSeparator() + tokenizer.decode(next)
                + System.lineSeparator();
        assertEquals(expected, chat("hi\n\nyou\n", "--system", "be", "-n", "6").out());
    }

    @Test
    void aConversationThatFillsTheContextStartsAnew() {
        Llams run = chat("hi\nhi\n", "--context", "40", "-n", "8");
        assertTrue(run.err().contains("starts anew"), run.err());
        List<String> answers = run.out().lines().toList();
        assertEquals(answers.subList(0, answers.size() / 2), answers.subList(answers.size() / 2, answers.size()));
    }

    /// What a message says is never lost in silence: it is refused, and the conversation is as it was.
    @Test
    void aMessageThatDoesNotFitIsRefusedAndTheConversationGoesOn() {
        Llams run = Llams.withInput("hi\n" + "x".repeat(200) + "\nyou\n", "chat", "-m", model.toString(), "--temp", "0",
                "-n", "6");
        assertEquals(1, run.code());
        assertTrue(run.err()
                .contains("this message takes 223 tokens, which leaves no room for an answer in the context of 128"),
                run.err());
        assertEquals(chat("hi\nyou\n", "-n", "6").out(), run.out());
        // One that fits leaves room for a token at least.
        assertEquals(1, Llams.withInput("x".repeat(105) + "\n", "chat", "-m", model.toString()).code());
        assertEquals(0, Llams.withInput("x".repeat(104) + "\n", "chat", "-m", model.toString()).code());
    }

    @Test
    void aLineThatIsNoTextIsRefusedAndTheConversationGoesOn() {
        byte[] input = "hi\n\u00e9\nyou\n".getBytes(StandardCharsets.ISO_8859_1);
        Llams run = Llams.withInput(input, "chat", "-m", model.toString(), "--temp", "0", "-n", "6");
        assertEquals(1, run.code());
        assertTrue(run.err().contains("standard input:2: not UTF-8"), run.err());
        assertEquals(chat("hi\nyou\n", "-n", "6").out(), run.out());
    }

    @Test
    void pairsBecomeConversationsThatTrainReads() throws IOException {
        Path pairs = Files.writeString(directory.resolve("pairs.jsonl"),
                "{\"q_ko\": \"가\", \"a_ko\": \"나\", \"q_en\": \"a\", \"a_en\": \"b\"}\n");
        Path out = directory.resolve("chats.jsonl");
        Llams run = Llams.run("data", "pairs", pairs.toString(), "--out", out.toString());
        assertEquals(out + ": 4 conversations" + System.lineSeparator(), run.out());
        assertEquals(
                "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"assistant\",\"content\":\"나\"}]}",
                Files.readAllLines(out).get(1));
        String[] perplexity = {"eval", "perplexity", "-m", model.toString(), "--json", "--data"};
        String[] ofPairs = Arrays.copyOf(perplexity, perplexity.length + 1);
        ofPairs[perplexity.length] = pairs.toString();
        String[] ofChats = ofPairs.clone();
        ofChats[perplexity.length] = out.toString();
        assertEquals(Llams.run(ofPairs).out(), Llams.run(ofChats).out());
    }
}
