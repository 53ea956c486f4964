package llams.model.chat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Base64;
import llams.engine.Fuzzed;
import llams.tokenizer.Tokenizer;
import org.junit.jupiter.api.parallel.Isolated;

/// Whatever stands in a tokenizer's files, they are read or refused; and what was read turns text into ids and back.
@Isolated("watches the time")
class TokenizerFuzzTest {
    private static void use(Tokenizer tokenizer) {
        try {
            tokenizer.decode(tokenizer.encodeOrdinary("The 12 boys don't know <|eot_id|> 한국어.\n"));
        } catch (IllegalArgumentException e) {
            // A vocabulary may lack the byte of a character.
        }
    }

    @FuzzTest
    void tokenizerJson(byte[] json) throws Exception {
        Fuzzed.file("tokenizer.json", json, path -> use(Tokenizer.load(path)), IOException.class);
    }

    @FuzzTest
    void tiktoken(byte[] ranks) throws Exception {
        Fuzzed.file("tokenizer.tiktoken", ranks, path -> use(Tokenizer.load(path)), IOException.class);
    }

    /// Beside a vocabulary of bytes.
    @FuzzTest
    void tokenizerConfig(byte[] json) throws Exception {
        Fuzzed.file("tokenizer_config.json", json, path -> {
            StringBuilder ranks = new StringBuilder();
            for (int b = 0; b < 256; b++) {
                ranks.append(Base64.getEncoder().encodeToString(new byte[] {(byte) b}))
                        .append(' ')
                        .append(b)
                        .append('\n');
            }
            Files.deleteIfExists(path.resolveSibling("tokenizer.json"));
            Files.writeString(path.resolveSibling("tokenizer.model"), ranks);
            use(Tokenizer.load(path.getParent()));
        }, IOException.class);
    }
}
