package llams.tokenizer;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntConsumer;
import java.util.function.LongConsumer;

/// Trains a byte-level byte-pair vocabulary: from the 256 bytes on, or from the tokens of another vocabulary, the most
/// frequent pair of adjacent tokens becomes the next token. Pairs never cross the pieces of the pattern.
///
/// The result depends on the texts alone, not on the number of threads nor on the order of the texts: among equally
/// frequent pairs the one with the lower ids wins.
///
/// Memory is bounded whatever the size of the texts: files are read in parts, and only the distinct pieces and their
/// counts are kept. When these would need more memory than allowed, the rarest are forgotten and start again from 0 if
/// they occur later; from then on the result may depend on the order of the texts too, but not on the number of
/// threads. Pieces of more than 65,536 bytes are counted as pieces of that size.
///
/// ```java
/// BpeTrainer trainer = new BpeTrainer(SplitPattern.LLAMA3);
/// trainer.add(Path.of("corpus.txt"));
/// trainer.train(32_000, Tokenizer.llama3Specials()).writeTiktoken(Path.of("tokenizer.model"));
/// ```
public final class BpeTrainer {

    private static final int CHUNK_BYTES = 1 << 22;
    private static final int PIECE_BYTES = 1 << 16;
    private static final long LEAST_MEMORY_BYTES = 1 << 12;

    private final SplitPattern pattern;
    private final int threads;
    private final long memoryBytes;
    private PieceCounts counts = new PieceCounts();
    private long forgottenBelow;

    /// A trainer on all cores that takes up to half of the Java heap.
    public BpeTrainer(SplitPattern pattern) {
        this(pattern, Runtime.getRuntime().availableProcessors());
    }

    /// A trainer on `threads` threads that takes up to half of the Java heap.
    public BpeTrainer(SplitPattern pattern, int threads) {
        this(pattern, threads, Runtime.getRuntime().maxMemory() / 2);
    }

    /// A trainer on `threads` threads that keeps no more pieces than can be trained with in about `memoryBytes`.
    ///
    /// @throws IllegalArgumentException if there are no threads, or less than 4096 bytes
    public BpeTrainer(SplitPattern pattern, int threads, long memoryBytes) {
        if (threads < 1 || memoryBytes < LEAST_MEMORY_BYTES) {
            throw new IllegalArgumentException("threads " + threads + " must be at least 1, memoryBytes " + memoryBytes
                    + " at least " + LEAST_MEMORY_BYTES);
        }
        this.pattern = pattern;
        this.threads = threads;
        this.memoryBytes = memoryBytes;
    }

    /// Counts the pieces of one text.
    public void add(String text) {
        counts.addAll(count(Utf8.bytes(text)));
        forget();
    }

    /// Counts the pieces of a text file, reading it in parts. Bytes that are not UTF-8 count as U+FFFD.
    public void add(Path file) throws IOException {
        add(file, readBytes -> {});
    }

    /// As [#add(Path)]; `progress` is told repeatedly how many more bytes have been counted.
    public void add(Path file, LongConsumer progress) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            TextChunks chunks = new TextChunks(in, CHUNK_BYTES);
            List<byte[]> round = new ArrayList<>();
            for (byte[] chunk = chunks.next(); chunk != null; chunk = chunks.next()) {
                round.add(chunk);
                if (round.size() == threads) {
                    addAll(round, progress);
                }
            }
            addAll(round, progress);
        }
    }

    /// 0, or the least count of a piece that was kept when memory was last short.
    public long forgottenBelow() {
        return forgottenBelow;
    }

    /// The number of distinct pieces counted so far.
    public int pieces() {
        return counts.size();
    }

    private void addAll(List<byte[]> round, LongConsumer progress) {
        for (PieceCounts part : Batch.map(round, this::count, threads)) {
            counts.addAll(part);
            forget();
        }
        progress.accept(round.stream().mapToLong(chunk -> chunk.length).sum());
        round.clear();
    }

    private PieceCounts count(byte[] utf8) {
        int bad = Utf8.firstMalformed(utf8, 0, utf8.length);
        byte[] text = bad == utf8.length ? utf8 : Utf8.bytes(Utf8.decode(utf8, 0, utf8.length));
        PieceCounts part = new PieceCounts();
        for (int p = 0; p < text.length;) {
            int end = pattern.splitter.next(text, p, text.length, true);
            for (; end - p > PIECE_BYTES; p += PIECE_BYTES) {
                part.add(text, p, p + PIECE_BYTES, 1);
            }
            part.add(text, p, end, 1);
            p = end;
        }
        return part;
    }

    /// Makes some room at once, so that this is seldom needed.
    private void forget() {
        if (counts.trainingBytes() <= memoryBytes) {
            return;
        }
        long least = 1;
        while (counts.trainingBytes() > memoryBytes / 4 * 3) {
            least += Math.max(1, least / 4);
            counts = counts.atLeast(least);
        }
        forgottenBelow = Math.max(forgottenBelow, least);
    }

    /// A tokenizer of `size` ordinary tokens, or fewer if no pair occurs twice any more, followed by `specials`.
    public Tokenizer train(int size, List<String> specials) {
        return train(size, specials, made -> {});
    }

    /// As [#train(int,List)]; `progress` is told the number of tokens after each new one.
    ///
    /// @throws IllegalArgumentException if `size` is below 256
    public Tokenizer train(int size, List<String> specials, IntConsumer progress) {
        if (size < 256) {
            throw new IllegalArgumentException(
                    "a byte-level vocabulary has at least the 256 bytes; " + size + " tokens are too few");
        }
        return Tokenizer.of(new PairMerging(counts, Vocabulary.of(bytes()), size).run(progress), specials, pattern);
    }

    /// `base` with up to `more` tokens, as [Tokenizer#with] adds them: training goes on from what `base` makes of the
    /// texts. So each new token is made of two older ones, and merging leads to it.
    ///
    /// @param progress is told the number of ordinary tokens after each new one
    /// @throws IllegalArgumentException if `base` cuts text by another pattern than this trainer
    public Tokenizer extend(Tokenizer base, int more, IntConsumer progress) {
        if (base.pattern() != pattern) {
            throw new IllegalArgumentException("the texts were cut by the pattern " + pattern + ", and this tokenizer"
                    + " cuts by " + base.pattern());
        }
        int size = base.vocabulary.size;
        List<byte[]> tokens = new PairMerging(counts, base.vocabulary, size + more).run(progress);
        return base.with(tokens.subList(size, tokens.size()));
    }

    /// The 256 bytes in the order of GPT-2's and Llama 3's ids: the printable ones first.
    static List<byte[]> bytes() {
        List<byte[]> tokens = new ArrayList<>(256);
        for (int pass = 0; pass < 2; pass++) {
            for (int b = 0; b < 256; b++) {
                boolean printable = ByteLevel.encode(new byte[] {(byte) b}, 0, 1).charAt(0) == b;
                if (printable == (pass == 0)) {
                    tokens.add(new byte[] {(byte) b});
                }
            }
        }
        return tokens;
    }

    static byte[] join(byte[] left, byte[] right) {
        byte[] joined = Arrays.copyOf(left, left.length + right.length);
        System.arraycopy(right, 0, joined, left.length, right.length);
        return joined;
    }
}
