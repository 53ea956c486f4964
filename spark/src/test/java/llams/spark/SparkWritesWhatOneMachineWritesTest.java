package llams.spark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import llams.engine.weights.ConfigJson;
import llams.model.chat.ChatTemplate;
import llams.model.chat.ModelText;
import llams.model.files.ByteProgress;
import llams.trainer.data.Corpus;
import llams.trainer.data.DocumentEncoder;
import llams.trainer.data.Sample;
import llams.trainer.data.SampleReader;
import llams.trainer.data.SpecialText;
import llams.trainer.data.TokenCache;
import llams.model.chat.TrainOn;
import llams.trainer.demo.ExampleData;
import llams.trainer.wiki.KowikiText;
import llams.trainer.wiki.MultistreamDump;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// On a master with two threads in this JVM. The class path is that of Maven's profile `spark`.
class SparkWritesWhatOneMachineWritesTest {
    @TempDir
    static Path directory;

    private static MultistreamDump first;
    private static MultistreamDump second;
    private static Path plain;
    private static KowikiText.Counts counts;

    private record Run(int code, String out, String err) {
        static Run of(Object... arguments) {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            ByteArrayOutputStream err = new ByteArrayOutputStream();
            int code = KowikiJob.run(Stream.of(arguments).map(Object::toString).toArray(String[]::new),
                    new PrintStream(out, true, StandardCharsets.UTF_8),
                    new PrintStream(err, true, StandardCharsets.UTF_8));
            return new Run(code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
        }
    }

    @BeforeAll
    static void make() throws IOException {
        System.setProperty("spark.master", "local[2]");
        System.setProperty("spark.ui.enabled", "false");
        first = new MultistreamDump(directory, "가 1", 230, 20, 1);
        second = new MultistreamDump(directory, "나", 90, 10, 2);
        plain = directory.resolve("plain.txt");
        counts = KowikiText.convert(List.of(first.file, second.file), plain, ByteProgress.SILENT);
    }

    @AfterAll
    static void restore() {
        System.clearProperty("spark.master");
        System.clearProperty("spark.ui.enabled");
    }

    private static List<Path> parts(Path out) throws IOException {
        try (Stream<Path> files = Files.list(out)) {
            return files.filter(file -> file.getFileName().toString().startsWith("part-")).sorted().toList();
        }
    }

    private static byte[] joined(List<Path> parts) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (Path part : parts) {
            Files.copy(part, bytes);
        }
        return bytes.toByteArray();
    }

    private static List<String> texts(List<Path> files) throws IOException {
        List<String> texts = new ArrayList<>();
        for (Path file : files) {
            SampleReader.read(file, sample -> texts.add(((Sample.Text) sample).text()));
        }
        return texts;
    }

    @Test
    void partsOfTextAreThePlainFileInAnyNumber() throws IOException {
        for (int parts : new int[] {1, 4, 1000}) {
            Path out = directory.resolve("out" + parts);
            Run run = Run.of(first.file, second.file, "--out", out, "--parts", parts);
            assertEquals(0, run.code, run.err);
            assertEquals(Math.min(parts, first.offsets.size() + second.offsets.size()), parts(out).size());
            assertTrue(Arrays.equals(Files.readAllBytes(plain), joined(parts(out))));
            assertEquals(counts.summary(out.toString(), "").lines().toList(), run.out.lines().toList());
        }
    }

    @Test
    void parquetHasTheSameTexts() throws IOException {
        Path out = directory.resolve("parquet");
        Run run = Run.of(first.file, second.file, "--out", out, "--parts", 3, "--format", "parquet");
        assertEquals(0, run.code, run.err);
        assertEquals(3, parts(out).size());
        List<String> wanted = texts(List.of(plain));
        assertEquals(counts.articles(), wanted.size());
        assertEquals(wanted, texts(parts(out)));
    }

