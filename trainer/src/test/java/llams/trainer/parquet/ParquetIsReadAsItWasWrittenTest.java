package llams.trainer.parquet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import llams.model.files.DataException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// Files that pyarrow wrote, in every codec and encoding that it has for these values, hold the rows that it was given;
/// damaged ones are refused. `make.py` beside the files says how they were made.
class ParquetIsReadAsItWasWrittenTest {
    private static final Path FILES = Path.of("src/test/resources/llams/trainer/data/parquet");

    @TempDir
    Path directory;

    private static List<String> rows(Path file) throws IOException {
        List<String> rows = new ArrayList<>();
        try (ParquetFile parquet = ParquetFile.open(file)) {
            for (ObjectNode row = parquet.next(); row != null; row = parquet.next()) {
                rows.add(row.toString());
            }
        }
        return rows;
    }

    private static String refusal(Path file) {
        return assertThrows(DataException.class, () -> rows(file)).getMessage();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"none", "snappy", "gzip", "zstd", "lz4", "version2", "version2-none", "plain", "old-lists",
                    "encodings", "encodings2"})
    void rowsAreThoseThatWereWritten(String name) throws IOException {
        List<String> expected = Files.readAllLines(FILES.resolve("rows.jsonl"))
                .stream()
                .map(line -> JsonMapper.shared().readTree(line).toString())
                .toList();
        assertEquals(expected, rows(FILES.resolve(name + ".parquet")));
    }

    @Test
    void whatIsNotReadIsNamed() throws IOException {
        assertTrue(refusal(FILES.resolve("brotli.parquet")).contains("compressed with BROTLI, which is not read"));
        Path text = Files.writeString(directory.resolve("a.parquet"), "{\"text\": \"no Parquet at all\"}\n");
        assertEquals(text + ": not a Parquet file; it does not begin as one", refusal(text));
        assertTrue(refusal(Files.write(text, new byte[0])).contains("not a Parquet file"));
    }

    @Test
    void aFileThatIsCutShortIsRefused() throws IOException {
        byte[] whole = Files.readAllBytes(FILES.resolve("snappy.parquet"));
        Path cut = directory.resolve("cut.parquet");
        for (int length = 0; length < whole.length; length += 97) {
            Files.write(cut, Arrays.copyOf(whole, length));
            assertTrue(refusal(cut).startsWith(cut + ": "), () -> refusal(cut));
        }
        // The end is there, but part of what it tells of is not.
        byte[] without = new byte[whole.length - 1000];
        System.arraycopy(whole, 0, without, 0, 100);
        System.arraycopy(whole, 1100, without, 100, whole.length - 1100);
        assertTrue(refusal(Files.write(cut, without)).contains("cannot be read"));
    }

    /// Checksums find every changed bit of a page; without them what decodes is another value, and the rest is refused.
    @ParameterizedTest
    @ValueSource(strings = {"version2", "plain", "encodings", "zstd", "gzip"})
    void changedBytesAreRefusedOrOtherValues(String name) throws IOException {
        byte[] whole = Files.readAllBytes(FILES.resolve(name + ".parquet"));
        Path changed = directory.resolve("changed.parquet");
        Random random = new Random(3);
        for (int i = 0; i < 50; i++) {
            byte[] bytes = whole.clone();
            bytes[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
            Files.write(changed, bytes);
            try {
                rows(changed);
            } catch (DataException e) {
                assertTrue(e.getMessage().startsWith(changed + ""), e.getMessage());
            }
        }
    }
}
