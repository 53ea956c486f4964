package llams.trainer.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.stream.Stream;
import llams.engine.OtherJvm;
import llams.engine.io.NoRoomException;
import llams.model.PassingDisk;
import llams.model.chat.ChatTemplate;
import llams.model.chat.ModelText;
import llams.model.chat.TrainOn;
import llams.model.files.DataException;
import llams.model.files.Sha256;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A file whose tokens are kept is trained on as one that is in memory is, and what is kept is whole, or is not used.
class TokensAreKeptTest {
    private static final Path TOKENIZER = Path.of("src/test/resources/golden2/gguf/tokenizer");

    @TempDir
    Path directory;

    private Path kept;
    private DocumentEncoder encoder;

    @BeforeEach
    void open() throws IOException {
        kept = directory.resolve("cache");
        encoder = encoder();
    }

    /// One whose tokens can be kept.
    static DocumentEncoder encoder() throws IOException {
        return encoder(TOKENIZER, SpecialText.TEXT, TrainOn.ASSISTANT);
    }

    private static DocumentEncoder encoder(Path tokenizer, SpecialText special, TrainOn on) throws IOException {
        ModelText text = ModelText.of(tokenizer, ChatTemplate.TRAINING);
        return DocumentEncoder.of(text, text.tokenizer().size(), special, on);
    }

    /// Of every kind of document: text, conversations, ids with other labels, unusable and empty rows.
    private Path mixed(String name) throws IOException {
        String rows = """
                {"text": "Seoul is the capital of Korea.", "source": 1}
                {"messages": [{"role": "user", "content": "Hi <|eot_id|>"}, {"role": "assistant", "content": "Hello!"}]}
                {"ids": [5, 6, 7, 8], "labels": [-100, 9, -100, 8]}
                {"text": ""}
                {"nothing": true}
                {"ids": [1, 2, 3]}
                """;
        return Fixtures.file(directory, name, rows.repeat(12) + "{\"text\": \"" + "long ".repeat(30_000) + "\"}\n");
    }

    private Reading reading(DocumentEncoder by) {
        return new Reading(by, RowForm.SAMPLE, Columns.NONE, 100, TokenCache.in(kept), ReadingListener.SILENT);
    }

