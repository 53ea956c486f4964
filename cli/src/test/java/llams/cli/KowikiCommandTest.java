package llams.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KowikiCommandTest {
    private static final String DUMP = """
            <mediawiki xml:lang="ko">
            <page><title>한강</title><ns>0</ns><revision><text>'''한강'''은 [[강]]이다.</text></revision></page>
            <page><title>漢江</title><ns>0</ns><revision><text>#넘겨주기 [[한강]]</text></revision></page>
            <page><title>토론:한강</title><ns>1</ns><revision><text>말</text></revision></page>
            <page><title>표</title><ns>0</ns><revision><text>{{표}}</text></revision></page>
            </mediawiki>
            """;

    @TempDir
    Path directory;

    private Path dump(String content) throws IOException {
        return Files.writeString(directory.resolve("dump.xml"), content);
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.sorted().toList();
        }
    }

    @Test
    void itWritesTheArticlesAndCountsWhatItLeavesOut() throws IOException {
        Path out = directory.resolve("kowiki.txt");
        Llams run = Llams.run("data", "kowiki", dump(DUMP).toString(), "--out", out.toString());
        assertEquals(0, run.code(), run.err());
        assertEquals("= 한강 =\n\n한강은 강이다.\n\n", Files.readString(out));
        assertEquals(out + ": 1 articles, 34 bytes of text\n"
                + "left out: 1 redirects, 1 pages of other namespaces, 1 articles without text\n", run.out());
        assertTrue(run.err().contains("reading"), run.err());
        Llams json = Llams.run("data", "kowiki", dump(DUMP).toString(), "--out", out.toString(), "--json");
        assertEquals(
                "{\"out\":\"" + out + "\",\"articles\":1,\"redirects\":1,\"otherPages\":1,\"empty\":1,\"bytesRead\":"
                        + Files.size(directory.resolve("dump.xml"))
                        + ",\"bytesWritten\":34,\"sentencesLeftOut\":0,\"unknownTemplates\":{}}\n",
                json.out());
    }

    @Test
    void sentencesThatATemplateCostsAreCountedByItsName() throws IOException {
        StringBuilder text = new StringBuilder("한강은 강이다.\n{{가}}이다. {{가}}였다. {{나}}이다.\n");
        for (int i = 0; i < 12; i++) {
            text.append("{{틀 ").append(i).append("}}이다.\n");
        }
        Path out = directory.resolve("kowiki.txt");
        String dump = dump(DUMP.replace("'''한강'''은 [[강]]이다.", text)).toString();
        Llams run = Llams.run("data", "kowiki", dump, "--out", out.toString());
        assertEquals("= 한강 =\n\n한강은 강이다.\n\n", Files.readString(out));
        assertTrue(run.out().contains("left out: 15 sentences that depend on unknown templates: 가 2, 나 1, 틀 0 1,"),
                run.out());
        assertTrue(run.out().contains(", and 4 more names (all with --json)"), run.out());
        Llams json = Llams.run("data", "kowiki", dump, "--out", out.toString(), "--json");
        assertTrue(json.out().contains("\"sentencesLeftOut\":15,\"unknownTemplates\":{\"가\":2,\"나\":1,"), json.out());
        assertTrue(json.out().contains("\"틀 9\":1"), json.out());
    }

    @Test
    void aDamagedDumpIsOneLineAndLeavesNothing() throws IOException {
        Path dump = dump(DUMP.substring(0, 200));
        Llams run = Llams.run("data", "kowiki", dump.toString(), "--out", directory.resolve("kowiki.txt").toString());
        assertEquals(1, run.code());
        String last = run.err().lines().toList().getLast();
        assertTrue(last.startsWith("llams: " + dump + ":3: in or after page \"漢江\": damaged or cut short: "), last);
        assertEquals(List.of(dump), files());
        assertEquals("", run.out());
    }

    @Test
    void wrongUsageSaysWhatIsMissing() {
        assertEquals(2, Llams.run("data", "kowiki", "dump.xml").code());
        assertEquals(2, Llams.run("data", "kowiki", "--out", "x").code());
        assertEquals(2, Llams.run("data").code());
        Llams spark = Llams.run("data", "kowiki", "dump.xml.bz2", "--spark", "spark://head:7077");
        assertEquals(2, spark.code());
        assertTrue(spark.err().contains("spark-submit --master spark://head:7077 llams-spark.jar"), spark.err());
        Llams missing = Llams.run("data", "kowiki", directory.resolve("none.xml").toString(), "--out", "x");
        assertEquals(1, missing.code());
        assertTrue(missing.err().contains("none.xml: no such file or directory"), missing.err());
    }
}
