package llams.model.convert;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.TreeSet;
import llams.engine.llama.LlamaConfig;
import llams.engine.safetensors.Checkpoint;
import llams.engine.tensor.DType;
import llams.engine.weights.ConfigJson;
import llams.model.files.ByteProgress;
import llams.tokenizer.Tokenizer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A model in Meta's form, saved by PyTorch, as one file or as two shards, comes out as Hugging Face's conversion has it.
class PthImportTest {
    private static final Path META = Path.of("src/test/resources/llams/model/convert/meta");

    @TempDir
    Path directory;

    private Path meta(String which) throws IOException {
        Path copy = Files.createDirectory(directory.resolve("meta"));
        try (var files = Files.list(META.resolve(which))) {
            for (Path file : files.toList()) {
                Files.copy(file, copy.resolve(file.getFileName()));
            }
        }
        return copy;
    }

    @ParameterizedTest
    @ValueSource(strings = {"one", "two"})
    void everyBit(String which) throws IOException {
        Path out = directory.resolve("out");
        PthImport.Report report = PthImport.write(META.resolve(which), out, ByteProgress.SILENT);
        assertEquals(which.equals("one") ? 1 : 2, report.shards());
        assertEquals(DType.BF16, report.dtype());
        try (Checkpoint expected = Checkpoint.open(META.resolve("expected.safetensors"));
                Checkpoint actual = Checkpoint.open(out)) {
            assertEquals(new TreeSet<>(expected.names()), new TreeSet<>(actual.names()));
            for (String name : expected.names()) {
                assertEquals(expected.info(name), actual.info(name));
                assertEquals(-1, expected.tensor(name).data().mismatch(actual.tensor(name).data()), name);
            }
        }
        LlamaConfig config = ConfigJson.read(out);
        assertEquals(LlamaConfig.standard(16, 24, 2, 4, 2, 32)
                .withMaxPositions(131_072)
                .withRope(500_000, new LlamaConfig.RopeScaling(8, 1, 4, 8192))
                .withMetadata(LlamaConfig.Metadata.standard().withDtype("bfloat16")), config);
    }

    @Test
    void cardAndLicenceStay() throws IOException {
        Path meta = meta("one");
        Files.writeString(meta.resolve("LICENSE"), "terms");
        Files.writeString(meta.resolve("README.md"), "---\nlicense: llama3.2\nlanguage: [en]\n---\n");
        Path out = directory.resolve("out");
        PthImport.Report report = PthImport.write(meta, out, ByteProgress.SILENT);
        assertEquals(List.of("LICENSE", "config.json", "README.md"), report.files());
        assertEquals("terms", Files.readString(out.resolve("LICENSE")));
        String card = Files.readString(out.resolve("README.md"));
        assertTrue(card.startsWith("---\nlicense: llama3.2\nlanguage:\n- en\nlibrary_name: transformers\n"), card);
        assertTrue(card.contains("\n# Converted meta\n\n**Built with Llama**\n"), card);
    }

    @Test
    void tokenizerAndStops() throws IOException {
        Path meta = meta("one");
        StringBuilder ranks = new StringBuilder();
        for (int i = 0; i < 256; i++) {
            ranks.append(Base64.getEncoder().encodeToString(new byte[] {(byte) i})).append(' ').append(i).append('\n');
        }
        Files.writeString(meta.resolve("tokenizer.model"), ranks);
        Path out = directory.resolve("out");
        PthImport.write(meta, out, ByteProgress.SILENT);
        assertEquals(512, Tokenizer.load(out).size());
        assertTrue(
                Files.exists(out.resolve("tokenizer.json")) && Files.exists(out.resolve("original/tokenizer.model")));
        assertEquals(List.of(257, 265), ConfigJson.read(out).metadata().eos());
        assertEquals(256, ConfigJson.read(out).metadata().bos());
    }

    @Test
    void whatDoesNotFitIsSaid() throws IOException {
        Path meta = meta("two");
        Files.delete(meta.resolve("consolidated.01.pth"));
        String message = assertThrows(IOException.class,
                () -> PthImport.write(meta, directory.resolve("out"), ByteProgress.SILENT)).getMessage();
        assertTrue(message.contains("does not make"), message);
        Files.writeString(meta.resolve("params.json"), "{\"dim\": 0}");
        message = assertThrows(IOException.class,
                () -> PthImport.write(meta, directory.resolve("out"), ByteProgress.SILENT)).getMessage();
        assertTrue(message.contains("\"dim\" must be"), message);
        Files.delete(meta.resolve("consolidated.00.pth"));
        message = assertThrows(IOException.class,
                () -> PthImport.write(meta, directory.resolve("out"), ByteProgress.SILENT)).getMessage();
        assertTrue(message.contains("there is no consolidated.00.pth"), message);
    }
}
