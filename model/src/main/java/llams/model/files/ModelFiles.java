package llams.model.files;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import llams.engine.gguf.GgufFile;

/// The files of a model directory beside its weights and `config.json`, which are copied into every model made from it.
public final class ModelFiles {
    /// What turns text into ids.
    public static final List<String> TOKENIZER = List.of("tokenizer.json", "tokenizer_config.json",
            "special_tokens_map.json", "added_tokens.json", "tokenizer.model", "original/tokenizer.model");
    /// What turns conversations into text, and ends the answers.
    public static final List<String> CHAT = List.of("chat_template.jinja", "chat_template.json",
            "generation_config.json");
    /// What the makers require to stay with the model.
    public static final List<String> LEGAL = List.of("LICENSE", "LICENSE.txt", "LICENSE.md", "NOTICE", "NOTICE.txt",
            "NOTICE.md", "USE_POLICY.md", "USE_POLICY.txt");
    /// The description of a model on a hub.
    public static final String CARD = "README.md";
    private static final Pattern NEEDED = Pattern
            .compile("(?!consolidated)[^/]*\\.safetensors|[^/]*\\.(json|jinja)|(original/)?tokenizer\\.model"
                    + "|(LICENSE|LICENCE|NOTICE|USE_POLICY)[^/]*|README\\.md|checksums\\.sha256");

    private ModelFiles() {}

    /// Whether a file is what this and other programs need of a model, by its path in the directory. The weights in
    /// Meta's format, which many repositories hold as a second copy, are not.
    public static boolean isNeeded(String path) {
        return !path.startsWith(".") && NEEDED.matcher(path).matches();
    }

    /// Copies those that exist, replacing what is there; returns their names.
    public static List<String> copyAll(Path from, Path to) throws IOException {
        HeldFiles files = HeldFiles.ofModel(from);
        files.write(to);
        return List.copyOf(files.contents().keySet());
    }

    /// Copies those of `names` that exist, replacing what is there; returns their names.
    public static List<String> copy(Path from, Path to, List<String> names) throws IOException {
        HeldFiles files = new HeldFiles(read(from, names), null);
        files.write(to);
        return List.copyOf(files.contents().keySet());
    }

    /// Reads those of `names` that exist, by the path that each has in another model's directory.
    ///
    /// Meta's `tokenizer.model` goes into `original/`: beside the weights, llama.cpp's converter takes it for another
    /// format.
    static Map<String, byte[]> read(Path from, List<String> names) throws IOException {
        Map<String, byte[]> contents = new LinkedHashMap<>();
        for (String name : names) {
            Path source = from.resolve(name);
            if (Files.isRegularFile(source)) {
                String place = name.equals("tokenizer.model") && isRankFile(source) ? "original/tokenizer.model" : name;
                contents.put(place, content(source));
            }
        }
        return contents;
    }

    /// All bytes of a file; a failure names it, which the system's own message need not.
    public static byte[] content(Path file) throws IOException {
        try {
            return Files.readAllBytes(file);
        } catch (FileSystemException e) {
            throw e;
        } catch (IOException e) {
            throw new IOException(file + ": cannot be read: " + e.getMessage(), e);
        }
    }

    /// Whether a model, a directory or a GGUF file, has a tokenizer at all.
    public static boolean hasTokenizer(Path directory) throws IOException {
        return GgufFile.is(directory)
                ? GgufText.isIn(directory)
                : Files.isRegularFile(directory.resolve("tokenizer.json"))
                        || Files.isRegularFile(directory.resolve("tokenizer.model"))
                        || Files.isRegularFile(directory.resolve("original/tokenizer.model"));
    }

    /// True for tiktoken's format (base64, space, rank), false for others of the same file name.
    private static boolean isRankFile(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            String start = new String(in.readNBytes(200), StandardCharsets.ISO_8859_1);
            return start.matches("(?s)[A-Za-z0-9+/]+=* \\d+\\R.*");
        }
    }
}