    @Test
    void tokensAreThoseThatTrainingWouldKeep() throws IOException {
        Path model = model();
        Path out = directory.resolve("tokenized");
        Path cache = directory.resolve("cache");
        Run run = Run.of(first.file, "--out", out, "--parts", 3, "--tokens", cache, "--tokenizer", model);
        assertEquals(0, run.code, run.err);
        List<Path> made = tokenFiles(cache);
        assertEquals(3, made.size());
        DocumentEncoder encoder = DocumentEncoder.of(ModelText.of(model, ChatTemplate.TRAINING),
                ConfigJson.readFile(model.resolve("config.json")).vocab(), SpecialText.TEXT, TrainOn.ASSISTANT);
        Path own = directory.resolve("own");
        Corpus.load(parts(out), encoder, null, TokenCache.in(own));
        List<Path> wanted = tokenFiles(own);
        for (int i = 0; i < 3; i++) {
            assertEquals(wanted.get(i).getFileName(), made.get(i).getFileName());
            assertEquals(-1, Files.mismatch(wanted.get(i), made.get(i)));
        }
        // A run with this cache writes nothing new.
        Corpus.load(parts(out), encoder, null, TokenCache.in(cache));
        assertEquals(made, tokenFiles(cache));
    }

    private static Path model() throws IOException {
        Path model = directory.resolve("model");
        ExampleData.write(model);
        Path tokenizer = Path.of(System.getProperty("llams.root"), "trainer/src/test/resources/golden2/gguf/tokenizer");
        Files.copy(tokenizer.resolve("tokenizer.json"), model.resolve("tokenizer.json"));
        return model;
    }

    private static List<Path> tokenFiles(Path cache) throws IOException {
        try (Stream<Path> files = Files.list(cache)) {
            return files.filter(file -> file.toString().endsWith(".tokens")).sorted().toList();
        }
    }

    private void refused(int code, String message, Object... arguments) {
        Run run = Run.of(arguments);
        assertEquals(code, run.code, run.err);
        assertEquals(1, run.err.lines().count(), run.err);
        assertTrue(run.err.contains(message), run.err);
    }

    @Test
    void whatIsWrongIsOneLineAndLeavesNothing() throws IOException {
        Path out = directory.resolve("refused");
        refused(2, "Missing required", first.file);
        refused(2, "--parts must be 1 or more", first.file, "--out", out, "--parts", 0);
        refused(2, "--tokens needs --tokenizer", first.file, "--out", out, "--tokens", out);
        refused(2, "--index: 1 for 2 dumps", first.file, second.file, "--index", first.index, "--out", out);
        refused(1, " exists; name a new directory", first.file, "--out", directory);
        Path unfinished = Files.createDirectory(directory.resolve("refused.unfinished"));
        refused(1, "refused.unfinished exists: another job", first.file, "--out", out);
        Files.delete(unfinished);
        refused(1, "its name lacks", plain, "--out", out);
        refused(1, "none-multistream-index.txt.bz2", directory.resolve("none-multistream.xml.bz2"), "--out", out);
        refused(1, "or the index is of another dump", first.file, "--index", second.index, "--out", out);
        refused(1, "wanted a multistream dump", plain, "--index", second.index, "--out", out);
        byte[] bytes = Files.readAllBytes(first.file);
        bytes[first.offsets.get(5).intValue() + 40] ^= 1;
        Path damaged = Files.write(directory.resolve("damaged.bz2"), bytes);
        refused(1, "damaged.bz2 from byte " + first.offsets.get(5) + ": damaged", damaged, "--index", first.index,
                "--out", out);
        assertFalse(Files.exists(out));
        Path talk = directory.resolve("talk");
        Files.createDirectories(talk);
        MultistreamDump empty = new MultistreamDump(talk, "talk", 1, 1, _ -> "{{표}}");
        refused(1, "no article in " + empty.file + ": 0 redirects, 0 pages of other namespaces, 1 without text; ",
                empty.file, "--out", out);
        assertFalse(Files.exists(out));
    }
}
