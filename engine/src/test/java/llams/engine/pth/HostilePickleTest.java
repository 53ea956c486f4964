package llams.engine.pth;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Files of tensors are read; whatever else a pickle asks for is refused by its name, and nothing is executed.
class HostilePickleTest {
    /// A storage of eight floats, and a tensor `[2, 3]` in it from element 1 on, in Python's pickle of protocol 2.
    private static final String STORAGE = "(X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0" + "0"
            + "X\3\0\0\0cpuK\10tQ";
    private static final String TENSOR = "ctorch._utils\n_rebuild_tensor_v2\n(" + STORAGE
            + "K\1K\2K\3\u0086K\3K\1\u0086\u0089ccollections\nOrderedDict\n)RtR";

    @TempDir
    Path directory;

    private static byte[] pickle(String content) {
        return ("\u0080\2" + content + ".").getBytes(StandardCharsets.ISO_8859_1);
    }

    private static String entry(String name, String value) {
        return "}X" + (char) name.length() + "\0\0\0" + name + value + "s";
    }

    private Path file(byte[] pickle, int method) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            put(zip, "x/data.pkl", pickle, method);
            put(zip, "x/byteorder", "little".getBytes(StandardCharsets.US_ASCII), ZipEntry.STORED);
            put(zip, "x/data/0", new byte[32], ZipEntry.STORED);
        }
        return Files.write(directory.resolve("x.pth"), bytes.toByteArray());
    }

    private static void put(ZipOutputStream zip, String name, byte[] content, int method) throws IOException {
        ZipEntry entry = new ZipEntry(name);
        entry.setMethod(method);
        CRC32 sum = new CRC32();
        sum.update(content);
        if (method == ZipEntry.STORED) {
            entry.setSize(content.length);
            entry.setCrc(sum.getValue());
        }
        zip.putNextEntry(entry);
        zip.write(content);
    }

    private void refused(String pickle, String... parts) throws IOException {
        Path file = file(pickle(pickle), ZipEntry.STORED);
        refused(file, parts);
    }

    private static void refused(Path file, String... parts) {
        String message = assertThrows(PthException.class, () -> PthFile.open(file).close()).getMessage();
        for (String part : parts) {
            assertTrue(message.contains(part), "\"" + part + "\" is missing in: " + message);
        }
    }

    @Test
    void tensorsAreRead() throws IOException {
        try (PthFile file = PthFile.open(file(pickle(entry("w", TENSOR)), ZipEntry.STORED))) {
            assertEquals("[w]", file.tensors.keySet().toString());
            assertEquals("[2, 3]", file.tensors.get("w").shape().toString());
        }
        String parameter = "ctorch._utils\n_rebuild_parameter\n(" + TENSOR + "\u0088ccollections\nOrderedDict\n)RtR";
        PthFile.open(file(pickle(entry("w", parameter)), ZipEntry.STORED)).close();
    }

    @Test
    void callsAreRefused() throws IOException {
        refused("cos\nsystem\nX\2\0\0\0ls\u0085R", "Python's os system", "nothing was executed");
        refused("cbuiltins\neval\nX\1\0\0\0" + "1\u0085R", "Python's builtins eval");
        refused("\u008c\5posix\u008c\6system\u0093", "Python's posix system");
        refused("ctorch._utils\n_rebuild_tensor\n", "Python's torch._utils _rebuild_tensor");
        refused("(ios\nsystem\n", "instruction 0x69");
        refused("(cos\nsystem\no", "Python's os system");
        refused("\u0082\1", "instruction 0x82");
        refused("ccollections\nOrderedDict\nK\1\u0085R", "calls something other");
        refused("ccollections\nOrderedDict\n)\u0081", "instruction 0x81");
    }

    @Test
    void nonsenseIsRefused() throws IOException {
        refused("", "empty stack");
        refused("K\1", "no dictionary of tensors");
        refused("}K\1K\2s", "where a text was wanted");
        refused(entry("w", "K\1"), "holds \"w\", which is no tensor");
        refused("(((", "empty stack");
        refused("t", "no beginning");
        refused("h\1", "does not have");
        refused("X\u00ff\u00ff\u00ff\u00ff", "a text of 4294967295 bytes");
        refused("X\7\0\0\0ab", "ends in the middle");
        refused(")K\1a", "where a list was wanted");
        // A list that contains itself, as a key and as a value.
        refused("]q\0h\0a}h\0h\0s", "where a text was wanted");
        refused("}X\1\0\0\0w]q\0h\0as", "which is no tensor");
    }

    @Test
    void tensorsOutOfBounds() throws IOException {
        refused(entry("w", TENSOR.replace("K\1K\2K\3\u0086", "K\3K\2K\3\u0086")), "\"w\" has bytes 12 to 36",
                "that has 32");
        refused(entry("w", TENSOR.replace("K\3K\1\u0086", "K\1K\2\u0086")), "row after row");
        refused(entry("w", TENSOR.replace("K\2K\3\u0086K\3", "J\377\377\377\177\u0085K\3")), "\"w\" has bytes");
        refused(entry("w", TENSOR.replace("K\2K\3\u0086K\3", "J\377\377\377\377\u0085K\3")), "negative");
        refused(entry("w", TENSOR.replace("X\1\0\0\0" + "0", "X\1\0\0\0" + "9")), "no storage for \"w\"");
    }

    @Test
    void zipFiles() throws IOException {
        refused(Files.write(directory.resolve("y.pth"), new byte[100]), "no directory of a zip file");
        refused(file(pickle(entry("w", TENSOR)), ZipEntry.DEFLATED), "compressed");
        byte[] whole = Files.readAllBytes(file(pickle(entry("w", TENSOR)), ZipEntry.STORED));
        Path cut = directory.resolve("cut.pth");
        for (int length = 0; length < whole.length; length++) {
            Files.write(cut, Arrays.copyOf(whole, length));
            assertThrows(PthException.class, () -> PthFile.open(cut).close());
        }
    }
}
