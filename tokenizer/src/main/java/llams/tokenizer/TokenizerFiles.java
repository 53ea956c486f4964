package llams.tokenizer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Finds a tokenizer's files, and the added tokens that belong to a tiktoken file.
final class TokenizerFiles {

    private static final String JSON = "tokenizer.json";
    private static final String CONFIG = "tokenizer_config.json";
    private static final List<String> TIKTOKEN = List.of("tokenizer.model", "original/tokenizer.model");

    private TokenizerFiles() {}

    static Tokenizer load(Path path) throws IOException {
        if (!Files.exists(path)) {
            throw new IOException(path + ": no such file or directory; give a tokenizer.model, a tokenizer.json, or"
                    + " a directory with one");
        }
        if (!Files.isDirectory(path)) {
            return isJson(path) ? ofJson(path) : withSpecials(TiktokenFile.read(path), specialFiles(path));
        }
        Path json = path.resolve(JSON);
        for (String name : TIKTOKEN) {
            Path file = path.resolve(name);
            if (Files.isRegularFile(file)) {
                return fromDirectory(file, json);
            }
        }
        if (Files.isRegularFile(json)) {
            return ofJson(json);
        }
        throw new IOException(path + ": no tokenizer here: looked for " + String.join(", ", TIKTOKEN) + " and " + JSON
                + "; copy the model's tokenizer into this directory, or name another one");
    }

    private static boolean isJson(Path file) throws IOException {
        try (var in = Files.newInputStream(file)) {
            int b = in.read();
            while (b == ' ' || b == '\t' || b == '\r') {
                b = in.read();
            }
            return b == '{' || file.getFileName().toString().endsWith(".json");
        }
    }

    /// Where a directory's two files contradict each other, `tokenizer.json` is the one that Hugging Face's tools use.
    private static Tokenizer fromDirectory(Path tiktoken, Path json) throws IOException {
        Vocabulary vocabulary = TiktokenFile.read(tiktoken);
        if (Files.isRegularFile(json) && !fits(addedTokens(json), vocabulary)) {
            return ofJson(json);
        }
        return withSpecials(vocabulary, specialFiles(tiktoken));
    }

    /// The files that may name the special tokens of `tiktoken`, best first.
    private static List<Path> specialFiles(Path tiktoken) {
        Path directory = tiktoken.toAbsolutePath().normalize().getParent();
        boolean original = directory.endsWith("original") && directory.getParent() != null;
        Path home = original ? directory.getParent() : directory;
        return List.of(directory.resolve(JSON), home.resolve(JSON), directory.resolve(CONFIG), home.resolve(CONFIG));
    }

    private static Tokenizer withSpecials(Vocabulary vocabulary, List<Path> candidates) throws IOException {
        for (Path file : candidates) {
            if (Files.isRegularFile(file)) {
                List<AddedToken> added = file.endsWith(JSON)
                        ? addedTokens(file)
                        : TokenizerJson.addedTokensDecoder(file);
                if (fits(added, vocabulary)) {
                    return Tokenizer.of(vocabulary, added, null, SplitPattern.LLAMA3);
                }
            }
        }
        List<AddedToken> specials = new ArrayList<>();
        for (String name : SpecialTokens.llama3()) {
            specials.add(new AddedToken(name, vocabulary.size + specials.size()));
        }
        return Tokenizer.of(vocabulary, specials, null, SplitPattern.LLAMA3);
    }

    private static Tokenizer ofJson(Path json) throws IOException {
        Tokenizer usual = UsualTokenizerJson.read(json);
        return usual != null ? usual : TokenizerJson.read(json);
    }

    private static List<AddedToken> addedTokens(Path json) throws IOException {
        List<AddedToken> usual = UsualTokenizerJson.addedTokens(json);
        return usual != null ? usual : TokenizerJson.addedTokens(json);
    }

    private static boolean fits(List<AddedToken> added, Vocabulary vocabulary) {
        return !added.isEmpty() && added.getFirst().id() == vocabulary.size;
    }
}
