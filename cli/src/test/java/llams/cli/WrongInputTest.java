package llams.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Wrong input ends in one line that says what is wrong and where, and in the exit code of its kind.
class WrongInputTest {
    @TempDir
    Path directory;

    Path model;

    @BeforeEach
    void writeModel() throws IOException {
        model = SmallModel.create(directory);
    }

    private static void fails(int code, String[] parts, String... args) {
        Llams run = Llams.run(args);
        assertEquals(code, run.code(), run.err());
        assertEquals("", run.out());
        assertEquals(1, run.err().lines().count(), run.err());
        for (String part : parts) {
            assertTrue(run.err().contains(part), "wanted \"" + part + "\" in: " + run.err());
        }
    }

    private static String[] says(String... parts) {
        return parts;
    }

    @Test
    void missingDirectory() {
        String missing = directory.resolve("nowhere").toString();
        fails(1, says(missing + ": no such directory", "config.json"), "generate", "-m", missing, "-p", "hi");
        fails(1, says(missing), "info", missing);
        fails(1, says(missing), "eval", "perplexity", "-m", missing, "--data", missing);
        fails(1, says(missing), "train", "-m", missing, "--data", missing, "--out",
                directory.resolve("out").toString());
        fails(1, says(missing), "merge", "adapter", "--base", missing, "--adapter", missing, "--out",
                directory.resolve("out").toString());
    }

    @Test
    void corruptedShard() throws IOException {
        Path weights = model.resolve("model.safetensors");
        long size = Files.size(weights);
        try (FileChannel channel = FileChannel.open(weights, StandardOpenOption.WRITE)) {
            channel.truncate(size - 100);
        }
        String[] says = says("model.safetensors", Long.toString(size - 100));
        fails(1, says, "generate", "-m", model.toString(), "-p", "hi");
        fails(1, says, "info", model.toString());
    }

    @Test
    void configWithoutAField() throws IOException {
        Path config = model.resolve("config.json");
        Files.writeString(config, Files.readString(config).replace("hidden_size", "hidden_sice"));
        fails(1, says("config.json", "\"hidden_size\" is missing"), "generate", "-m", model.toString(), "-p", "hi");
    }

    @Test
    void unknownSpecialToken() throws IOException {
        // Chats need tokens that this tokenizer does not have.
        Path tokenizer = Files.writeString(directory.resolve("tokenizer.json"),
                """
                        {"version": "1.0", "added_tokens": [], "normalizer": null, "post_processor": null, "decoder": {"type": "ByteLevel"},
                         "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
                            {"type": "Split", "behavior": "Isolated", "invert": false, "pattern": {"Regex":
                             "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\\\r\\\\n\\\\p{L}\\\\p{N}]?\\\\p{L}+|\\\\p{N}{1,3}| ?[^\\\\s\\\\p{L}\\\\p{N}]+[\\\\r\\\\n]*|\\\\s*[\\\\r\\\\n]+|\\\\s+(?!\\\\S)|\\\\s+"}},
                            {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false}]},
                         "model": {"type": "BPE", "merges": [], "vocab": {%s}}}
                        """
                        .formatted(byteVocabulary()));
        Path chats = Files.writeString(directory.resolve("chats.jsonl"),
                "{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}, {\"role\": \"assistant\", \"content\":"
                        + " \"b\"}]}\n");
        fails(1, says("<|start_header_id|>", "lacks"), "train", "-m", model.toString(), "--tokenizer",
                tokenizer.toString(), "--data", chats.toString(), "--out", directory.resolve("out").toString());
        fails(1, says("special token that is not allowed: <|eot_id|>"), "generate", "-m", model.toString(), "-p",
                "a<|eot_id|>", "--special", "error");
    }

    /// GPT-2's letters for the bytes.
    private static String byteVocabulary() {
        StringBuilder vocabulary = new StringBuilder();
        int next = 256;
        for (int b = 0; b < 256; b++) {
            boolean visible = b > ' ' && b < 127 || b > 160 && b != 173;
            String letter = Character.toString(visible ? b : next++);
            vocabulary.append(b == 0 ? "" : ", ")
                    .append('"')
                    .append(letter.equals("\"") || letter.equals("\\") ? "\\" + letter : letter)
                    .append("\": ")
                    .append(b);
        }
        return vocabulary.toString();
    }

