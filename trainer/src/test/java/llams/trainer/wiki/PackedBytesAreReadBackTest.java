package llams.trainer.wiki;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Random;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorOutputStream;
import org.junit.jupiter.api.Test;

/// What another program's bzip2 packs: blocks and streams of all kinds.
class PackedBytesAreReadBackTest {
    private static void readBack(byte[] bytes, int level, int streamBytes) throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        int from = 0;
        do {
            int count = Math.min(streamBytes, bytes.length - from);
            try (BZip2CompressorOutputStream stream = new BZip2CompressorOutputStream(packed, level)) {
                stream.write(bytes, from, count);
            }
            from += count;
        } while (from < bytes.length);
        try (InputStream in = new Bzip2InputStream(new ByteArrayInputStream(packed.toByteArray()), "test")) {
            assertArrayEquals(bytes, in.readAllBytes());
            assertEquals(-1, in.read());
        }
    }

    private static byte[] random(int count, int values) {
        byte[] bytes = new byte[count];
        Random random = new Random(count);
        for (int i = 0; i < count; i++) {
            bytes[i] = (byte) (random.nextInt(values) * 256 / values);
        }
        return bytes;
    }

    @Test
    void blocksAndStreamsOfAllSizes() throws IOException {
        for (int count : new int[] {0, 1, 2, 3, 4, 5, 255, 256, 99_980, 99_981, 100_000, 250_000, 1_000_000}) {
            readBack(random(count, 256), 1, Integer.MAX_VALUE);
        }
        readBack(random(2_000_000, 256), 9, Integer.MAX_VALUE);
        readBack(random(100_000, 30), 5, 7_777);
        readBack(random(20, 30), 9, 1);
    }

    @Test
    void runsOfAllLengths() throws IOException {
        ByteArrayOutputStream runs = new ByteArrayOutputStream();
        for (int length = 1; length < 600; length++) {
            byte[] run = new byte[length];
            Arrays.fill(run, (byte) (length * 7));
            runs.writeBytes(run);
        }
        readBack(runs.toByteArray(), 1, Integer.MAX_VALUE);
        readBack(new byte[50_000_000], 1, Integer.MAX_VALUE);
    }

    @Test
    void fewAndSkewedValues() throws IOException {
        readBack(random(300_000, 2), 9, Integer.MAX_VALUE);
        byte[] skewed = new byte[900_000];
        Random random = new Random(1);
        for (int i = 0; i < skewed.length; i++) {
            // Values half as frequent as the one before: the longest codes.
            skewed[i] = (byte) Long.numberOfTrailingZeros(random.nextLong());
        }
        readBack(skewed, 9, Integer.MAX_VALUE);
    }
}
