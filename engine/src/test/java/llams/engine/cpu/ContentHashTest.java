package llams.engine.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import llams.engine.Golden;
import llams.engine.device.Options;
import llams.engine.weights.LlamaWeights;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A content hash depends on every byte, on its place and on the length, and on nothing else.
class ContentHashTest {
    private static byte[] random(int bytes) {
        byte[] data = new byte[bytes];
        new Random(bytes).nextBytes(data);
        return data;
    }

    private static long hash(byte[] data) {
        try (ContentHash hash = new ContentHash(Options.standard())) {
            return hash.of(MemorySegment.ofArray(data));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 8, 31, 32, 33, 95, 257})
    void everyBitCounts(int length) {
        byte[] data = random(length);
        Set<Long> seen = new HashSet<>(Set.of(hash(data)));
        for (int bit = 0; bit < 8 * length; bit++) {
            data[bit / 8] ^= (byte) (1 << bit % 8);
            assertTrue(seen.add(hash(data)), "bit " + bit);
            data[bit / 8] ^= (byte) (1 << bit % 8);
        }
    }

    @Test
    void everyMegabyteCounts() {
        byte[] data = random((3 << 20) + 5);
        long before = hash(data);
        assertEquals(before, hash(data.clone()));
        for (int at : new int[] {0, (1 << 20) - 1, 1 << 20, (2 << 20) + 77, (3 << 20) - 1, 3 << 20, (3 << 20) + 4}) {
            data[at]++;
            assertNotEquals(before, hash(data), "byte " + at);
            data[at]--;
        }
        byte[] swapped = data.clone();
        System.arraycopy(data, 0, swapped, 1 << 20, 1 << 20);
        System.arraycopy(data, 1 << 20, swapped, 0, 1 << 20);
        assertNotEquals(before, hash(swapped));
    }

    @Test
    void zerosOfOtherLengthsDiffer() {
        Set<Long> seen = new HashSet<>();
        for (int length = 0; length < 200; length++) {
            assertTrue(seen.add(hash(new byte[length])), "length " + length);
        }
    }

    @Test
    void threadsAndPlaceDoNotCount() {
        byte[] data = random((5 << 20) + 3);
        long expected = hash(data);
        MemorySegment other = MemorySegment.ofArray(new byte[data.length + 3]).asSlice(3);
        MemorySegment.copy(data, 0, other, ValueLayout.JAVA_BYTE, 0, data.length);
        try (ContentHash one = new ContentHash(new Options(1))) {
            assertEquals(expected, one.of(other));
        }
    }

    @Test
    void shardsDoNotCount() throws IOException {
        for (Golden.Model model : Golden.models().toList()) {
            if (model.entry().path("dirs").has("bf16_sharded")) {
                try (LlamaWeights whole = LlamaWeights.open(model.dir("bf16"));
                        LlamaWeights sharded = LlamaWeights.open(model.dir("bf16_sharded"))) {
                    assertEquals(whole.contentHash(), sharded.contentHash());
                }
            }
        }
    }
}
