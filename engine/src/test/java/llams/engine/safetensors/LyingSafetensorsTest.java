package llams.engine.safetensors;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import llams.engine.io.AtomicFiles;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Each way in which a file can contradict itself has a message of its own, with file, tensor and bytes.
class LyingSafetensorsTest {
    @TempDir
    Path directory;

    private Path file(long headerLength, byte[] header, int dataBytes) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(8 + header.length + dataBytes).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(headerLength).put(header);
        return Files.write(directory.resolve("x.safetensors"), bytes.array());
    }

    private Path file(String header, int dataBytes) throws IOException {
        byte[] bytes = header.getBytes(StandardCharsets.UTF_8);
        return file(bytes.length, bytes, dataBytes);
    }

    private static void refused(Path file, String... parts) {
        String message = assertThrows(SafetensorsException.class, () -> SafetensorsFile.open(file).close())
                .getMessage();
        assertTrue(message.startsWith(file + ": "), message);
        for (String part : parts) {
            assertTrue(message.contains(part), "\"" + part + "\" is missing in: " + message);
        }
    }

    /// A header of F32 tensors, and what is wrong with it in `parts`.
    private void refusedHeader(String header, int dataBytes, String... parts) throws IOException {
        refused(file(header, dataBytes), parts);
    }

    @Test
    void missingFile() {
        refused(directory.resolve("absent.safetensors"), "no such file");
    }

    @Test
    void directoryAsFile() {
        refused(directory, "is not a file");
    }

    @Test
    void shorterThanALength() throws IOException {
        refused(Files.write(directory.resolve("x"), new byte[7]), "has 7 bytes", "cut short");
    }

    @Test
    void headerEndsAfterTheFile() throws IOException {
        refused(file(1000, "{}".getBytes(StandardCharsets.UTF_8), 10), "header ends at byte 1008", "file has 20",
                "cut short");
    }

    @Test
    void headerLongerThanTheFormatAllows() throws IOException {
        refused(file(100_000_001, new byte[2], 0), "header length of 100000001", "limit of 100000000");
    }

    @Test
    void headerLengthOfAllOnes() throws IOException {
        refused(file(-1, new byte[2], 0), "header length of 18446744073709551615", "not a safetensors file");
    }

    @Test
    void gitLfsPointer() throws IOException {
        Path file = directory.resolve("model.safetensors");
        refused(Files.writeString(file, "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n"),
                "Git LFS pointer", "git lfs pull");
    }

    @Test
    void emptyHeader() throws IOException {
        refusedHeader("", 0, "does not start with \"{\"");
    }

    @Test
    void headerStartsWithASpace() throws IOException {
        refusedHeader(" {}", 0, "byte 8", "does not start with \"{\"");
    }

    @Test
    void brokenJson() throws IOException {
        refusedHeader("{\"w\":{\"dtype\":}}", 0, "not valid JSON near byte 2");
    }

    @Test
    void jsonEndsEarly() throws IOException {
        refusedHeader("{\"w\":{\"dtype\":\"F32\"", 0, "not valid JSON", "it ends in the middle");
    }

    @Test
    void textAfterTheObject() throws IOException {
        refusedHeader("{} {}", 0, "header byte 11", "more after the end of the object");
    }

    @Test
    void invalidUtf8() throws IOException {
        byte[] header = "{\"w?\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4]}}"
                .getBytes(StandardCharsets.ISO_8859_1);
        header[3] = (byte) 0xff;
        refused(file(header.length, header, 4), "not valid JSON", "UTF-8");
    }

    @Test
    void deepJson() throws IOException {
        refusedHeader("{\"w\":{\"x\":" + "[".repeat(100_000) + "]".repeat(100_000) + "}}", 0, "not valid JSON",
                "nested too deeply");
    }

    @Test
    void duplicateTensor() throws IOException {
        String w = "\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}";
        refusedHeader("{" + w + "," + w + "}", 4, "twice", "\"w\"");
    }

    @Test
    void duplicateKeyInsideATensor() throws IOException {
        refusedHeader("{\"w\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "twice",
                "\"dtype\"");
    }

    @Test
    void duplicateMetadata() throws IOException {
        refusedHeader("{\"__metadata__\":{\"format\":\"pt\",\"format\":\"np\"}}", 0, "twice", "\"format\"");
    }

    @Test
    void metadataThatIsNoString() throws IOException {
        refusedHeader("{\"__metadata__\":{\"format\":7}}", 0, "strings only", "\"format\" is 7");
    }

    @Test
    void metadataThatIsNoObject() throws IOException {
        refusedHeader("{\"__metadata__\":\"pt\"}", 0, "\"__metadata__\" is \"pt\", not an object");
    }

    @Test
    void tensorThatIsNoObject() throws IOException {
        refusedHeader("{\"w\":[1]}", 0, "\"w\" is [, not an object");
    }

    @Test
    void noDType() throws IOException {
        refusedHeader("{\"w\":{\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "\"w\" has no \"dtype\"");
    }

    @Test
    void noShape() throws IOException {
        refusedHeader("{\"w\":{\"dtype\":\"F32\",\"data_offsets\":[0,4]}}", 4, "\"w\" has no \"shape\"");
    }

    @Test
    void noOffsets() throws IOException {
        refusedHeader("{\"w\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "\"w\" has no \"data_offsets\"");
    }

    @Test
    void unknownDType() throws IOException {
        refusedHeader("{\"w\":{\"dtype\":\"F8_E3M4\",\"shape\":[4],\"data_offsets\":[0,4]}}", 4,
                "\"w\" has dtype \"F8_E3M4\"", "the format does not have", "BF16");
    }

    @Test
    void dtypeThatIsNoString() throws IOException {
        refusedHeader("{\"w\":{\"dtype\":32,\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "\"w\" has dtype 32");
    }

    @Test
    void shapeThatIsNoList() throws IOException {
        refusedHeader("{\"w\":{\"dtype\":\"F32\",\"shape\":1,\"data_offsets\":[0,4]}}", 4,
                "\"w\" has shape 1, not a list");
    }

    @Test
    void negativeDimension() throws IOException {
        refusedHeader("{\"w\":{\"dtype\":\"F32\",\"shape\":[-1],\"data_offsets\":[0,4]}}", 4, "\"w\" has -1 in shape");
    }

    @Test
    void fractionalDimension() throws IOException {
        refusedHeader("{\"w\":{\"dtype\":\"F32\",\"shape\":[1.5],\"data_offsets\":[0,4]}}", 4,
                "\"w\" has 1.5 in shape");
    }

    @Test
    void dimensionAbove63Bits() throws IOException {
        refusedHeader("{\"w\":{\"dtype\":\"F32\",\"shape\":[9223372036854775808],\"data_offsets\":[0,4]}}", 4,
                "\"w\" has 9223372036854775808 in shape");
    }

    @Test
    void tooManyDimensions() throws IOException {
        refusedHeader("{\"w\":{\"dtype\":\"F32\",\"shape\":[1" + ",1".repeat(1_000_000) + "],\"data_offsets\":[0,4]}}",
                4, "\"w\" has more than 32 numbers in shape");
    }

    @Test
    void elementsOverflow() throws IOException {
        refusedHeader("{\"w\":{\"dtype\":\"F32\",\"shape\":[4294967296,4294967297],\"data_offsets\":[0,4]}}", 4,
                "\"w\"", "[4294967296, 4294967297]", "does not fit");
    }

    @Test
    void bytesOverflow() throws IOException {
        refusedHeader("{\"w\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904],\"data_offsets\":[0,4]}}", 4, "\"w\"",
                "more than 2^63 bytes");
    }

    @Test
    void offsetsOverflow() throws IOException {
        refusedHeader("{\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,9223372036854775807]}}", 4, "\"w\"",
                "[0, 9223372036854775807]", "does not fit");
    }

    @Test
    void offsetsBackwards() throws IOException {
        refusedHeader("{\"w\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[4,0]}}", 4,
                "\"w\" has data_offsets [4, 0]", "begin <= end");
    }

    @Test
    void oneOffsetOnly() throws IOException {
        refusedHeader("{\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4]}}", 4,
                "\"w\" has data_offsets [4]");
    }

    @Test
    void threeOffsets() throws IOException {
        refusedHeader("{\"w\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4,8]}}", 4,
                "\"w\" has more than 2 numbers in data_offsets");
    }

    @Test
    void shapeAndLengthDisagree() throws IOException {
        String header = "{\"w\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,20]}}";
        int start = 8 + header.length();
        refusedHeader(header, 20,
                "\"w\" is F32 [2, 3], 24 bytes, but bytes " + start + " to " + (start + 20) + " are 20");
    }

    @Test
    void dataCutShort() throws IOException {
        String header = "{\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}";
        int start = 8 + header.length();
        refusedHeader(header, 7, "\"w\" ends at byte " + (start + 8) + " but the file has " + (start + 7),
                "download is probably cut short");
    }

    @Test
    void overlap() throws IOException {
        String header = "{\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]},\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}";
        int start = 8 + header.length();
        refusedHeader(header, 12,
                "\"b\" begins at byte " + (start + 4) + ", inside \"a\" that ends at byte " + (start + 8));
    }

    @Test
    void holeBetweenTensors() throws IOException {
        String header = "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]},\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[8,12]}}";
        int start = 8 + header.length();
        refusedHeader(header, 12,
                "bytes " + (start + 4) + " to " + (start + 8) + ", before \"b\", belong to no tensor");
    }

    @Test
    void holeBeforeTheFirst() throws IOException {
        refusedHeader("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]}}", 8,
                "before \"a\", belong to no tensor");
    }

    @Test
    void bytesAfterTheLast() throws IOException {
        refusedHeader("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 5,
                "after the last tensor, belong to no tensor");
    }

    @Test
    void emptyHeaderWithData() throws IOException {
        refusedHeader("{}", 3, "bytes 10 to 13, after the last tensor");
    }

    @Test
    void messagesStayReadable() throws IOException {
        Path file = file("{\"w\":{\"dtype\":\"" + "x".repeat(1_000_000) + "\"}}", 0);
        String message = assertThrows(SafetensorsException.class, () -> SafetensorsFile.open(file)).getMessage();
        assertTrue(message.length() < 500, "a message of " + message.length() + " characters");
    }

    @Test
    void cutAtEveryByteIsRefused() throws IOException {
        byte[] whole = Files.readAllBytes(file(
                "{\"a\":{\"dtype\":\"BF16\",\"shape\":[3],\"data_offsets\":[0,6]},\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[6,8]}}",
                8));
        SafetensorsFile.open(directory.resolve("x.safetensors")).close();
        for (int length = 0; length < whole.length; length++) {
            refused(Files.write(directory.resolve("x.safetensors"), java.util.Arrays.copyOf(whole, length)));
        }
    }

    @Test
    void cutWhileOpenIsFoundOut() throws IOException {
        Path path = file("{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4);
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            file.verifyUnchanged();
            long size = Files.size(path);
            try (RandomAccessFile cutting = new RandomAccessFile(path.toFile(), "rw")) {
                cutting.setLength(size - 1);
            }
            String message = assertThrows(SafetensorsException.class, file::verifyUnchanged).getMessage();
            assertTrue(message.contains("had " + size + " bytes when it was opened and now has " + (size - 1)),
                    message);
        }
    }

    @Test
    void replacedWhileOpenIsStillTheOldOne() throws IOException {
        Path path = file("{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1);
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            AtomicFiles.write(path, new byte[3]);
            file.verifyUnchanged();
            assertEquals(0, file.tensor("a").data().get(java.lang.foreign.ValueLayout.JAVA_BYTE, 0));
        }
    }

    @Test
    void unknownNameIsSaid() throws IOException {
        try (SafetensorsFile file = SafetensorsFile.open(file("{}", 0))) {
            assertEquals(Map.of(), file.entries());
            assertEquals(Map.of(), file.metadata());
            assertTrue(assertThrows(IllegalArgumentException.class, () -> file.tensor("w")).getMessage()
                    .contains("\"w\""));
        }
    }
}
