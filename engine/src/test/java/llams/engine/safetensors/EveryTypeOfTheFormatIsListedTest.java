package llams.engine.safetensors;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import llams.engine.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// A tensor of any type that the format has can be opened, listed and copied; only what calculates with it needs to
/// know the type.
class EveryTypeOfTheFormatIsListedTest {
    @TempDir
    Path directory;

    private SafetensorsFile open(String header, int dataBytes) throws IOException {
        byte[] json = header.getBytes(StandardCharsets.UTF_8);
        ByteBuffer bytes = ByteBuffer.allocate(8 + json.length + dataBytes)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(json.length)
                .put(json);
        return SafetensorsFile.open(Files.write(directory.resolve("x.safetensors"), bytes.array()));
    }

    private static String tensor(String dtype, String shape, int bytes) {
        return "{\"a\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":[0," + bytes + "]}}";
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {"U16|[3]|6", "U32|[2]|8", "U64|[1]|8", "C64|[2]|16", "F8_E4M3|[4]|4", "F8_E5M2|[2, 2]|4",
                    "F8_E8M0|[]|1", "F8_E4M3FNUZ|[4]|4", "F8_E5M2FNUZ|[4]|4", "F6_E2M3|[4]|3", "F6_E3M2|[2, 4]|6",
                    "F4|[2]|1", "F4|[2, 3]|3", "BOOL|[1]|1", "F64|[1]|8", "U64|[0]|0"})
    void ofThisLength(String dtype, String shape, int bytes) throws IOException {
        try (SafetensorsFile file = open(tensor(dtype, shape, bytes), bytes)) {
            assertEquals(dtype + " " + shape, file.entries().get("a").info().form());
            assertEquals(bytes, file.tensor("a").data().byteSize());
            Path copy = directory.resolve("copy.safetensors");
            SafetensorsWriter.writeFile(copy, Map.of("a", file.tensor("a")), Map.of());
            try (SafetensorsFile written = SafetensorsFile.open(copy)) {
                assertEquals(dtype + " " + shape, written.entries().get("a").info().form());
            }
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {"F4|[3]|2|not whole blocks", "F6_E2M3|[2]|2|not whole blocks", "U16|[3]|3|6 bytes",
                    "F8_E3M4|[1]|1|does not have"})
    void orNotAtAll(String dtype, String shape, int bytes, String message) {
        String refusal = assertThrows(SafetensorsException.class, () -> open(tensor(dtype, shape, bytes), bytes))
                .getMessage();
        assertTrue(refusal.contains(message) && refusal.contains("\"a\""), refusal);
    }

    @Test
    void nothingIsCalculatedWithThem() throws IOException {
        try (SafetensorsFile file = open(tensor("F8_E5M2", "[1]", 1), 1)) {
            Tensor tensor = file.tensor("a");
            assertTrue(assertThrows(IllegalStateException.class, () -> tensor.getFloat(0)).getMessage()
                    .contains("F8_E5M2"));
        }
    }

    @Test
    void metadataMayBeNull() throws IOException {
        try (SafetensorsFile file = open(
                "{\"__metadata__\":null,\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1)) {
            assertEquals(Map.of(), file.metadata());
            assertEquals(1, file.entries().size());
        }
    }
}
