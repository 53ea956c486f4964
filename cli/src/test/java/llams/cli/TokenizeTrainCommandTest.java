package llams.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import llams.tokenizer.Tokenizer;
import llams.trainer.data.JsonLine;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

class TokenizeTrainCommandTest {
    @TempDir
    Path directory;

    private Path text;

    @BeforeEach
    void writeText() throws IOException {
        text = Files.writeString(directory.resolve("text"),
                "한국어 토크나이저를 훈련합니다. The tokenizer trains itself. ".repeat(40));
    }

    private Llams train(Path out, String... more) {
        String[] args = {"tokenize", "train", "--vocab", "300", "--out", out.toString(), text.toString()};
        String[] all = java.util.Arrays.copyOf(args, args.length + more.length);
        System.arraycopy(more, 0, all, args.length, more.length);
        return Llams.run(all);
    }

    @Test
    void allFilesOfATrainedVocabularyEncodeAlike() throws IOException {
        Path model = directory.resolve("new/original/tokenizer.model");
        Llams run = train(model);
        assertEquals(0, run.code(), run.err());
        assertTrue(run.out().startsWith(model + ": 300 tokens from"), run.out());
        assertEquals(300, Files.readAllLines(model).size());
        Tokenizer tiktoken = Tokenizer.load(model);
        Tokenizer json = Tokenizer.load(directory.resolve("new/tokenizer.json"));
        assertEquals(556, tiktoken.size());
        assertEquals(tiktoken.specials(), json.specials());
        assertArrayEquals(tiktoken.encodeOrdinary("한국어 trains"), json.encodeOrdinary("한국어 trains"));
        JsonNode config = JsonLine
                .parse(Files.readString(directory.resolve("new/tokenizer_config.json")).replace("\n", " "), "config");
        assertEquals("<|begin_of_text|>", config.get("bos_token").asString());
        assertEquals("<|eot_id|>", config.get("added_tokens_decoder").get("309").get("content").asString());
        // Through the command line as well, back and forth.
        Llams ids = Llams.withInput("토크나이저를", "tokenize", "--tokenizer", directory.resolve("new").toString());
        assertEquals("토크나이저를",
                Llams.withInput(ids.out(), "tokenize", "--decode", "--tokenizer", model.toString()).out());
    }

    @Test
    void otherNamesGetAJsonOfTheirOwnAndThreadsDoNotMatter() throws IOException {
        assertEquals(0, train(directory.resolve("a.tiktoken"), "--threads", "1").code());
        Llams run = train(directory.resolve("b.tiktoken"), "--threads", "3", "--json");
        assertEquals(-1, Files.mismatch(directory.resolve("a.tiktoken"), directory.resolve("b.tiktoken")));
        assertEquals(-1, Files.mismatch(directory.resolve("a.json"), directory.resolve("b.json")));
        assertFalse(Files.exists(directory.resolve("tokenizer.json")));
        JsonNode figures = JsonLine.parse(run.out(), "out");
        assertEquals(300, figures.get("tokens").asInt());
        assertEquals(2, figures.get("files").size());
    }

    @Test
    void filesThatAreThereAreNotReplaced() throws IOException {
        for (String there : List.of("x.tiktoken", "x.json", "m/tokenizer.model", "m/tokenizer.json",
                "m/tokenizer_config.json")) {
            Path file = directory.resolve(there);
            Files.createDirectories(file.getParent());
            Files.writeString(file, "mine");
            Llams run = train(directory.resolve(there.startsWith("m/") ? "m/tokenizer.model" : "x.tiktoken"));
            assertEquals(new Llams(1, "", "llams: " + file + ": already exists; choose another name or remove it\n"),
                    run);
            assertEquals("mine", Files.readString(file));
            Files.delete(file);
        }
    }

    @Test
    void tooLittleTextIsSaid() throws IOException {
        Files.writeString(text, "abcd");
        Path out = directory.resolve("few");
        Llams run = train(out);
        assertEquals(0, run.code());
        assertTrue(run.err().contains("only 256 tokens"), run.err());
        assertEquals(256, Files.readAllLines(out).size());
    }

    @Test
    void mistakesAreNamedBeforeTheWork() {
        Path out = directory.resolve("out");
        assertEquals(2, train(out, "--vocab", "255").code());
        assertEquals(2, train(out, "--threads", "0").code());
        assertEquals(2, Llams.run("tokenize", "train", "--vocab", "300", "--out", out.toString()).code());
        for (List<String> mistake : List.of(List.of("absent", "no such file"), List.of(".", "a directory"))) {
            Llams run = train(out, directory.resolve(mistake.get(0)).toString());
            assertEquals(1, run.code());
            assertTrue(run.err().contains(mistake.get(1)), run.err());
        }
        Llams run = train(directory);
        assertEquals(1, run.code());
        assertTrue(run.err().contains("name a file in it"), run.err());
        assertFalse(Files.exists(out));
    }
}
