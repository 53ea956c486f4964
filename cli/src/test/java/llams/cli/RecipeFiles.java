package llams.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import llams.model.files.Sha256;

/// A recipe of small models with every kind of stage that needs no network.
final class RecipeFiles {
    private static final String RECIPE = """
            values:
              scale: 1.0
            stages:
              data:
                kind: data example
              tokenizer:
                kind: tokenize train
                texts: [$data/general.txt, $data/pairs.jsonl]
                vocab: 256
              conversations:
                kind: data pairs
                pairs: $data/pairs-heldout.jsonl
              base:
                kind: train
                init-config: CONFIG
                tokenizer: $tokenizer
                data: $data/general-heldout.txt
                tokens: 64
                steps: 12
                save-every: 5
              instruct:
                kind: train
                model: $base
                method: full
                data: $conversations
                tokens: 64
                steps: 6
                save-every: 5
              tuned:
                kind: train
                model: $base
                method: full
                data: $data/village-heldout.txt
                eval-data: $data/village-heldout.txt
                tokens: 64
                steps: 6
                save-every: 5
              merged:
                kind: merge chat-vector
                base: $base
                instruct: $instruct
                tuned: $tuned
                scale: $scale
              mean:
                kind: merge linear
                models: [$tuned, $merged]
              adapter:
                kind: train
                model: $merged
                data: $conversations
                tokens: 64
                steps: 6
                save-every: 5
              final:
                kind: merge adapter
                base: $merged
                adapter: $adapter
              loss:
                kind: eval summary
                for: [base, merged, final]
                model: $for
                loss:
                  text: $data/village-heldout.txt
                tokens: 64
            """;

    private RecipeFiles() {}

    /// Writes the recipe and what it takes.
    static Path write(Path directory) throws IOException {
        Path config = Files.writeString(directory.resolve("config.json"), SmallModel.CONFIG);
        return Files.writeString(directory.resolve("small.yaml"), RECIPE.replace("CONFIG", config.toString()));
    }

    /// Hashes of everything that was made, by path, but for logs and records, which hold times.
    static Map<String, String> results(Path out) throws IOException {
        Map<String, String> hashes = new TreeMap<>();
        try (Stream<Path> tree = Files.walk(out)) {
            for (Path file : tree.filter(Files::isRegularFile).toList()) {
                String name = out.relativize(file).toString();
                if (!name.startsWith("recipe/") && !name.endsWith("train.jsonl") && !name.endsWith("report.html")) {
                    hashes.put(name, Sha256.ofFile(file));
                }
            }
        }
        return hashes;
    }
}
