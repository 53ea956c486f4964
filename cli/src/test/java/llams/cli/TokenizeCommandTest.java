package llams.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import llams.engine.Golden;
import llams.tokenizer.Tokenizer;
import llams.trainer.data.JsonLine;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.node.ObjectNode;

class TokenizeCommandTest {
    @TempDir
    static Path directory;

    static String bytes;

    /// The tokens of this file are the bytes; Llama 3's 256 special tokens follow.
    @BeforeAll
    static void writeTokenizer() throws IOException {
        StringBuilder lines = new StringBuilder();
        for (int b = 0; b < 256; b++) {
            lines.append(Base64.getEncoder().encodeToString(new byte[] {(byte) b})).append(' ').append(b).append('\n');
        }
        bytes = Files.writeString(directory.resolve("tokenizer.model"), lines).toString();
    }

    private static Llams tokenize(String input, String... options) {
        String[] args = new String[options.length + 3];
        args[0] = "tokenize";
        args[1] = "--tokenizer";
        args[2] = bytes;
        System.arraycopy(options, 0, args, 3, options.length);
        return Llams.withInput(input, args);
    }

    @Test
    void textBecomesIdsAsItStands() {
        assertEquals(new Llams(0, "97 13 10\n", ""), tokenize("a\r\n"));
        assertEquals(new Llams(0, "256 97\n", ""), tokenize("a", "--bos"));
        assertEquals(new Llams(0, "\n", ""), tokenize(""));
    }

    @Test
    void idsBecomeTextWithoutAnythingAdded() {
        assertEquals(new Llams(0, "a\n<|eot_id|>안", ""), tokenize("97, 10\n265 236 149 136\n", "--decode"));
        assertEquals(new Llams(0, "", ""), tokenize(" \n", "--decode"));
    }

    @Test
    void specialTextIsTextParsedOrAnError() {
        assertEquals("60 124 101 111 116 95 105 100 124 62\n", tokenize("<|eot_id|>").out());
        assertEquals("97 265\n", tokenize("a<|eot_id|>", "--special", "parse").out());
        Llams error = tokenize("a<|eot_id|>", "--special", "error");
        assertEquals(1, error.code());
        assertTrue(error.err().contains("<|eot_id|>"), error.err());
    }

    @Test
    void wrongInputIsOneLineAndExitCode1() {
        assertEquals(new Llams(1, "", "llams: standard input: \"x\" (number 1) is not an id\n"),
                tokenize("1 x", "--decode"));
        assertEquals(1, tokenize("99999", "--decode").code());
        Llams run = Llams.withInput(new byte[] {'a', (byte) 0xFF}, "tokenize", "--tokenizer", bytes);
        assertEquals(new Llams(1, "", "llams: standard input: not UTF-8 at byte 1\n"), run);
        assertEquals(2, tokenize("", "--jsonl", "--decode").code());
        assertEquals(2, tokenize("", "--special", "maybe").code());
    }

    /// Request and answer of every kind, a line each.
    private static final String[][] REQUESTS = {{"{\"text\": \"a\"}", "{\"ids\":[97]}"},
            {"{\"text\": \"a\", \"bos\": true, \"eos\": true}", "{\"ids\":[256,97,257]}"},
            {"{\"text\": \"<|eot_id|>\", \"special\": \"parse\"}", "{\"ids\":[265]}"},
            {"{\"text\": \"<|eot_id|>\", \"special\": \"error\"}",
                    "The text contains a special token that is not allowed: <|eot_id|>"},
            {"{\"text\": \"<|eot_id|>\", \"special\": \"x\"}", "\"special\" is \"x\"; wanted text, parse or error"},
            {"{\"text\": \"<|eot_id|>\", \"allowed\": \"all\"}", "{\"ids\":[265]}"},
            {"{\"text\": \"<|eot_id|>\", \"allowed\": []}",
                    "The text contains a special token that is not allowed: <|eot_id|>"},
            {"{\"text\": \"<|eot_id|>\", \"allowed\": [\"<|eot_id|>\"], \"disallowed\": \"all\"}", "{\"ids\":[265]}"},
            {"{\"text\": \"<|\", \"disallowed\": []}", "{\"ids\":[60,124]}"},
            {"{\"text\": \"a\", \"allowed\": 5}", "\"allowed\" is the number 5; wanted \"all\" or a list of names"},
            {"{\"ids\": [97, 265]}", "{\"text\":\"a<|eot_id|>\"}"}, {"{\"ids\": [236, 149]}", "{\"text\":\"\uFFFD\"}"},
            {"{\"ids\": [-1]}", "id -1 is not in this vocabulary"},
            {"{\"ids\": [1.5]}", "\"ids\"[0] is the number 1.5; wanted an id"},
            {"{\"messages\": [{\"role\": \"u\", \"content\": \" a \"}]}", "{\"ids\":[256,262,117,263,10,10,97,265]}"},
            {"{\"messages\": [], \"add_generation_prompt\": true}",
                    "{\"ids\":[256,262,97,115,115,105,115,116,97,110,116,263,10,10]}"},
            {"{\"messages\": [{\"role\": \"u\"}]}", "\"content\" is missing; wanted a string"},
            {"{\"messages\": [], \"add_generation_prompt\": 1}",
                    "\"add_generation_prompt\" is the number 1; wanted true or false"},
            {"{\"txt\": \"a\"}", "wanted \"text\", \"messages\" or \"ids\"; the keys are txt"},
            {"{\"text\": \"a\"", "not JSON"}, {"", "wanted one JSON object per line, found nothing"},
            {"[1]", "wanted one JSON object per line, found a list"},};

