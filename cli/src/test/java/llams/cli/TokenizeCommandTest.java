package llams.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import llams.engine.Golden;
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
            {"{\"text\": \"a\"", "not JSON"}, {"", "wanted one JSON object a line, found nothing"},
            {"[1]", "wanted one JSON object a line, found a list"},};

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
