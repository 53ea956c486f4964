package llams.langchain4j;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/// The program of docs/JAVA-FRAMEWORKS.md runs as printed there.
class ProgramRunsTest {
    @Test
    void printsTheAnswers() throws Exception {
        PrintStream before = System.out;
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        try {
            ChatProgram.main(new String[] {TaughtModel.shared().directory.toString()});
        } finally {
            System.setOut(before);
        }
        String printed = out.toString(StandardCharsets.UTF_8);
        assertTrue(printed.contains("Berlin"), printed);
        assertTrue(printed.contains("and the hare met a bear"), printed);
        assertTrue(printed.contains("totalTokenCount"), printed);
    }

    @Test
    void isTheOneOfTheDocument() throws Exception {
        Path root = Path.of(System.getProperty("llams.root"));
        String program = Files.readString(root.resolve("langchain4j/src/test/java/llams/langchain4j/ChatProgram.java"))
                .replaceFirst("package .*\\n\\n", "import llams.langchain4j.*;\n");
        String document = Files.readString(root.resolve("docs/JAVA-FRAMEWORKS.md"));
        int start = document.indexOf("```java\n", document.indexOf("## LangChain4j")) + "```java\n".length();
        assertEquals(program, document.substring(start, document.indexOf("```", start)));
    }
}
