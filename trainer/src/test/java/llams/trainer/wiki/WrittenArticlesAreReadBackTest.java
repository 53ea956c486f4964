package llams.trainer.wiki;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Pattern;
import llams.engine.Golden;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WrittenArticlesAreReadBackTest {
    private static final String TEXT = """
            = 한강 =

            한강은 강이다.

            = = 역사  = =

            옛날부터 흐른다.

            = ＝ =

            등호이다.

            = 금강  =

            제목처럼 보이는 줄이 위에 있다.

            = A & "B" =

            이름에 기호가 있다.

            """;

    @TempDir
    Path directory;

    private Path file(String name, String content) throws IOException {
        Path file = directory.resolve(name);
        Files.createDirectories(file.getParent());
        return Files.writeString(file, content);
    }

    @Test
    void aDumpBecomesItsArticles() throws IOException {
        Path out = directory.resolve("out.txt");
        Path dump = file("dump.xml", Dumps.SMALL);
        assertEquals(new KowikiText.Counts(3, 2, 1, 1, 0, Map.of(), Files.size(dump),
                TEXT.getBytes(StandardCharsets.UTF_8).length), Dumps.convert(out, dump));
        assertEquals(TEXT, Files.readString(out));
        assertEquals(List.of("= 한강 =", "= ＝ =", "= A & \"B\" ="), Dumps.titles(out));
        assertEquals(List.of(dump, out), Dumps.files(directory));
    }

    /// As the dumps' multistream files: bzip2 streams behind one another, cut anywhere.
    @Test
    void aPackedDumpOfManyStreamsBecomesTheSame() throws IOException {
        byte[] xml = Dumps.SMALL.getBytes(StandardCharsets.UTF_8);
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        for (int from = 0; from < xml.length; from += 700) {
            try (BZip2CompressorOutputStream stream = new BZip2CompressorOutputStream(packed, 1)) {
                stream.write(xml, from, Math.min(700, xml.length - from));
            }
        }
        Path dump = Files.write(directory.resolve("dump.xml.bz2"), packed.toByteArray());
        Path out = directory.resolve("out.txt");
        assertEquals(3, Dumps.convert(out, dump).articles());
        assertEquals(TEXT, Files.readString(out));
    }

    @Test
    void extractedTextBecomesItsArticles() throws IOException {
        file("text/AA/wiki_00", """
                <doc id="1" url="https://example.org/?curid=1" title="한강">
                한강

                한강(, )은 강이다.
                역사.
                옛날부터 &lt;흐른다&gt;. A&amp;M
                [[분류:강]]
                </doc>
                <doc id="2" url="https://example.org/?curid=2" title="이름 "둘"">
                이름 "둘"

                글이다.
                </doc>
                """);
        file("text/AB/wiki_00", "<doc id=\"3\" url=\"x\" title=\"빈\">\n빈\n\n</doc>\n");
        file("text/AB/.wiki_01", "no text");
        Path json = file("wiki.json", "{\"id\": \"4\", \"title\": \"금강\", \"text\": \"금강이다.\\n끝.\"}\n\n");
        Path out = directory.resolve("out.txt");
        KowikiText.Counts counts = Dumps.convert(out, directory.resolve("text"), json);
        assertEquals("""
                = 한강 =

                한강은 강이다.
                역사.
                옛날부터 <흐른다>. A&M

                = 이름 "둘" =

                글이다.

                = 금강 =

                금강이다.
                끝.

                """, Files.readString(out));
        assertEquals(3, counts.articles());
        assertEquals(1, counts.empty());
    }

    /// Lines that could be taken for titles, in every place of a body.
    @Test
    void noLineOfABodySplitsIt() throws IOException {
        List<String> pages = new ArrayList<>();
        List<String> titles = new ArrayList<>();
        for (String line : List.of("= 강 =", " = 강 = ", "=강=", "= 강=", "=강 =", "= = 강 =", "= 강 = =", "= 강 =&nbsp;",
                "==  강 ==", "= =", "<nowiki>= 강 =</nowiki>", "&#61; 강 =", "= ''강'' =<!-- -->", "* = 강 =", "{{틀}}= 강 =",
                "= 강 =\u2028", "= \u3000 =")) {
            for (String body : List.of("%s", "글\n\n%s\n\n글", "%s\n\n글", "글\n\n== 가 ==\n%s\n== 나 ==\n글", "글\n\n%s",
                    "글\n== 각주 ==\n\n%s\n\n글")) {
                pages.add(Dumps.page("제목 " + pages.size(), 0, "글이 있다.\n" + body.formatted(line)));
                titles.add("= 제목 " + titles.size() + " =");
            }
        }
        Path out = directory.resolve("out.txt");
        Dumps.convert(out, file("dump.xml", Dumps.export(pages.toArray(String[]::new))));
        assertEquals(titles, Dumps.titles(out));
    }

    /// Marks in any order: none is an error, and none splits an article.
    @Test
    void anyMarkupIsReadBack() throws IOException {
        String[] marks = {"{{", "}}", "[[", "]]", "[", "]", "{|", "|}", "|", "\n", "\n\n", "= ", " =", "==", " ", "''",
                "<ref>", "</ref>", "<ref/>", "<!--", "-->", "<nowiki>", "</nowiki>", "<br/>", "<div>", "<", ">", "&",
                "&lt;", "&#61;", "&#10;", "__", "__TOC__", "http://a", "[http://b ", "(", ")", ",", "*", ":", "#", "《",
                "》", "강", "가 나", "a=b", "lang|", "nowrap|", "파일:", "분류:", "각주", "-", "\t"};
        Random random = new Random(3);
        List<String> pages = new ArrayList<>();
        List<String> titles = new ArrayList<>();
        for (int i = 0; i < 5_000; i++) {
            StringBuilder text = new StringBuilder("글이 있다.\n");
            for (int mark = random.nextInt(60); mark > 0; mark--) {
                text.append(marks[random.nextInt(marks.length)]);
            }
            pages.add(Dumps.page("제목 " + i, 0, text.toString()));
            titles.add("= 제목 " + i + " =");
        }
        Path out = directory.resolve("out.txt");
        Dumps.convert(out, file("dump.xml", Dumps.export(pages.toArray(String[]::new))));
        assertEquals(titles, Dumps.titles(out));
    }

    @Test
    void theLastRevisionCounts() throws IOException {
        Path dump = file("dump.xml", Dumps.export("<page><title>글</title><ns>0</ns><revision><text>옛글</text></revision>"
                + "<revision><text>새글</text></revision></page>"));
        Path out = directory.resolve("out.txt");
        Dumps.convert(out, dump);
        assertEquals("= 글 =\n\n새글\n\n", Files.readString(out));
    }

    /// More than the JDK's limits on entities allow.
    @Test
    void aDumpMayHaveAnyNumberOfEscapedCharacters() throws IOException {
        String line = "<b>가</b> & \"나\"\n";
        Path out = directory.resolve("out.txt");
        Dumps.convert(out,
                file("dump.xml", Dumps.export(Dumps.page("글", 0, line.repeat(100_000)), Dumps.page("또", 0, line))));
        assertEquals("= 글 =\n\n" + "가 & \"나\"\n".repeat(100_000) + "\n= 또 =\n\n가 & \"나\"\n\n", Files.readString(out));
    }

    @Test
    void realExtractedTextHasAnArticleForEveryDocument() throws IOException {
        Path sample = Golden.besideOrSkip("shared/data/kowiki/wikiextractor_AA_wiki_01.xmlish");
        String text = Files.readString(sample);
        long documents = text.lines().filter(line -> line.startsWith("<doc ")).count();
        // WikiExtractor writes titles without text where an article is no more than a table or a list.
        long empty = Pattern.compile("<doc [^\n]*>\n[^\n]*\n\\s*</doc>").matcher(text).results().count();
        Path out = directory.resolve("out.txt");
        KowikiText.Counts counts = Dumps.convert(out, sample);
        assertEquals(empty, counts.empty());
        assertEquals(documents - empty, counts.articles());
        assertEquals(documents - empty, Dumps.titles(out).size());
        assertTrue(Files.readString(out).lines().noneMatch(line -> line.contains("()") || line.contains("《")));
        // Bars of links and templates go with their markup, those of an absolute value stay.
        List<String> barred = Files.readString(out).lines().filter(line -> line.contains("|")).toList();
        assertEquals(1, barred.size(), barred::toString);
        assertTrue(barred.getFirst().contains("거리 |\"r\"|만큼"), barred::toString);
    }
}