    private Corpus load(Path file) throws IOException {
        return Corpus.load(List.of(file), encoder, 100, TokenCache.in(kept));
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> files = Files.list(kept)) {
            return files.filter(file -> file.toString().endsWith(".tokens")).toList();
        }
    }

    private static void assertSame(Corpus memory, Corpus cached) {
        assertEquals(memory.documents().stream().toList(), cached.documents().stream().toList());
        assertEquals(memory.documents().stream().map(Document::origin).toList(),
                cached.documents().stream().map(Document::origin).toList());
        assertEquals(memory.textBytes(), cached.textBytes());
        assertEquals(memory.conversations(), cached.conversations());
        assertEquals(memory.empty(), cached.empty());
        assertEquals(memory.notes(), cached.notes().stream().filter(note -> !note.contains("kept in")).toList());
        for (boolean pack : new boolean[] {true, false}) {
            PackedDataset expected = new PackedDataset(memory.documents(), 50, pack);
            PackedDataset actual = new PackedDataset(cached.documents(), 50, pack);
            assertEquals(expected.statistics(), actual.statistics());
            assertEquals(expected.fingerprint(), actual.fingerprint());
        }
    }

    @Test
    void whatIsKeptEqualsWhatIsInMemory() throws IOException {
        for (String content : List.of(Files.readString(mixed("a.jsonl")), "[{\"text\": \"a\"}, {\"text\": \"b\"}]",
                "Plain text.\n\nIt goes on.\n<|endoftext|>\nAnother.\n", " = Title = \n\nAn article.\n")) {
            Path file = Fixtures.file(directory, content.startsWith("{") ? "x.jsonl" : "x.txt", content);
            Corpus memory = Corpus.load(List.of(file), encoder, 100, null);
            assertSame(memory, load(file));
            assertSame(memory, load(file));
            assertSame(Corpus.load(List.of(file, file), encoder, 100, null),
                    Corpus.load(List.of(file, file), encoder, 100, TokenCache.in(kept)));
        }
        assertEquals(4, files().size());
    }

    @Test
    void aFileIsFoundByItsContentAndWhatDecidesItsTokens() throws IOException {
        Path file = mixed("a.jsonl");
        load(file);
        Path copy = Files.copy(file, Files.createDirectories(directory.resolve("other")).resolve("b.jsonl"));
        Corpus found = load(copy);
        assertEquals(1, files().size());
        assertSame(Corpus.load(List.of(copy), encoder, 100, null), found);
        assertTrue(found.documents().origin(0).startsWith(copy + ":1"), found.documents().origin(0));
        encoder = encoder(TOKENIZER, SpecialText.PARSE, TrainOn.ASSISTANT);
        load(file);
        encoder = encoder(TOKENIZER, SpecialText.TEXT, TrainOn.HEADER);
        load(file);
        Path changed = Files.createDirectories(directory.resolve("model"));
        for (String name : List.of("tokenizer.json", "tokenizer_config.json")) {
            Files.copy(TOKENIZER.resolve(name), changed.resolve(name));
        }
        encoder = encoder(changed, SpecialText.TEXT, TrainOn.ASSISTANT);
        load(file);
        assertEquals(3, files().size(), "a copy of the same tokenizer is the same");
        Files.writeString(changed.resolve("chat_template.jinja"), "{{ messages[0].content }}");
        encoder = encoder(changed, SpecialText.TEXT, TrainOn.ALL);
        assertSame(Corpus.load(List.of(file), encoder, 100, null), load(file));
        assertEquals(4, files().size());
        Files.writeString(file, Files.readString(file).replace("Seoul", "Busan"));
        assertSame(Corpus.load(List.of(file), encoder, 100, null), load(file));
        assertEquals(5, files().size());
    }

    @Test
    void damageIsNoticedAndWrittenAnew() throws IOException {
        Path file = mixed("a.jsonl");
        Corpus memory = Corpus.load(List.of(file), encoder, 100, null);
        load(file);
        Path tokens = files().getFirst();
        byte[] good = Files.readAllBytes(tokens);
        for (int at = 0; at < good.length; at += 1 + good.length / 9) {
            byte[] bad = good.clone();
            bad[at] ^= 0x40;
            Files.write(tokens, bad);
            assertSame(memory, load(file));
        }
        for (int from = good.length - 36; from < good.length; from += 5) {
            byte[] bad = good.clone();
            bad[from] ^= 1;
            Files.write(tokens, bad);
            assertSame(memory, load(file));
        }
        for (int length : new int[] {0, 36, good.length - 1}) {
            Files.write(tokens, java.util.Arrays.copyOf(good, length));
            assertSame(memory, load(file));
        }
        assertEquals(1, files().size());
    }

    @Test
    void onAFullDiskNothingIsLeft() throws IOException {
        Path file = mixed("a.jsonl");
        PassingDisk full = new PassingDisk() {
            @Override
            protected void writing(Path written, ByteBuffer bytes, long position) throws IOException {
                if (position > 0) {
                    throw new IOException("No space left on device");
                }
            }
        };
        IOException e = assertThrows(NoRoomException.class, () -> full.during(() -> load(file)));
        assertTrue(e.getMessage().contains("`cache none`"), e.getMessage());
        try (Stream<Path> left = Files.list(kept)) {
            assertFalse(left.anyMatch(path -> path.toString().contains(".tokens")));
        }
        assertSame(Corpus.load(List.of(file), encoder, 100, null), load(file));
    }

    @Test
    void aFileThatCannotBeUsedLeavesNothing() throws IOException {
        Path file = Fixtures.file(directory, "bad.jsonl", "{\"a\": 1}\n");
        assertThrows(DataException.class, () -> load(file));
        assertEquals(List.of(), files());
    }

    @Test
    void severalAtOnceGetTheSame() throws Exception {
        Path file = mixed("a.jsonl");
        Corpus memory = Corpus.load(List.of(file), encoder, 100, null);
        try (var threads = Executors.newFixedThreadPool(4)) {
            List<Callable<Corpus>> loads = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                loads.add(() -> load(file));
            }
            for (Future<Corpus> one : threads.invokeAll(loads)) {
                assertSame(memory, one.get());
            }
        }
        assertEquals(1, files().size());
    }

    /// Holds the place where programs write tokens, until another waits for it.
    static final class Writer {
        public static void main(String[] args) throws Exception {
            Path directory = Path.of(args[0]);
            try (FileChannel lock = FileChannel.open(directory.resolve("in-use.lock"), StandardOpenOption.CREATE,
                    StandardOpenOption.WRITE)) {
                lock.lock();
                Files.createFile(directory.resolve("held"));
                while (Files.notExists(directory.resolve("waited"))) {
                    Thread.sleep(5);
                }
            }
        }
    }

    @Test
    void anotherProgramThatWritesThemIsWaitedFor() throws Exception {
        Path file = mixed("a.jsonl");
        Files.createDirectories(kept);
        FutureTask<OtherJvm.Run> writer = new FutureTask<>(
                () -> OtherJvm.run(List.of(), List.of(), Writer.class, kept.toString()));
        Thread.startVirtualThread(writer);
        while (Files.notExists(kept.resolve("held"))) {
            assertFalse(writer.isDone(), "it ended without a lock");
            Thread.sleep(5);
        }
        List<String> waited = new ArrayList<>();
        ReadingListener listener = new ReadingListener() {
            @Override
            public void waiting(String name) {
                waited.add(name);
                Fixtures.file(kept, "waited", "");
            }
        };
        Corpus corpus = Corpus.load(List.of(DataSource.of(file)),
                new Reading(encoder, RowForm.SAMPLE, Columns.NONE, 100, TokenCache.in(kept), listener));
        assertEquals(0, writer.get().exitCode(), writer.get().output());
        assertEquals(List.of(file.toString()), waited);
        assertSame(Corpus.load(List.of(file), encoder, 100, null), corpus);
        assertEquals(1, files().size());
    }

    @Test
    void aLargeFileIsReadOnceForItsHash() throws IOException {
        Path file = directory.resolve("large");
        FileTime longAgo = FileTime.from(Instant.now().minusSeconds(3600));
        Files.write(file, new byte[(int) TokenCache.LARGE_BYTES]);
        Files.setLastModifiedTime(file, longAgo);
        String hash = TokenCache.in(kept).hash(file);
        assertEquals(Sha256.ofFile(file), hash);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(new byte[] {1}), 5);
        }
        Files.setLastModifiedTime(file, longAgo);
        assertEquals(hash, TokenCache.in(kept).hash(file), "size and time tell that it is as it was");
        Files.setLastModifiedTime(file, FileTime.from(longAgo.toInstant().plusSeconds(1)));
        assertEquals(Sha256.ofFile(file), TokenCache.in(kept).hash(file));
    }

    @Test
    void smallFilesStayInMemoryUnlessADirectoryIsNamed() throws IOException {
        Path file = mixed("a.jsonl");
        assertFalse(TokenCache.standard().keeps(file, reading(encoder)));
        assertTrue(TokenCache.in(kept).keeps(file, reading(encoder)));
        assertFalse(TokenCache.in(kept).keeps(Path.of("-"), reading(encoder)));
        assertFalse(TokenCache.in(kept).keeps(file, reading(Fixtures.encoder())),
                "a tokenizer without files has no name");
        Path home = Path.of("home");
        assertEquals(Path.of("home/.cache/llams"), TokenCache.directory(Map.of(), home));
        assertEquals(Path.of("x/llams"), TokenCache.directory(Map.of("XDG_CACHE_HOME", "x"), home));
        assertEquals(Path.of("y"), TokenCache.directory(Map.of("XDG_CACHE_HOME", "x", "LLAMS_CACHE", "y"), home));
    }

    @Test
    void whatIsKeptCanBeListedAndCleared() throws IOException {
        TokenCache cache = TokenCache.in(kept);
        assertEquals(List.of(), cache.entries());
        Path file = mixed("a.jsonl");
        Corpus corpus = load(file);
        TokenCache.Entry entry = cache.entries().getFirst();
        assertEquals(file.toString(), entry.dataFile());
        assertEquals(corpus.documents().size(), entry.documents());
        assertNotEquals(0, cache.clear());
        assertEquals(List.of(), cache.entries());
    }
}