    @Test
    void idsOutOfRange() throws IOException {
        fails(1, says("id 512", "vocabulary of 512"), "generate", "-m", model.toString(), "--ids", "1,512");
        fails(1, says("id -1"), "generate", "-m", model.toString(), "--ids=-1");
        fails(1, says("id 512"), "generate", "-m", model.toString(), "--ids", "512", "--tap",
                directory.resolve("tap").toString());
        Path data = Files.writeString(directory.resolve("ids.jsonl"), "{\"ids\": [1, 2, 512]}\n");
        fails(1, says("ids.jsonl:1", "id 512 (number 2)"), "train", "-m", model.toString(), "--data", data.toString(),
                "--out", directory.resolve("out").toString());
        fails(2, says("--ids"), "generate", "-m", model.toString(), "--ids", "1,x");
    }

    @Test
    void sequenceLongerThanTheModelAllows() throws IOException {
        String prompt = "a".repeat(SmallModel.CONTEXT);
        fails(1, says("129 tokens", "128 (max_position_embeddings)"), "generate", "-m", model.toString(), "-p", prompt);
        Path data = Files.writeString(directory.resolve("data.txt"), prompt);
        fails(1, says("--tokens must be at most 128 (max_position_embeddings), not 200"), "train", "-m",
                model.toString(), "--data", data.toString(), "--tokens", "200", "--out",
                directory.resolve("out").toString());
        fails(1, says("--tokens 200", "128 (max_position_embeddings)"), "eval", "perplexity", "-m", model.toString(),
                "--data", data.toString(), "--tokens", "200");
    }

    /// A place below a file cannot be written to by anybody, root included.
    @Test
    void readOnlyOutput() throws IOException {
        Path file = Files.writeString(directory.resolve("data.txt"), "some text");
        String out = file.resolve("out").toString();
        fails(1, says(out, "cannot be written"), "init", "--config", directory.resolve("config.json").toString(),
                "--out", out);
        fails(1, says(out, "cannot be written"), "train", "-m", model.toString(), "--data", file.toString(), "--out",
                out);
        fails(1, says(out, "cannot be written"), "merge", "chat-vector", "--base", model.toString(), "--instruct",
                model.toString(), "--tuned", model.toString(), "--out", out);
        fails(1, says(out, "cannot be written"), "generate", "-m", model.toString(), "-p", "hi", "--tap", out);
        assertFalse(Files.exists(Path.of(out)));
    }

    @Test
    void anOutputThatIsThereAlreadyIsNotTouched() throws IOException {
        Path data = Files.writeString(directory.resolve("data.txt"), "some text");
        fails(1, says("is there already and not empty"), "train", "-m", model.toString(), "--data", data.toString(),
                "--out", model.toString(), "--resume");
    }

    @Test
    void impossibleOptions() {
        String m = model.toString();
        fails(2, says("--temp must be 0 or more, not -1"), "generate", "-m", m, "-p", "hi", "--temp", "-1");
        fails(2, says("--top-p must be above 0"), "generate", "-m", m, "-p", "hi", "--top-p", "0");
        fails(2, says("-n must be at least 1"), "generate", "-m", m, "-p", "hi", "-n", "0");
        fails(2, says("one prompt"), "generate", "-m", m);
        fails(2, says("one prompt"), "generate", "-m", m, "-p", "hi", "--ids", "1");
        fails(2, says("--data"), "train", "-m", m, "--out", "x");
        fails(2, says("-m DIR"), "train", "--data", "x", "--out", "x");
        fails(2, says("--batch must be at least 1"), "train", "-m", m, "--data", "x", "--out", "x", "--batch", "0");
        fails(2, says("there is no \"w\""), "train", "-m", m, "--data", "x", "--out", "x", "--targets", "q,w");
        fails(2, says("--schedule must be cosine, linear, constant, wsd or inverse-sqrt, not \"steep\""), "train", "-m",
                m, "--data", "x", "--out", "x", "--schedule", "steep");
        fails(2, says("--method full"), "train", "--init-config", "x", "--method", "lora", "--data", "x", "--out", "x");
        fails(2, says("which merge?"), "merge");
        fails(2, says("--vocabulary"), "merge", "chat-vector", "--base", m, "--instruct", m, "--tuned", m, "--out", "x",
                "--vocabulary", "loose");
    }

    @Test
    void textWithoutATokenizer() throws IOException {
        Path bare = directory.resolve("bare");
        Llams.run("init", "--config", directory.resolve("config.json").toString(), "--out", bare.toString());
        Path data = Files.writeString(directory.resolve("data.txt"), "some text");
        fails(1, says("text needs a tokenizer", "--ids"), "generate", "-m", bare.toString(), "-p", "hi");
        fails(1, says("data.txt:1", "--tokenizer"), "train", "-m", bare.toString(), "--data", data.toString(), "--out",
                directory.resolve("out").toString());
    }
}
