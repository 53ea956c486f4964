package llams.cli;

import java.nio.file.Path;
import java.util.List;

/// What a recipe's stage can do: a command of this program, in the words in which it is called.
///
/// @param words   of the command
/// @param operand the setting that names what the command takes without an option; null if nothing
/// @param output  what it writes
record StageKind(String words, String operand, Output output) {
    static final List<StageKind> ALL = List.of(new StageKind("download", "repo", new Output("--to", "")),
            new StageKind("data example", null, new Output("--out", "")),
            new StageKind("data kowiki", "dump", new Output("--out", "kowiki.txt")),
            new StageKind("data generate", null, new Output("--out", "pairs.jsonl")),
            new StageKind("data pairs", "pairs", new Output("--out", "conversations.jsonl")),
            new StageKind("tokenize train", "texts", new Output("--out", "original/tokenizer.model")),
            new StageKind("init", null, new Output("--out", "")), new StageKind("train", null, new Output("--out", "")),
            merge("chat-vector", null), merge("adapter", null), merge("linear", "models"), merge("slerp", "model"),
            merge("ties", "models"), merge("dare", "models"), merge("extract", null), merge("learn", null),
            new StageKind("extend", null, new Output("--out", "")),
            new StageKind("quantize", null, new Output("--out", "")), measure("perplexity"), measure("choice"),
            measure("language"), measure("summary"), measure("winrate"),
            new StageKind("eval task", "tasks", new Output(null, "")));

    /// @param option that takes it; null for a command that only prints
    /// @param file   in the stage's directory; empty if it writes the directory
    record Output(String option, String file) {
        /// What the option is given.
        Path in(Path directory) {
            return directory.resolve(file);
        }
    }

    private static StageKind merge(String method, String operand) {
        return new StageKind("merge " + method, operand, new Output("--out", ""));
    }

    private static StageKind measure(String what) {
        return new StageKind("eval " + what, null, new Output(null, ""));
    }

    /// What other stages take from it. A tokenizer is a directory of files.
    Path result(Path directory) {
        return words.equals("tokenize train") ? directory : output.in(directory);
    }

    boolean onlyMeasures() {
        return output.option == null;
    }
}
