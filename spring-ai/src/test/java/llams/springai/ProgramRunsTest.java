package llams.springai;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import llams.server.SmallServer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The program of docs/JAVA-FRAMEWORKS.md runs as printed there.
class ProgramRunsTest {
    @TempDir
    Path temporary;

    @Test
    void printsTheAnswers() throws Exception {
        SmallServer.write(temporary.resolve("model"));
        PrintStream before = System.out;
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
        try {
            ChatProgram.main(new String[] {temporary.resolve("model").toString()});
        } finally {
            System.setOut(before);
        }
        assertFalse(out.toString(StandardCharsets.UTF_8).isBlank());
    }

    @Test
    void isTheOneOfTheDocument() throws Exception {
        Path root = Path.of(System.getProperty("llams.root"));
        String program = Files.readString(root.resolve("spring-ai/src/test/java/llams/springai/ChatProgram.java"))
                .replaceFirst("package .*\\n\\n", "import llams.springai.*;\n");
        String document = Files.readString(root.resolve("docs/JAVA-FRAMEWORKS.md"));
        int start = document.indexOf("```java\n", document.indexOf("## Spring AI")) + "```java\n".length();
        assertEquals(program, document.substring(start, document.indexOf("```", start)));
    }
}
