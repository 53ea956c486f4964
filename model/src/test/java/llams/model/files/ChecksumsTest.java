package llams.model.files;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Hashes are written as `sha256sum` writes them, and find every change but those of the card.
class ChecksumsTest {
    @TempDir
    Path model;

    @BeforeEach
    void aModel() throws IOException {
        Files.writeString(model.resolve("config.json"), "abc");
        Files.writeString(Files.createDirectory(model.resolve("original")).resolve("tokenizer.model"), "");
        Files.writeString(model.resolve("README.md"), "card");
        Files.writeString(model.resolve("train.jsonl"), "log");
        Files.writeString(model.resolve(".hidden.json"), "hidden");
    }

    @Test
    void asSha256sumWritesThem() throws IOException {
        Checksums.write(model, ByteProgress.SILENT);
        assertEquals("""
                ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  config.json
                e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  original/tokenizer.model
                """, Files.readString(model.resolve("checksums.sha256")));
        Files.writeString(model.resolve("README.md"), "edited");
        Checksums.Report report = Checksums.verify(model, ByteProgress.SILENT);
        assertTrue(report.isGood());
        assertEquals(List.of("config.json", "original/tokenizer.model"), report.whole());
    }

    @Test
    void everyChangeIsFound() throws IOException {
        Checksums.write(model, ByteProgress.SILENT);
        Files.writeString(model.resolve("config.json"), "abd");
        Files.delete(model.resolve("original/tokenizer.model"));
        Files.writeString(model.resolve("tokenizer.json"), "new");
        Checksums.Report report = Checksums.verify(model, ByteProgress.SILENT);
        assertFalse(report.isGood());
        assertEquals(new Checksums.Report(List.of(), List.of("config.json"), List.of("original/tokenizer.model"),
                List.of("tokenizer.json")), report);
    }

    @Test
    void whatIsNoModelHasNone() throws IOException {
        Path empty = Files.createDirectory(model.resolve("empty"));
        assertTrue(assertThrows(IOException.class, () -> Checksums.write(empty, ByteProgress.SILENT)).getMessage()
                .contains("no files of a model"));
        assertTrue(assertThrows(IOException.class, () -> Checksums.verify(empty, ByteProgress.SILENT)).getMessage()
                .contains("has no checksums.sha256"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"abc  config.json", "../x", "/etc/passwd", "a/../../x"})
    void aLineThatIsNone(String name) throws IOException {
        String line = name.contains(".") && !name.contains(" ") ? "0".repeat(64) + "  " + name : name;
        Files.writeString(model.resolve("checksums.sha256"), "0".repeat(64) + " *config.json\n" + line + "\n\n");
        String message = assertThrows(IOException.class, () -> Checksums.verify(model, ByteProgress.SILENT))
                .getMessage();
        assertTrue(message.contains("checksums.sha256:2: wanted"), message);
    }
}
