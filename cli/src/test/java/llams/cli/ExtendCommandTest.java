package llams.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import llams.trainer.data.JsonLine;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

class ExtendCommandTest {
    private static final String KOREAN = "고양이가 위에 앉아 있습니다. 강아지가 위에 앉아 있습니다.\n".repeat(30);

    @TempDir
    Path directory;

    private String model;
    private String text;
    private String out;

    @BeforeEach
    void model() throws IOException {
        model = SmallModel.create(directory).toString();
        text = Files.writeString(directory.resolve("korean.txt"), KOREAN).toString();
        out = directory.resolve("extended").toString();
    }

    private static Llams done(String... args) {
        Llams run = Llams.run(args);
        assertEquals(0, run.code(), run.err());
        return run;
    }

    private static void refused(int code, String part, String... args) {
        Llams run = Llams.run(args);
        assertEquals(code, run.code(), run.err());
        assertTrue(run.err().contains(part), run.err());
    }

    @Test
    void aModelGetsTokensAndIsTrainedInStages() {
        String said = done("extend", "-m", model, "--text", text, "--tokens", "20", "--out", out).out();
        assertTrue(said.contains("20 new tokens, vocab_size 532 instead of 512"), said);
        assertTrue(said.contains("tokens per Korean letter: ") && said.contains("--eval-text"), said);
        done("generate", "-m", out, "-p", "고양이", "-n", "3");
        String rows = directory.resolve("rows").toString();
        Llams first = done("train", "-m", out, "--data", text, "--method", "new-tokens", "--steps", "2", "--tokens",
                "32", "--out", rows);
        assertTrue(first.err().contains("rows of embedding and head from token 512 on: 640 parameters"), first.err());
        assertTrue(first.out().contains("generate -m " + rows), first.out());
        done("train", "-m", rows, "--data", text, "--method", "full", "--steps", "2", "--tokens", "32", "--out",
                directory.resolve("all").toString());
        done("train", "-m", rows, "--data", text, "--steps", "1", "--tokens", "32", "--out",
                directory.resolve("adapter").toString());
    }

    @Test
    void theFiguresAreOneObject() throws IOException {
        String other = Files.writeString(directory.resolve("other.txt"), "강아지가 앉아 있습니다. and so on").toString();
        JsonNode report = JsonLine.parse(done("extend", "-m", model, "--text", text, "--tokens", "20",
                "--pad-to-multiple-of", "64", "--eval-text", other, "--out", out, "--json").out().strip(), "output");
        assertEquals(20, report.get("tokens").asInt());
        assertEquals(576, report.get("vocabulary").asInt());
        assertEquals(512, report.get("vocabularyBefore").asInt());
        assertEquals(44, report.get("padding").asInt());
        assertEquals(10, report.get("text").get("hangul").asInt());
        assertEquals(30, report.get("textBefore").get("hangulTokens").asInt());
        assertTrue(report.get("text").get("tokensPerHangul").asDouble() < 2, report.toString());
    }

    @Test
    void tokensComeFromAnotherVocabularyToo() {
        String other = directory.resolve("other").toString();
        done("extend", "-m", model, "--text", text, "--tokens", "12", "--out", out);
        String said = done("extend", "-m", model, "--tokenizer", out, "--tokens", "5", "--out", other).out();
        assertTrue(said.contains("5 new tokens"), said);
        assertFalse(said.contains("per character"), said);
        refused(1, "the model has all tokens of", "extend", "-m", out, "--tokenizer", model, "--out",
                directory.resolve("none").toString());
    }

    @Test
    void wrongUsageSaysWhatIsRight() throws IOException {
        refused(2, "either --text, to learn new tokens from, or --tokenizer", "extend", "-m", model, "--out", out);
        refused(2, "--tokens is missing", "extend", "-m", model, "--text", text, "--out", out);
        refused(2, "must be from 1", "extend", "-m", model, "--text", text, "--tokens", "0", "--out", out);
        refused(1, "no such file", "extend", "-m", model, "--text", text + "x", "--tokens", "3", "--out", out);
        refused(1, "not empty", "extend", "-m", model, "--text", text, "--tokens", "3", "--out", model);
        Path empty = Files.writeString(directory.resolve("empty.txt"), "");
        refused(1, "no token to add", "extend", "-m", model, "--text", empty.toString(), "--tokens", "3", "--out", out);
        refused(1, "has no extended_from_vocab_size", "train", "-m", model, "--data", text, "--method", "new-tokens",
                "--out", out);
        refused(2, "--method full", "train", "--init-config", directory.resolve("config.json").toString(),
                "--tokenizer", directory.resolve("tokenizer.model").toString(), "--data", text, "--method",
                "new-tokens", "--out", out);
        assertFalse(Files.exists(Path.of(out)));
    }
}
