package llams.model.files;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import llams.engine.gguf.GgufFile;
import llams.engine.io.AtomicFiles;
import llams.tokenizer.Tokenizer;

/// The files beside a model's weights, read into memory when long work begins, so that changes to their directory
/// cannot harm the result.
///
/// @param contents  by path in the directory
/// @param tokenizer to be written as `tokenizer.json` as well; may be null
public record HeldFiles(Map<String, byte[]> contents, Tokenizer tokenizer) {
    /// No files.
    public static final HeldFiles NONE = new HeldFiles(Map.of(), null);

    /// All that [ModelFiles#copyAll] copies.
    public static HeldFiles ofModel(Path directory) throws IOException {
        Map<String, byte[]> contents = new LinkedHashMap<>(ModelFiles.read(directory, ModelFiles.TOKENIZER));
        contents.putAll(ModelFiles.read(directory, ModelFiles.CHAT));
        contents.putAll(ModelFiles.read(directory, ModelFiles.LEGAL));
        return new HeldFiles(contents, null);
    }

    /// What an adapter gets: what the makers of its base require to stay with the model, and all that it had so far.
    ///
    /// @param from the adapter that is continued; null for a new one
    public static HeldFiles ofAdapter(Path base, Path from) throws IOException {
        Map<String, byte[]> contents = new LinkedHashMap<>(ModelFiles.read(base, ModelFiles.LEGAL));
        if (from != null) {
            contents.putAll(ofModel(from).contents);
        }
        return new HeldFiles(contents, null);
    }

    /// What turns text into ids in a model, without the rest of it.
    public static HeldFiles ofModelsTokenizer(Path directory) throws IOException {
        if (GgufFile.is(directory)) {
            return new HeldFiles(Map.of(), GgufText.read(directory).tokenizer());
        }
        return new HeldFiles(ModelFiles.read(directory, ModelFiles.TOKENIZER), null);
    }

    /// A tokenizer's files under the names by which a model directory has them, and `tokenizer.json`, which most other
    /// programs read, in any case.
    ///
    /// @param tokenizer a file or a directory; null for none
    public static HeldFiles ofTokenizer(Path tokenizer) throws IOException {
        if (tokenizer == null) {
            return NONE;
        }
        Map<String, byte[]> contents;
        if (Files.isDirectory(tokenizer)) {
            contents = ofModel(tokenizer).contents;
        } else {
            boolean isJson = tokenizer.toString().endsWith(".json");
            contents = Map.of(isJson ? "tokenizer.json" : "original/tokenizer.model", ModelFiles.content(tokenizer));
        }
        return new HeldFiles(contents, contents.containsKey("tokenizer.json") ? null : Tokenizer.load(tokenizer));
    }

    /// Writes all of them into an existing directory, over what is there.
    public void write(Path directory) throws IOException {
        for (Map.Entry<String, byte[]> file : contents.entrySet()) {
            Path copy = directory.resolve(file.getKey());
            Files.createDirectories(copy.getParent());
            // By content, not by Files.copy: a copy should not be read-only because its source is.
            AtomicFiles.write(copy, file.getValue());
        }
        if (tokenizer != null) {
            tokenizer.writeJson(directory.resolve("tokenizer.json"));
        }
    }

    /// Bytes of all of them, but for a `tokenizer.json` that is still to be made.
    public long bytes() {
        return contents.values().stream().mapToLong(content -> content.length).sum();
    }
}
