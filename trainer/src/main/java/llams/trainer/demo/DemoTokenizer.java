package llams.trainer.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import llams.tokenizer.BpeTrainer;
import llams.tokenizer.SplitPattern;
import llams.tokenizer.Tokenizer;

/// The demo's tokenizer as a model directory has it: the vocabulary in tiktoken's format, and beside it the special tokens.
final class DemoTokenizer {
    private static final List<String> SPECIALS = List.of("<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>",
            "<|end_header_id|>", "<|eot_id|>");

    private DemoTokenizer() {
    }

    /// Trains a vocabulary on texts and writes it, with what goes along, into a new directory.
    static Tokenizer train(List<Path> texts, int vocab, Path directory) throws IOException {
        BpeTrainer trainer = new BpeTrainer(SplitPattern.LLAMA3);
        for (Path text : texts) {
            trainer.add(text);
        }
        Tokenizer tokenizer = trainer.train(vocab, SPECIALS);
        Files.createDirectories(directory.resolve("original"));
        tokenizer.writeTiktoken(directory.resolve("original/tokenizer.model"));
        tokenizer.writeJson(directory.resolve("tokenizer.json"));
        tokenizer.writeConfig(directory.resolve("tokenizer_config.json"));
        return tokenizer;
    }
}
