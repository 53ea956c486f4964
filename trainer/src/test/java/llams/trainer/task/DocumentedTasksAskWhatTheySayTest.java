package llams.trainer.task;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The tasks in docs/EVALUATION.md ask what the document says.
class DocumentedTasksAskWhatTheySayTest {
    private static final Pattern BLOCK = Pattern.compile("(?s)```(yaml|jsonl|prompt) ?([a-z.]*)\n(.*?)\n```");

    @TempDir
    Path directory;

    @Test
    void everyExample() throws IOException {
        Matcher block = BLOCK.matcher(Files.readString(Path.of("../docs/EVALUATION.md")));
        Task task = null;
        int asked = 0;
        while (block.find()) {
            switch (block.group(1)) {
                case "prompt" -> {
                    TaskQuestion first = TaskQuestions.read(task, directory, 1).questions().getFirst();
                    assertEquals(block.group(3), first.prompt().text());
                    assertEquals("in the forest", first.answer());
                    asked++;
                }
                case "yaml" -> task = Tasks.find(write(block).toString());
                default -> write(block);
            }
        }
        assertEquals(2, asked);
    }

    private Path write(Matcher block) throws IOException {
        return Files.writeString(directory.resolve(block.group(2)), block.group(3) + "\n");
    }
}
