package llams.engine.safetensors;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import llams.engine.tensor.DType;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Offsets are `long` all the way: the file is sparse and takes no room on most file systems.
class LongOffsetsTest {
    private static final long LARGE = 5_000_000_000L;

    @Test
    void tensorsBehind4GigabytesAreRead(@TempDir Path directory) throws IOException {
        assumeTrue(Files.getFileStore(directory).getUsableSpace() > 2 * LARGE,
                "too little disk space for a file of 5 GB");
        List<TensorInfo> layout = List.of(new TensorInfo("large", DType.U8, Shape.of(LARGE)),
                new TensorInfo("last", DType.F32, Shape.of(1)));
        byte[] header = Header.encode(layout, Map.of()).array();
        Path path = directory.resolve("x.safetensors");
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            file.write(header);
            file.seek(header.length + LARGE - 1);
            file.write(7);
            file.writeInt(Integer.reverseBytes(Float.floatToRawIntBits(1.5f)));
        }
        try (Checkpoint checkpoint = Checkpoint.open(path)) {
            Tensor large = checkpoint.tensor("large");
            assertEquals(LARGE, large.data().byteSize());
            assertEquals(7, large.data().get(ValueLayout.JAVA_BYTE, LARGE - 1));
            assertEquals(1.5f, checkpoint.tensor("last").getFloat(0));
        }
    }
}
