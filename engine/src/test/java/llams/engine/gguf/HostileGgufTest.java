package llams.engine.gguf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import llams.engine.gguf.GgufValue.Type;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Each way in which a file can contradict itself has a message of its own, and none needs memory.
class HostileGgufTest {
    private static final int F32 = 0;
    private static final int Q4_K = 12;

    @TempDir
    Path directory;

    /// A file as it is written.
    private static final class Bytes {
        final ByteArrayOutputStream out = new ByteArrayOutputStream();

        static Bytes header(long tensors, long keys) {
            return new Bytes().raw("GGUF").u32(3).u64(tensors).u64(keys);
        }

        Bytes raw(String text) {
            out.writeBytes(text.getBytes(StandardCharsets.UTF_8));
            return this;
        }

        Bytes u32(int value) {
            return bits(value, 4);
        }

        Bytes u64(long value) {
            return bits(value, 8);
        }

        private Bytes bits(long value, int bytes) {
            for (int i = 0; i < bytes; i++) {
                out.write((int) (value >>> 8 * i));
            }
            return this;
        }

        Bytes text(String text) {
            return u64(text.length()).raw(text);
        }

        Bytes key(String name, Type type) {
            return text(name).u32(type.ordinal());
        }

        Bytes tensor(String name, int type, long offset, long... innermostFirst) {
            text(name).u32(innermostFirst.length);
            for (long dim : innermostFirst) {
                u64(dim);
            }
            return u32(type).u64(offset);
        }

        /// The data, after what fills the file up to them.
        Bytes data(int bytes) {
            out.writeBytes(new byte[(32 - out.size() % 32) % 32 + bytes]);
            return this;
        }
    }

    private Path file(Bytes bytes) throws IOException {
        return Files.write(directory.resolve("x.gguf"), bytes.out.toByteArray());
    }

    private void refused(Bytes bytes, String... parts) throws IOException {
        Path file = file(bytes);
        String message = assertThrows(GgufException.class, () -> GgufFile.open(file).close()).getMessage();
        assertTrue(message.startsWith(file + ": "), message);
        for (String part : parts) {
            assertTrue(message.contains(part), "\"" + part + "\" is missing in: " + message);
        }
    }

    @Test
    void whatIsRightIsRead() throws IOException {
        Bytes right = Bytes.header(2, 2)
                .key("n", Type.UINT8)
                .bits(7, 1)
                .key("a", Type.ARRAY)
                .u32(Type.STRING.ordinal())
                .u64(2)
                .text("x")
                .text("yz")
                .tensor("second", F32, 32, 2, 3)
                .tensor("first", F32, 0, 5)
                .data(32 + 24);
        try (GgufFile file = GgufFile.open(file(right))) {
            assertEquals(7, file.metadata.whole("n"));
            assertEquals("[x, yz]", file.metadata.texts("a").toString());
            assertEquals("[first, second]", file.entries.keySet().toString());
            assertEquals("[3, 2]", file.tensor("second").shape().toString());
            assertThrows(GgufException.class, () -> file.metadata.text("n"));
            assertThrows(GgufException.class, () -> file.metadata.whole("absent"));
            assertThrows(GgufException.class, () -> file.tensor("absent"));
        }
    }

    @Test
    void otherFormats() throws IOException {
        refused(new Bytes(), "does not start with \"GGUF\"");
        refused(new Bytes().raw("PK.."), "does not start with \"GGUF\"");
        refused(new Bytes().raw("GGUF"), "ends at byte 4", "cut short");
        refused(new Bytes().raw("GGUF").u32(1).u64(0).u64(0), "version 1", "2 and 3");
        refused(new Bytes().raw("GGUF").u32(0x03000000).u64(0).u64(0), "big-endian");
    }

