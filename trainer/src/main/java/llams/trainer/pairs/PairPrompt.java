package llams.trainer.pairs;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import llams.model.files.DataException;
import llams.trainer.data.DataLoader;
import llams.trainer.data.JsonLine;
import llams.trainer.data.LanguagePair;
import llams.trainer.data.Lines;

/// What an endpoint is told.
///
/// @param template in which `{topic}`, `{count}` and `{examples}` stand for the topic, the number of pairs that are
///                 asked for, and examples, one JSON object per line
/// @param shots    how many of `examples` each request shows; others in each, if there are more
public record PairPrompt(String template, List<LanguagePair> examples, int shots) {
    private static final Pattern PLACE = Pattern.compile("\\{(topic|count|examples)}");
    private static final int SHOTS = 3;

    /// @throws DataException if the topic has no place in the template
    public PairPrompt {
        examples = List.copyOf(examples);
        if (!template.contains("{topic}")) {
            throw new DataException("the prompt has no {topic} in it, so every request would be the same");
        }
    }

    /// This program's prompt in Korean.
    public static PairPrompt korean() {
        return builtIn("prompt-ko.txt");
    }

    /// The same in English.
    public static PairPrompt english() {
        return builtIn("prompt-en.txt");
    }

    private static PairPrompt builtIn(String template) {
        List<LanguagePair> examples = new ArrayList<>();
        for (String line : Topics.resource("examples.jsonl").lines().toList()) {
            examples.add(LanguagePair.of(JsonLine.parse(line, "examples.jsonl"), "examples.jsonl"));
        }
        return new PairPrompt(Topics.resource(template), examples, SHOTS);
    }

    public PairPrompt withTemplate(String text) {
        return new PairPrompt(text, examples, shots);
    }

    public PairPrompt withExamples(List<LanguagePair> pairs) {
        return new PairPrompt(template, pairs, shots);
    }

    /// Reads examples: pairs, one per line.
    ///
    /// @throws DataException if a line is no pair, or there are none
    public static List<LanguagePair> readExamples(Path file) throws IOException {
        List<LanguagePair> examples = new ArrayList<>();
        try (Lines lines = Lines.open(file)) {
            for (String line = lines.next(); line != null; line = lines.next()) {
                if (!line.isBlank()) {
                    examples.add(LanguagePair.of(JsonLine.parse(line, lines.place()), lines.place()));
                }
            }
        }
        if (examples.isEmpty()) {
            throw new DataException(file + ": no example in it; wanted lines like {\"q_ko\": ..., \"a_ko\": ...,"
                    + " \"q_en\": ..., \"a_en\": ...}");
        }
        return examples;
    }

    /// The template filled in. What is put in is not looked at again: a topic may hold `{count}`.
    String text(String topic, int count, long seed, int request) {
        return PLACE.matcher(template).replaceAll(place -> Matcher.quoteReplacement(switch (place.group(1)) {
            case "topic" -> topic;
            case "count" -> Integer.toString(count);
            default -> shown(seed, request);
        }));
    }

    private String shown(long seed, int request) {
        int[] order = DataLoader.shuffled(examples.size(), seed, request);
        List<LanguagePair> chosen = new ArrayList<>();
        for (int i = 0; i < Math.min(shots, order.length); i++) {
            chosen.add(examples.get(order[i]));
        }
        return chosen.stream().map(pair -> pair.json().toString()).collect(Collectors.joining("\n"));
    }
}
