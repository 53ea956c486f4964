package llams.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Whatever is given where a model is wanted, one line says what it is and what to do.
class WhatIsNoModelIsRecognizedTest {
    @TempDir
    Path directory;

    Path model;

    @BeforeEach
    void writeModel() throws IOException {
        model = SmallModel.create(directory);
    }

    private Path with(String name, String... files) throws IOException {
        Path made = Files.createDirectories(directory.resolve(name));
        for (String file : files) {
            Files.createDirectories(made.resolve(file).getParent());
            Files.writeString(made.resolve(file), file.endsWith(".json") ? "{}" : "GGUF, or a pickle");
        }
        return made;
    }

    private Path modelIn(String place) throws IOException {
        Path copy = Files.createDirectories(directory.resolve(place));
        for (String file : List.of("config.json", "model.safetensors")) {
            Files.copy(model.resolve(file), copy.resolve(file));
        }
        return copy;
    }

    /// By every command that reads a model.
    private static void says(Object given, String what) throws IOException {
        String path = given.toString();
        String out = Path.of(System.getProperty("java.io.tmpdir"), "never-written").toString();
        for (String[] args : new String[][] {{"generate", "-m", path, "-p", "x"}, {"info", path},
                {"quantize", "-m", path, "--out", out}, {"chat", "-m", path},
                {"train", "-m", path, "--data", "x", "--out", out}, {"eval", "perplexity", "-m", path, "--data", "x"},
                {"merge", "chat-vector", "--base", path, "--instruct", path, "--tuned", path, "--out", out},
                {"merge", "adapter", "--base", path, "--adapter", path, "--out", out}}) {
            Llams run = Llams.run(args);
            assertEquals(1, run.code(), args[0]);
            assertEquals(1, run.err().lines().count(), run.err());
            assertTrue(run.err().startsWith("llams: " + path + ": ") && run.err().contains(what),
                    args[0] + " " + run.err());
        }
    }

    @Test
    void filesOfOtherForms() throws IOException {
        says(with("ggufs", "model-q4.gguf"), "holds GGUF files");
        Path pickle = Files.writeString(directory.resolve("consolidated.00.pth"), "PK");
        String generate = Llams.run("generate", "-m", pickle.toString(), "-p", "x").err();
        assertTrue(generate.contains("PyTorch files") && generate.contains("save_pretrained"), generate);
        says(with("meta", "consolidated.00.pth", "params.json", "tokenizer.model"), "a model in Meta's own form");
        says(with("bin", "config.json", "pytorch_model-00001-of-00002.bin"), "its weights are PyTorch files");
    }

    @Test
    void placesNearAModel() throws IOException {
        Path snapshot = modelIn("models--a--b/snapshots/0123abc");
        modelIn("models--a--b/snapshots/00000000");
        Path cache = with("models--a--b", "blobs/x", "refs/main");
        Files.writeString(cache.resolve("refs/main"), "0123abc");
        says(cache, "the directory of a hub's cache; give " + snapshot);
        says(with("models--c--d", "blobs/x", "snapshots/1/README.md"), "without a complete model");
        Path inner = modelIn("downloads/8b");
        says(directory.resolve("downloads"), "there is one in it; give " + inner);
        String config = Llams.run("generate", "-m", model.resolve("config.json").toString(), "-p", "x").err();
        assertTrue(config.endsWith("a file of a model, not its directory; give " + model + "\n"), config);
    }

    @Test
    void incompleteModels() throws IOException {
        says(with("empty"), "is empty; a model is a directory with config.json");
        says(with("tokenizer", "tokenizer.json", "tokenizer_config.json"),
                "has a tokenizer but neither config.json nor weights");
        says(with("half", "config.json", "model.safetensors.incomplete-12ab"),
                "the download is incomplete; repeat the same 'download' command to resume it");
        says(with("bare", "config.json", "tokenizer.json"), "has config.json but no weights");
        says(with("running", "train.jsonl", "step-000004/state.safetensors"), "--resume finishes it");
        says(with("notes", "a.md", "b.md"), "has no config.json, only a.md, b.md");
    }

    @Test
    void anAdapterLeadsToItsBase() throws IOException {
        Path adapter = with("tuned", "adapter_config.json", "adapter_model.safetensors");
        Llams run = Llams.run("generate", "-m", adapter.toString(), "-p", "x");
        assertTrue(run.err()
                .contains(adapter + ": a LoRA adapter, not a model; pass its base model with -m and this"
                        + " with --adapter"),
                run.err());
    }

    @Test
    void aNameOnTheHubLeadsToItsDownload() {
        Llams run = Llams.run("generate", "-m", "meta-llama/Llama-3.2-1B", "-p", "x");
        assertTrue(run.err().contains("'llams download meta-llama/Llama-3.2-1B'"), run.err());
        assertTrue(Llams.run("generate", "-m", "/no/such/place", "-p", "x")
                .err()
                .contains("no such directory; a model is"));
        assertTrue(Llams.run("generate", "-m", "/dev/null", "-p", "x")
                .err()
                .contains("neither a directory nor a regular file"));
    }
}
