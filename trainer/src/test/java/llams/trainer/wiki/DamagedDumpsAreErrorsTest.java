package llams.trainer.wiki;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Each is an error that names the file and where in it; the result is as it was before, and nothing is left beside it.
class DamagedDumpsAreErrorsTest {
    @TempDir
    Path directory;

    private void fails(byte[] content, String... words) throws IOException {
        Path dump = Files.write(directory.resolve("dump"), content);
        Path out = Files.writeString(directory.resolve("out.txt"), "kept");
        Exception e = assertThrows(Exception.class, () -> Dumps.convert(out, dump));
        assertTrue(e instanceof IOException || e instanceof IllegalArgumentException, e::toString);
        assertTrue(e.getMessage().startsWith(dump.toString()) || e.getMessage().startsWith("no article in " + dump),
                e::getMessage);
        for (String word : words) {
            assertTrue(e.getMessage().contains(word), () -> word + " is not in: " + e.getMessage());
        }
        assertEquals("kept", Files.readString(out));
        assertEquals(List.of(dump, out), Dumps.files(directory));
    }

    private void fails(String content, String... words) throws IOException {
        fails(content.getBytes(StandardCharsets.UTF_8), words);
    }

    @Test
    void damagedXml() throws IOException {
        String xml = Dumps.SMALL;
        for (int length : new int[] {1, 50, 200, xml.indexOf("옛날"), xml.indexOf("</page>"), xml.length() - 3}) {
            fails(xml.substring(0, length), "dump:");
        }
        fails(xml.replace("</revision>", ""), ":9: ", "revision");
        fails(xml.replace("<title>한강</title>", ""), ":9: a page without a title");
        fails(xml.replace("<ns>10</ns>", "<ns>ten</ns>"), "page \"틀:강\"", "\"ten\"");
        fails(xml.replace("옛날", "&nbsp;"), "nbsp");
        fails(xml.replace("옛날", "<b>옛날</b>"), "page \"한강\"", "<b>");
        fails(xml.replace("옛날", "\u0001"), "dump:");
        fails("<html><body/></html>", "wanted a MediaWiki export", "<html>");
        fails("<?xml version=\"1.0\"?><!DOCTYPE mediawiki [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;&a;\">]>\n"
                + xml.replace("옛날", "&b;"), "DOCTYPE");
        byte[] latin = xml.getBytes(StandardCharsets.UTF_8);
        latin[xml.substring(0, xml.indexOf("옛날")).getBytes(StandardCharsets.UTF_8).length] = (byte) 0xff;
        fails(latin, "dump:");
    }

    @Test
    void filesOfOtherForms() throws IOException {
        fails("", "is empty");
        fails("제목\n글\n", "wanted a dump of MediaWiki's", "제목");
        fails(Dumps.export(Dumps.page("틀:강", 10, "틀")), "no article", "1 pages of other namespaces");
        fails("{\"title\": \"강\", \"text\": \"글\"}\n{\"title\": \"둘\"}\n", "dump:2: \"text\" is missing");
        fails("{\"title\": \"\", \"text\": \"글\"}\n", "dump:1: a document without a title");
        fails("<doc id=\"1\" title=\"강\">\n강\n\n글\n", "dump:1: the document \"강\" has no </doc>", "cut short");
        fails("<doc id=\"1\" title=\"강\">\n강\n\n글\n<doc id=\"2\" title=\"둘\">\n</doc>", "dump:5: ",
                "dump:1 has no </doc>");
        fails("<doc id=\"1\">\n강\n</doc>\n", "dump:1: wanted <doc id=... title=");
        fails("<doc id=\"1\" title=\"강\">\n강\n</doc>\n글\n", "dump:4: wanted <doc", "글");
    }

    @Test
    void damagedBzip2() throws IOException {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 20_000; i++) {
            text.append(Integer.toHexString(i * 0x9e3779b9)).append(i % 7 == 0 ? "\n" : " 글 ");
        }
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (BZip2CompressorOutputStream stream = new BZip2CompressorOutputStream(packed, 1)) {
            stream.write(Dumps.export(Dumps.page("글", 0, text.toString())).getBytes(StandardCharsets.UTF_8));
        }
        byte[] whole = packed.toByteArray();
        for (int length : new int[] {3, 4, 10, 14, 40, 200, whole.length / 2, whole.length - 11, whole.length - 1}) {
            fails(Arrays.copyOf(whole, length), "dump: damaged or cut short: ");
        }
        // Every place of the head, some of the rest: no flipped bit goes unnoticed.
        for (int at = 4; at < whole.length; at += at < 300 ? 1 : 997) {
            byte[] damaged = whole.clone();
            damaged[at] ^= (byte) (1 << at % 8);
            fails(damaged, "dump:", "damaged");
        }
        byte[] behind = Arrays.copyOf(whole, whole.length + 5);
        fails(behind, "dump: damaged or cut short: ");
    }

    @Test
    void whatCannotBeReadOrWritten() throws IOException {
        Path dump = Files.writeString(directory.resolve("dump.xml"), Dumps.SMALL);
        Path nowhere = directory.resolve("no/out.txt");
        assertTrue(assertThrows(IOException.class, () -> Dumps.convert(nowhere, dump)).getMessage()
                .startsWith(nowhere + ": cannot be written: its directory does not exist"));
        assertTrue(assertThrows(IllegalArgumentException.class, () -> Dumps.convert(dump, dump)).getMessage()
                .contains("another name"));
        assertThrows(NoSuchFileException.class, () -> Dumps.convert(nowhere, directory.resolve("none")));
        Path empty = Files.createDirectory(directory.resolve("empty"));
        assertTrue(assertThrows(IllegalArgumentException.class, () -> Dumps.convert(nowhere, empty)).getMessage()
                .contains("a directory without files"));
    }
}
