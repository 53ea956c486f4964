package llams.model.files;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelFilesTest {
    @TempDir
    Path directory;
    private Path from;
    private Path to;

    @BeforeEach
    void twoDirectories() throws IOException {
        from = Files.createDirectory(directory.resolve("from"));
        to = Files.createDirectory(directory.resolve("to"));
    }

    @Test
    void metasTokenizerGoesWhereNoConverterTakesItForAnother() throws IOException {
        Files.writeString(from.resolve("tokenizer.model"), "IQ== 0\nIg== 1\n");
        assertEquals(List.of("original/tokenizer.model"), ModelFiles.copyAll(from, to));
        assertTrue(ModelFiles.hasTokenizer(to));
    }

    @Test
    void tokenizerOfAnotherFormatStaysWhereItWas() throws IOException {
        Files.write(from.resolve("tokenizer.model"), new byte[] {10, 14, 10, 5, 60, 117});
        assertEquals(List.of("tokenizer.model"), ModelFiles.copyAll(from, to));
    }

    @Test
    void weightsConfigAndStrangersStayBehind() throws IOException {
        for (String name : List.of("model.safetensors", "config.json", "README.md", "tokenizer.json", "LICENSE")) {
            Files.writeString(from.resolve(name), name);
        }
        assertEquals(List.of("tokenizer.json", "LICENSE"), ModelFiles.copyAll(from, to));
    }

    @Test
    void copyOfAReadOnlyFileCanBeWritten() throws IOException {
        Path source = Files.writeString(from.resolve("tokenizer.json"), "x");
        Files.setPosixFilePermissions(source, PosixFilePermissions.fromString("r--r--r--"));
        ModelFiles.copyAll(from, to);
        assertTrue(PosixFilePermissions.toString(Files.getPosixFilePermissions(to.resolve("tokenizer.json")))
                .startsWith("rw"));
    }

    @Test
    void linksOfADownloadCacheBecomeFiles() throws IOException {
        Path blob = Files.writeString(directory.resolve("blob"), "x");
        Files.createSymbolicLink(from.resolve("tokenizer.json"), blob);
        ModelFiles.copyAll(from, to);
        assertTrue(Files.isRegularFile(to.resolve("tokenizer.json"), LinkOption.NOFOLLOW_LINKS));
    }
}
