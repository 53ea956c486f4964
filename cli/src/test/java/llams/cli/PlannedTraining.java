package llams.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import llams.cli.OptionsFile.Entry;
import llams.trainer.run.TrainingRun;
import picocli.CommandLine;

/// Settings of `llams train`, planned on a small model with data of every kind, but not trained.
record PlannedTraining(Path directory) {
    private static final Set<String> FILES = Set.of("model", "tokenizer", "data", "eval-data", "out", "from-adapter",
            "cache", "teacher");
    private static final String CHAT = "{\"messages\": [{\"role\": \"user\", \"content\": \"Hi\"},"
            + " {\"role\": \"assistant\", \"content\": \"Hello!\"}]}\n";
    private static final String DIALOG = "{\"dialog\": [{\"role\": \"user\", \"content\": \"Hi\"},"
            + " {\"role\": \"assistant\", \"content\": \"Hello!\"}]}\n"
            + "{\"dialog\": [{\"speaker\": \"user\", \"utterance\": \"Hi\"},"
            + " {\"speaker\": \"assistant\", \"utterance\": \"Hello!\"}]}\n";
    private static final String PAIR = "{\"prompt\": \"Hi\", \"chosen\": \"Hello!\", \"rejected\": \"What?\"}\n";

    static PlannedTraining in(Path directory) throws IOException {
        SmallModel.create(directory,
                SmallModel.CONFIG.replace("\"max_position_embeddings\": 128", "\"max_position_embeddings\": 4096"));
        for (String chats : List.of("chats.jsonl", "train.jsonl", "valid.jsonl", "held-out.jsonl")) {
            Files.writeString(directory.resolve(chats), CHAT.repeat(20));
        }
        for (String texts : List.of("text.txt", "book.txt", "held-out.txt", "kowiki.txt", "kowiki-dev.txt")) {
            Files.writeString(directory.resolve(texts), "Some text.\n");
        }
        Files.writeString(directory.resolve("pairs.jsonl"), PAIR);
        Files.writeString(directory.resolve("qa.jsonl"), "{\"query\": \"Hi\", \"reply\": \"Hello!\"}\n");
        Files.writeString(directory.resolve("dialogs.jsonl"), DIALOG);
        return new PlannedTraining(directory);
    }

    /// The plan of these settings; `model`, `data` and `out` are there unless they are set.
    TrainingRun.Plan plan(List<Entry> settings) throws IOException {
        List<Entry> entries = new ArrayList<>(settings);
        boolean ofPairs = entries.stream()
                .anyMatch(entry -> entry.key().equals("method")
                        && Set.of("dpo", "orpo", "simpo", "kto").contains(entry.values().getFirst()));
        for (String key : List.of("model", "data", "out")) {
            if (entries.stream().noneMatch(entry -> entry.key().equals(key))) {
                String value = key.equals("data") ? "chats.jsonl" : key;
                entries.add(new Entry(key, List.of(value), false, "base"));
            }
        }
        StringBuilder placed = new StringBuilder();
        for (Entry entry : entries) {
            List<String> values = entry.values()
                    .stream()
                    .map(value -> ofPairs && entry.key().endsWith("data") ? "pairs.jsonl" : value)
                    .map(value -> FILES.contains(entry.key()) ? directory.resolve(value).toString() : value)
                    .map(value -> '"' + value.replace("\\", "\\\\") + '"')
                    .toList();
            placed.append(entry.key()).append(": ").append(entry.isList() ? values : values.getFirst()).append('\n');
        }
        return planned(Files.writeString(directory.resolve("run.yaml"), placed));
    }

    private static TrainingRun.Plan planned(Path file) throws IOException {
        String[] args = {"train", "--config", file.toString(), "--threads", "1"};
        CommandLine main = Main.commandLine(InputStream.nullInputStream(), System.out, System.err, args);
        TrainCommand train = (TrainCommand) main.parseArgs(CommandArguments.marked(main, args))
                .subcommand()
                .commandSpec()
                .userObject();
        train.configure();
        train.complete();
        try (TrainingRun run = TrainingRun.open(train.request(), report -> {})) {
            return run.plan();
        }
    }
}
