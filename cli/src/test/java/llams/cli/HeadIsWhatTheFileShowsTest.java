package llams.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import llams.engine.llama.Llama;
import llams.engine.safetensors.Checkpoint;
import llams.engine.safetensors.SafetensorsWriter;
import llams.engine.tensor.Tensor;
import llams.engine.weights.ConfigJson;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A head beside `tie_word_embeddings: true` that is not the embedding is used by every command, and kept in what they
/// write.
class HeadIsWhatTheFileShowsTest {
    private static final String NOTE = "is not the embedding: it is used as a head of its own";

    @TempDir
    Path directory;

    /// With a head of its own, once with a config that says so and once with one that says the contrary.
    private Path honest;
    private Path lying;

    @BeforeEach
    void create() throws IOException {
        Path tied = SmallModel.create(directory);
        honest = copy(tied, "honest", "true", "false");
        lying = copy(tied, "lying", "true", "true");
    }

    /// The tied model with a head made of the embedding's rows in another order.
    private Path copy(Path tied, String name, String said, String says) throws IOException {
        Path model = Files.createDirectories(directory.resolve(name));
        Files.copy(tied.resolve("tokenizer.json"), model.resolve("tokenizer.json"));
        String config = Files.readString(tied.resolve("config.json"));
        String tie = "\"tie_word_embeddings\" : ";
        assertTrue(config.contains(tie + said), config);
        Files.writeString(model.resolve("config.json"), config.replace(tie + said, tie + says));
        try (Checkpoint checkpoint = Checkpoint.open(tied)) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            for (String tensor : checkpoint.names()) {
                tensors.put(tensor, checkpoint.tensor(tensor));
            }
            Tensor embedding = checkpoint.tensor(Llama.EMBEDDING);
            Tensor head = Tensor.allocate(java.lang.foreign.Arena.ofAuto(), embedding.dtype(), embedding.shape());
            long half = head.data().byteSize() / 2;
            head.data().asSlice(0, half).copyFrom(embedding.data().asSlice(half));
            head.data().asSlice(half).copyFrom(embedding.data().asSlice(0, half));
            tensors.put(Llama.HEAD, head);
            SafetensorsWriter.writeFile(model.resolve("model.safetensors"), tensors, Map.of());
        }
        return model;
    }

    private static Llams done(String... args) {
        Llams run = Llams.run(args);
        assertEquals(0, run.code(), run.err());
        return run;
    }

    private static String ids(Path model, String... more) {
        String[] args = {"generate", "-m", model.toString(), "-p", "hello", "-n", "12", "--temp", "0", "--print-ids"};
        String[] all = java.util.Arrays.copyOf(args, args.length + more.length);
        System.arraycopy(more, 0, all, args.length, more.length);
        return done(all).out();
    }

    private static void hasOwnHead(Path model) throws IOException {
        assertFalse(ConfigJson.read(model).tied());
        try (Checkpoint checkpoint = Checkpoint.open(model)) {
            assertTrue(checkpoint.has(Llama.HEAD));
        }
        Llams info = done("info", model.toString());
        assertTrue(info.out().contains("separate output head") && !info.out().contains(NOTE), info.out());
    }

    @Test
    void generatingUsesTheHeadAndSaysSo() {
        String own = ids(honest);
        assertEquals(own, ids(lying));
        assertNotEquals(ids(directory.resolve("model")), own);
        Llams run = done("generate", "-m", lying.toString(), "-p", "hello", "-n", "1");
        assertTrue(run.err().startsWith("note: config.json says tie_word_embeddings true") && run.err().contains(NOTE),
                run.err());
        assertFalse(done("generate", "-m", honest.toString(), "-p", "hello", "-n", "1").err().contains("note"));
    }

    @Test
    void evaluatingAndInfoAgreeWithTheHonestModel() throws IOException {
        String text = Files.writeString(directory.resolve("text.txt"), "so it goes, and so it goes on. ".repeat(9))
                .toString();
        Llams run = done("eval", "perplexity", "-m", lying.toString(), "--data", text, "--json");
        assertEquals(done("eval", "perplexity", "-m", honest.toString(), "--data", text, "--json").out(), run.out());
        assertTrue(run.err().contains(NOTE), run.err());
        assertTrue(done("info", lying.toString()).out().contains(NOTE));
        assertTrue(done("info", lying.toString(), "--json").out().contains(NOTE));
    }

    @Test
    void quantizingKeepsIt() throws IOException {
        Path out = directory.resolve("quantized");
        assertTrue(done("quantize", "-m", lying.toString(), "--out", out.toString()).out().contains(NOTE));
        hasOwnHead(out);
        assertEquals(ids(lying, "--weights", "q8"), ids(out));
    }

    @Test
    void trainingAndMergingKeepIt() throws IOException {
        String text = Files.writeString(directory.resolve("text.txt"), "so it goes, and so it goes on. ".repeat(9))
                .toString();
        Path full = directory.resolve("full");
        Llams run = done("train", "-m", lying.toString(), "--method", "full", "--data", text, "--steps", "1",
                "--tokens", "32", "--out", full.toString());
        assertTrue(run.err().contains(NOTE), run.err());
        hasOwnHead(full);
        Path lora = directory.resolve("lora");
        done("train", "-m", lying.toString(), "--data", text, "--steps", "1", "--tokens", "32", "--out",
                lora.toString());
        Path merged = directory.resolve("merged");
        run = done("merge", "adapter", "--base", lying.toString(), "--adapter", lora.toString(), "--out",
                merged.toString());
        assertTrue(run.out().contains(NOTE), run.out());
        hasOwnHead(merged);
        Path chat = directory.resolve("chat");
        run = done("merge", "chat-vector", "--base", lying.toString(), "--instruct", full.toString(), "--tuned",
                lying.toString(), "--out", chat.toString());
        assertTrue(run.out().contains("the result says false"), run.out());
        hasOwnHead(chat);
    }

    @Test
    void dropoutThatIsNotAppliedIsSaidWhenItMatters() throws IOException {
        Path config = honest.resolve("config.json");
        String json = Files.readString(config);
        assertTrue(json.contains("\"attention_dropout\" : 0.0"), json);
        Files.writeString(config, json.replace("\"attention_dropout\" : 0.0", "\"attention_dropout\" : 0.1"));
        assertFalse(done("generate", "-m", honest.toString(), "-p", "hello", "-n", "1").err().contains("dropout"));
        String text = Files.writeString(directory.resolve("text.txt"), "so it goes, and so it goes on. ".repeat(9))
                .toString();
        Llams run = done("train", "-m", honest.toString(), "--data", text, "--steps", "1", "--tokens", "32", "--out",
                directory.resolve("out").toString());
        assertTrue(run.err().contains("attention_dropout 0.1, which is not applied"), run.err());
    }
}
