package llams.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;

/// A model of some ten thousand random weights whose first 256 ids are bytes; Llama 3's special tokens follow.
final class SmallModel {
    static final int BEGIN = 256;
    static final int CONTEXT = 128;
    static final String CONFIG = """
            {"model_type": "llama", "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2,
             "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 512, "max_position_embeddings": 128,
             "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "tie_word_embeddings": true, "initializer_range": 0.1,
             "bos_token_id": 256, "eos_token_id": 257, "torch_dtype": "float32"}
            """;

    private SmallModel() {}

    /// Writes the model into `directory/model`, and its parts beside it: `config.json` and `tokenizer.model`.
    static Path create(Path directory) throws IOException {
        return create(directory, CONFIG);
    }

    static Path create(Path directory, String shape) throws IOException {
        Path config = Files.writeString(directory.resolve("config.json"), shape);
        Path model = directory.resolve("model");
        Llams run = Llams.run("init", "--config", config.toString(), "--out", model.toString(), "--seed", "3",
                "--tokenizer", tokenizer(directory).toString());
        assertEquals(0, run.code(), run.err());
        return model;
    }

    static Path tokenizer(Path directory) throws IOException {
        StringBuilder lines = new StringBuilder();
        for (int b = 0; b < 256; b++) {
            lines.append(Base64.getEncoder().encodeToString(new byte[] {(byte) b})).append(' ').append(b).append('\n');
        }
        return Files.writeString(directory.resolve("tokenizer.model"), lines);
    }
}
