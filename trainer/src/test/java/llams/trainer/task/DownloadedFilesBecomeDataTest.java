package llams.trainer.task;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import llams.model.files.DataException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Each form in which the benchmarks are downloaded, with rows that were made up.
class DownloadedFilesBecomeDataTest {
    private static final String LINES = """
            {"question":"곰은?","A":"잔다","B":"난다, \\"늘\\"","C":"운다","D":"긴다","answer":1,"Category":"Biology"}
            {"question":"새는?","A":"긴다","B":"난다","C":"두\\n줄","D":"운다","answer":2,"Category":"Law"}
            """;
    private static final String PROMPT = "곰은?\nA. 잔다\nB. 난다, \"늘\"\nC. 운다\nD. 긴다\n정답： A";

    @TempDir
    Path directory;

    private TaskData.Written convert(String task, String name, String content) throws IOException {
        Path file = Files.writeString(directory.resolve(name), content);
        return TaskData.write(Tasks.find(task), List.of(file), directory.resolve("out.jsonl"));
    }

    private String written() throws IOException {
        return Files.readString(directory.resolve("out.jsonl"));
    }

    @Test
    void jsonl() throws IOException {
        assertEquals(new TaskData.Written(2, PROMPT), convert("kmmlu", "test.jsonl", LINES));
        assertEquals(LINES, written());
    }

    @Test
    void aJsonList() throws IOException {
        convert("kmmlu", "test.json", "[\n" + LINES.strip().replace("}\n{", "},\n{") + "]");
        assertEquals(LINES, written());
    }

    @Test
    void theAnswerOfTheDatasetServer() throws IOException {
        String rows = LINES.strip().replace("}\n{", "},\"truncated_cells\":[]},{\"row_idx\":1,\"row\":{");
        String answer = "{\"features\":[{\"name\":\"question\"}],\"rows\":[{\"row_idx\":0,\"row\":" + rows
                + ",\"truncated_cells\":[]}],\"num_rows_total\":2}";
        convert("kmmlu", "rows.json", answer);
        assertEquals(LINES, written());
        String cut = answer.replace("\"row_idx\":0,\"row\"", "\"row_idx\":0,\"truncated_cells\":[\"question\"],\"row\"")
                .replaceFirst(",\"truncated_cells\":\\[\\]}", "}");
        assertFails("rows.json:1[0]: the dataset server cut [\"question\"] short", "rows.json", cut);
    }

    @ParameterizedTest
    @CsvSource({"test.csv, ','", "test.tsv, '\t'"})
    void commasAndTabs(String name, String separator) throws IOException {
        String table = """
                question|answer|A|B|C|D|Category
                곰은?|1|잔다|"난다, ""늘""\"|운다|긴다|Biology
                새는?|2|긴다|난다|"두
                줄"|운다|Law
                """.replace("|", separator);
        assertEquals(new TaskData.Written(2, PROMPT),
                convert("kmmlu", name, "\uFEFF" + table.replace("긴다" + separator + "Law\n", "긴다" + separator + "Law")));
        assertTrue(written().contains("\"C\":\"두\\n줄\""), written());
    }

    /// As everything else reads it.
    @Test
    void parquetAndCompressedFiles() throws IOException {
        Path file = Path.of("src/test/resources/llams/trainer/task/kmmlu.parquet");
        assertEquals(new TaskData.Written(2, PROMPT),
                TaskData.write(Tasks.find("kmmlu"), List.of(file), directory.resolve("out.jsonl")));
        assertEquals(LINES, written());
        Path packed = directory.resolve("test.jsonl.gz");
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(packed))) {
            out.write(LINES.getBytes(StandardCharsets.UTF_8));
        }
        TaskData.write(Tasks.find("kmmlu"), List.of(packed), directory.resolve("out.jsonl"));
        assertEquals(LINES, written());
    }

    @Test
    void severalFilesAreSubjects() throws IOException {
        String line = "{\"query\":\"곰은?\\n(A) 잔다\",\"answer\":\"(A)\"}\n";
        for (String subject : List.of("history", "loan_words")) {
            Files.createDirectories(directory.resolve(subject));
            Files.writeString(directory.resolve(subject + "/test-00000-of-00001.jsonl"), line);
            Files.writeString(directory.resolve(subject + "-test.jsonl"), line);
        }
        for (String form : List.of("%s/test-00000-of-00001.jsonl", "%s-test.jsonl")) {
            TaskData.write(Tasks.find("haerae"), List.of(directory.resolve(form.formatted("history")),
                    directory.resolve(form.formatted("loan_words"))), directory.resolve("out.jsonl"));
            assertEquals(
                    line.replace("}", ",\"subject\":\"history\"}") + line.replace("}", ",\"subject\":\"loan_words\"}"),
                    written());
        }
    }

    private void assertFails(String message, String name, String content) {
        String said = assertThrows(DataException.class, () -> convert("kmmlu", name, content)).getMessage();
        assertTrue(said.contains(message), said);
    }

    @Test
    void whatCannotBeReadIsNamed() {
        assertFails("test.arrow: files in .arrow form are not read; wanted .jsonl, .json, .csv, .tsv or .parquet",
                "test.arrow", "ARROW1");
        assertFails("test.parquet: not a Parquet file", "test.parquet", "PAR1");
        assertFails("test.csv:3: has 2 fields, but the first line names 3 columns", "test.csv", "a,b,c\n1,2,3\n1,2\n");
        assertFails("test.csv: Unclosed quoted field at end of input (record starting at line 2)", "test.csv",
                "a,b\n1,\"2\n3,4\n");
        assertFails("test.csv: Unexpected character after closing quote: 'x'", "test.csv", "a,b\n1,\"2\"x\n");
        assertFails("test.jsonl:1: not JSON", "test.jsonl", "{\"a\": }\n");
        assertFails("no row in it", "test.csv", "a,b\n");
        assertFails("test.jsonl:2: \"D\" is missing, which the template at kmmlu:", "test.jsonl",
                LINES.replace(",\"D\":\"운다\"", ""));
        assertFails(
                "test.jsonl:2: the right answer is \"4\"; wanted one of the choices [A, B, C, D], or its index from 0"
                        + " to 3",
                "test.jsonl", LINES.replace("\"answer\":2", "\"answer\":5"));
    }
}
