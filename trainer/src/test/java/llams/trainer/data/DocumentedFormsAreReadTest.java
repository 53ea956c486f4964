package llams.trainer.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Every example of docs/DATA.md is read, and trains what the document says.
class DocumentedFormsAreReadTest {
    private static final Pattern EXAMPLE = Pattern
            .compile("```jsonl ?(\\w*)\\n(.*?)```\\n(?:\\n```trained\\n(.*?)```\\n)?", Pattern.DOTALL);

    /// @param kind    empty, `parse` or `tools`
    /// @param trained a line for each document; null if nothing is said of it
    record Example(String kind, String rows, String trained) {}

    @TempDir
    Path directory;

    static List<Example> examples() throws IOException {
        List<Example> examples = new ArrayList<>();
        Matcher matcher = EXAMPLE.matcher(Files.readString(Path.of("../docs/DATA.md")));
        while (matcher.find()) {
            examples.add(new Example(matcher.group(1), matcher.group(2), matcher.group(3)));
        }
        return examples;
    }

    @ParameterizedTest
    @MethodSource("examples")
    void examplesTrainWhatIsWritten(Example example) throws IOException {
        Path file = Fixtures.file(directory, "d.jsonl", example.rows);
        if (example.trained == null) {
            assertEquals("tools", example.kind);
            Fixtures.samples(file).forEach(sample -> assertFalse(((Sample.Chat) sample).tools().isEmpty()));
            return;
        }
        SpecialText special = example.kind.equals("parse") ? SpecialText.PARSE : SpecialText.TEXT;
        Corpus corpus = Corpus.load(List.of(file), new DocumentEncoder(Fixtures.BYTES, Fixtures.BYTES.size(), special),
                0, null);
        StringBuilder trained = new StringBuilder();
        for (Document document : corpus.documents()) {
            trained.append(Fixtures.counted(document).replace("\n", "\\n")).append('\n');
        }
        assertEquals(example.trained, trained.toString());
        assertEquals(List.of(), corpus.notes(), "an example uses every key that it has");
    }

    @Test
    void everyFormHasAnExample() throws IOException {
        assertTrue(examples().size() >= 12, "examples are not found: has the document's layout changed?");
        String all = examples().stream().map(Example::rows).reduce("", String::concat);
        Stream.of("text", "messages", "conversations", "instruction", "prompt", "question", "ids", "input_ids",
                "labels", "attention_mask", "q_ko", "system", "system_prompt", "tools", "tool_calls", "function_call",
                "history", "context", "weight", "train").forEach(key -> assertTrue(all.contains('"' + key + '"'), key));
    }

    @Test
    void theExamplesOfRefusalsAreRead() {
        for (KnownForms.Form form : KnownForms.FORMS) {
            assertFalse(Fixtures.samples(Fixtures.file(directory, "d.jsonl", form.example())).isEmpty(),
                    form.example());
        }
    }
}