    @Test
    void everyLineGetsItsAnswer() {
        StringBuilder input = new StringBuilder();
        for (String[] request : REQUESTS) {
            input.append(request[0]).append('\n');
        }
        Llams run = tokenize(input + "{\"text\": \"last\"}", "--jsonl");
        assertEquals(0, run.code());
        assertEquals("", run.err());
        List<String> answers = run.out().lines().toList();
        assertEquals(REQUESTS.length + 1, answers.size());
        for (int i = 0; i < REQUESTS.length; i++) {
            String wanted = REQUESTS[i][1];
            if (wanted.startsWith("{")) {
                assertEquals(wanted, answers.get(i));
            } else {
                String error = JsonLine.parse(answers.get(i), "answer").get("error").stringValue();
                assertTrue(error.contains(wanted), answers.get(i));
            }
        }
    }

    @Test
    void aLineThatIsNotUtf8GetsAnErrorAndTheNextIsAnswered() {
        byte[] input = "{\"text\": \"X\"}\n{\"text\": \"a\"}\n".getBytes(StandardCharsets.UTF_8);
        input[10] = (byte) 0xFF;
        Llams run = Llams.withInput(input, "tokenize", "--tokenizer", bytes, "--jsonl");
        List<String> answers = run.out().lines().toList();
        assertTrue(answers.get(0).startsWith("{\"error\":\"line:1: not UTF-8 at byte 10"), answers.get(0));
        assertEquals("{\"ids\":[97]}", answers.get(1));
    }

    /// Texts of many parts, with halves of names and of characters wherever a part may end.
    private static String longText() {
        StringBuilder text = new StringBuilder();
        for (int i = 0; text.length() < 1_000_000; i++) {
            text.append("글 <|eot_id|> ").append(i).append(i % 7 == 0 ? "\n\n😀" : ", '");
        }
        return text.append("1".repeat(300_000)).append(" ".repeat(300_000)).append("<|eot_id|").toString();
    }

    private static String joined(int... ids) {
        return IntStream.of(ids).mapToObj(Integer::toString).collect(Collectors.joining(" "));
    }

    /// As `assertEquals`, which would show megabytes.
    private static void assertSays(String wanted, Llams run) {
        assertEquals("", run.err());
        assertEquals(wanted.length(), run.out().length());
        assertTrue(wanted.equals(run.out()));
    }

    @Test
    void aLongTextHasTheIdsOfTheWholeText() throws IOException {
        String text = longText();
        Tokenizer tokenizer = Tokenizer.load(Path.of(bytes));
        String ordinary = joined(tokenizer.encodeOrdinary(text)) + "\n";
        String parsed = joined(tokenizer.encode(text, Tokenizer.ALL, Set.of()));
        assertSays(ordinary, tokenize(text));
        assertSays(ordinary, Llams.withInput(text.getBytes(StandardCharsets.UTF_16), "tokenize", "--tokenizer", bytes));
        assertSays("256 " + parsed + "\n", tokenize(text, "--special", "parse", "--bos"));
        assertSays(text, tokenize(parsed, "--decode"));
        assertSays(joined(tokenizer.cuttingLongRuns().encodeOrdinary(text)) + "\n", tokenize(text, "--cut-long-runs"));
        Llams error = tokenize(text.replace("<|eot_id|>", "") + ">", "--special", "error");
        assertEquals("llams: The text contains a special token that is not allowed: <|eot_id|>\n", error.err());
    }