    @Test
    void hugeCounts() throws IOException {
        refused(Bytes.header(-1, 0), "18446744073709551615 tensors");
        refused(Bytes.header(0, 1L << 40), "1099511627776 keys");
        refused(Bytes.header(0, 1).key("a", Type.ARRAY).u32(Type.UINT8.ordinal()).u64(-1), "elements of \"a\"");
        refused(Bytes.header(0, 1).key("a", Type.ARRAY).u32(Type.UINT64.ordinal()).u64(1 << 24), "ends at byte",
                "\"a\"");
        refused(Bytes.header(0, 1).key("t", Type.STRING).u64(1L << 60), "1152921504606846976 bytes of text in \"t\"");
        refused(Bytes.header(0, 1).u64(5000).raw("k"), "5000 bytes of text in the name of key 0");
        refused(Bytes.header(100_000, 0).data(0), "ends at byte");
    }

    @Test
    void values() throws IOException {
        refused(Bytes.header(0, 2).key("k", Type.BOOL).bits(1, 1).key("k", Type.BOOL).bits(1, 1),
                "the key \"k\" twice");
        refused(Bytes.header(0, 1).text("k").u32(13), "\"k\" is of type 13");
        refused(Bytes.header(0, 1).key("k", Type.ARRAY).u32(Type.ARRAY.ordinal()).u64(1), "array of arrays");
        refused(Bytes.header(0, 1).key("split.count", Type.UINT16).bits(3, 2), "one of 3 parts");
        for (int alignment : new int[] {0, 3, 1 << 30}) {
            refused(Bytes.header(0, 1).key("general.alignment", Type.UINT32).u32(alignment), "\"general.alignment\" is",
                    "power of two");
        }
    }

    @Test
    void tensors() throws IOException {
        refused(Bytes.header(2, 0).tensor("t", F32, 0, 1).tensor("t", F32, 32, 1).data(64), "tensor \"t\" twice");
        refused(Bytes.header(1, 0).tensor("t", F32, 0, 1, 1, 1, 1, 1).data(32), "\"t\" has 5 dimensions");
        refused(Bytes.header(1, 0).tensor("t", 16, 0, 256).data(99), "\"t\" is of type IQ2_XXS",
                "reads F32, F16, Q4_0");
        refused(Bytes.header(1, 0).tensor("t", 99, 0, 256).data(99), "\"t\" is of type 99");
        refused(Bytes.header(1, 0).tensor("t", Q4_K, 0, 128, 2).data(999), "\"t\": tensor Q4_K [2, 128]",
                "multiple of 256");
        refused(Bytes.header(1, 0).tensor("t", F32, 0, 1L << 40, 1L << 40).data(32), "more than 2^63");
        refused(Bytes.header(1, 0).tensor("t", F32, 0, 1L << 40, 1L << 22).data(32), "more than 2^63 bytes");
        refused(Bytes.header(1, 0).tensor("t", F32, 0, -1).data(32), "a dimension of \"t\" is 18446744073709551615");
        refused(Bytes.header(1, 0).tensor("t", F32, 4, 1).data(32), "not at a multiple of 32");
        refused(Bytes.header(1, 0).tensor("t", F32, 0, 9).data(32), "\"t\" F32 [9]", "has 36", "cut short");
        refused(Bytes.header(1, 0).tensor("t", F32, Long.MAX_VALUE & -32, 1).data(32), "cut short");
        refused(Bytes.header(2, 0).tensor("t", F32, 0, 16).tensor("u", F32, 32, 1).data(64),
                "\"u\" begins at 32 in the data, inside \"t\"");
    }

    /// Cut anywhere, a file is refused.
    @Test
    void everyCut() throws IOException {
        byte[] whole = Bytes.header(1, 2)
                .key("t", Type.STRING)
                .text("text")
                .key("a", Type.ARRAY)
                .u32(Type.INT32.ordinal())
                .u64(2)
                .u64(0)
                .tensor("w", F32, 0, 4, 4)
                .data(64).out.toByteArray();
        Path file = directory.resolve("cut.gguf");
        GgufFile.open(Files.write(file, whole)).close();
        for (int length = 0; length < whole.length; length++) {
            Files.write(file, Arrays.copyOf(whole, length));
            assertThrows(GgufException.class, () -> GgufFile.open(file).close());
        }
    }
}
