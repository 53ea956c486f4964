package llams.trainer.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import llams.tokenizer.BpeTrainer;
import llams.tokenizer.SplitPattern;
import llams.tokenizer.Tokenizer;
import llams.trainer.data.Sample;
import llams.trainer.data.SampleReader;

/// The demo's tokenizer as a model directory has it: the vocabulary in tiktoken's format, and beside it the special
/// tokens.
final class DemoTokenizer {
    private static final List<String> SPECIALS = List.of("<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>",
            "<|end_header_id|>", "<|eot_id|>");

    private DemoTokenizer() {}

    /// Trains a vocabulary and writes it, with the files that describe it, into a new directory. It is trained on what
    /// the data says: the marks between documents and the keys of rows would become tokens that no text ever uses.
    static Tokenizer train(List<Path> data, int vocab, Path directory) throws IOException {
        BpeTrainer trainer = new BpeTrainer(SplitPattern.LLAMA3);
        for (Path file : data) {
            SampleReader.read(file, sample -> {
                switch (sample) {
                    case Sample.Text text -> trainer.add(text.text());
                    case Sample.Chat chat -> chat.messages().forEach(message -> trainer.add(message.content()));
                    case Sample.Ids _ -> {}
                }
            });
        }
        Tokenizer tokenizer = trainer.train(vocab, SPECIALS);
        Files.createDirectories(directory.resolve("original"));
        tokenizer.writeTiktoken(directory.resolve("original/tokenizer.model"));
        tokenizer.writeJson(directory.resolve("tokenizer.json"));
        tokenizer.writeConfig(directory.resolve("tokenizer_config.json"));
        return tokenizer;
    }
}