    @Test
    void whatIsNoTextIsAnErrorWhereverItStands() {
        byte[] text = "글 a".repeat(200_000).getBytes(StandardCharsets.UTF_8);
        for (int at : new int[] {0, 65_534, 65_535, 65_536, 300_002, text.length - 1}) {
            byte[] bad = text.clone();
            bad[at] = (byte) 0xFF;
            // A character that is cut short is wrong from its start on.
            int from = at % 5 < 3 ? at - at % 5 : at;
            Llams run = Llams.withInput(bad, "tokenize", "--tokenizer", bytes);
            assertEquals("llams: standard input: not UTF-8 at byte " + from + "\n", run.err());
            assertEquals(1, run.code());
        }
        Llams cut = Llams.withInput(Arrays.copyOf(text, text.length - 3), "tokenize", "--tokenizer", bytes);
        assertEquals("llams: standard input: not UTF-8 at byte " + (text.length - 5) + "\n", cut.err());
        byte[] utf16 = Arrays.copyOf("글a".repeat(100_000).getBytes(StandardCharsets.UTF_16), 400_001);
        assertEquals("llams: standard input: not UTF-16 at byte 400000\n",
                Llams.withInput(utf16, "tokenize", "--tokenizer", bytes).err());
        byte[] unmarked = "a글".repeat(100_000).getBytes(StandardCharsets.UTF_16LE);
        assertEquals(0, Llams.withInput(unmarked, "tokenize", "--tokenizer", bytes).code());
        assertEquals("llams: standard input: \"x\" (number 100000) is not an id\n",
                tokenize("97\n".repeat(100_000) + "x", "--decode").err());
    }

    @Test
    void manyLinesAreAnsweredInTheirOrder() {
        StringBuilder input = new StringBuilder();
        StringBuilder wanted = new StringBuilder();
        for (int i = 0; i < 50_000; i++) {
            input.append("{\"text\": \"").append(i % 10).append("\"}\n");
            wanted.append("{\"ids\":[").append('0' + i % 10).append("]}\n");
        }
        assertEquals(new Llams(0, wanted.toString(), ""), tokenize(input.toString(), "--jsonl"));
    }

    /// Another program may wait for an answer before it asks on.
    @Test
    void aLineIsAnsweredBeforeTheNextIsRead() throws IOException, InterruptedException {
        PipedInputStream answers = new PipedInputStream(1 << 16);
        PipedInputStream in = new PipedInputStream(1 << 16);
        OutputStream out = new PipedOutputStream(answers);
        String[] args = {"tokenize", "--tokenizer", bytes, "--jsonl"};
        Thread program = Thread.ofPlatform().start(() -> Main.run(args, in, out, OutputStream.nullOutputStream()));
        try (var requests = new PipedOutputStream(in)) {
            for (String text : List.of("a", "b", "c")) {
                String line = "{\"text\": \"" + text + "\"}\n";
                String half = "{\"text\": ";
                requests.write((line + half).getBytes(StandardCharsets.UTF_8));
                requests.flush();
                String answer = "{\"ids\":[" + (int) text.charAt(0) + "]}\n";
                assertEquals(answer, new String(answers.readNBytes(answer.length()), StandardCharsets.UTF_8));
                requests.write("\"x\"}\n".getBytes(StandardCharsets.UTF_8));
                requests.flush();
                answers.readNBytes("{\"ids\":[120]}\n".length());
            }
        }
        program.join();
    }

    @Test
    void theRealTokenizersCasesPassThroughTheCommand() throws IOException {
        Path tokenizer = Golden.besideOrSkip("shared/tokenizer");
        List<String> cases = Files.readAllLines(tokenizer.resolve("public.jsonl"));
        Llams run = Llams.withInput(String.join("\n", cases), "tokenize", "--tokenizer", tokenizer.toString(),
                "--jsonl");
        List<String> answers = run.out().lines().toList();
        assertEquals(cases.size(), answers.size());
        for (int i = 0; i < cases.size(); i++) {
            ObjectNode wanted = JsonLine.parse(cases.get(i), "case");
            ObjectNode answer = JsonLine.parse(answers.get(i), "answer");
            if (wanted.has("error")) {
                assertEquals(wanted.get("error_message"), answer.get("error"));
            } else {
                assertEquals(wanted.get("ids"), answer.get("ids"), cases.get(i));
            }
        }
    }
}
