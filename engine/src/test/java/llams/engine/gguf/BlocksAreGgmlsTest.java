package llams.engine.gguf;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import llams.engine.safetensors.SafetensorsFile;
import llams.engine.tensor.DType;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Quantized rows are, byte for byte, what llama.cpp makes of them.
class BlocksAreGgmlsTest {
    private static final Path FILE = Path.of("src/test/resources/llams/engine/gguf/ggml-blocks.safetensors");

    @ParameterizedTest
    @EnumSource(names = {"Q8_0", "Q4_0", "Q4_K", "Q5_K", "Q6_K"})
    void everyByte(DType type) throws IOException {
        try (SafetensorsFile file = SafetensorsFile.open(FILE); Arena arena = Arena.ofConfined()) {
            float[] values = file.tensor("values").toFloats();
            MemorySegment expected = file.tensor(type.name()).data();
            MemorySegment blocks = arena.allocate(expected.byteSize());
            new RowEncoder().encode(type, values, 0, values.length, blocks, 0);
            assertEquals(-1, expected.mismatch(blocks));
        }
    }
}
