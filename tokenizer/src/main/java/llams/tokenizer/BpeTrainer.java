package llams.tokenizer;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntConsumer;

/// Trains a byte-level byte-pair vocabulary: from the 256 bytes on, the most frequent pair of adjacent tokens becomes the next
/// token. Pairs never cross the pieces of the pattern.
///
/// The result depends on the texts alone, not on the number of threads nor on the order of the texts: of pairs equally frequent
/// the one with the lower ids is taken. Memory is bounded by the number of different pieces that are counted; when there are more,
/// the rarest are forgotten, from when on the result may depend on the order too.
///
/// ```java
/// BpeTrainer trainer = new BpeTrainer(SplitPattern.LLAMA3);
/// trainer.add(Path.of("corpus.txt"));
/// trainer.train(32_000, Tokenizer.llama3Specials()).writeTiktoken(Path.of("tokenizer.model"));
/// ```
public final class BpeTrainer {

    /// Different pieces kept at most, unless a constructor says otherwise: about 500 MB.
    public static final int DEFAULT_PIECES = 8_000_000;

    private static final int CHUNK_BYTES = 1 << 21;

    private final SplitPattern pattern;
    private final int threads;
    private final int mostPieces;
    private PieceCounts counts = new PieceCounts();

    /// A trainer on all cores.
    public BpeTrainer(SplitPattern pattern) {
        this(pattern, Runtime.getRuntime().availableProcessors(), DEFAULT_PIECES);
    }

    /// A trainer on `threads` threads that keeps at most `mostPieces` different pieces.
    public BpeTrainer(SplitPattern pattern, int threads, int mostPieces) {
        if (threads < 1 || mostPieces < 1) {
            throw new IllegalArgumentException("threads " + threads + " and pieces " + mostPieces + " must be at least 1");
        }
        this.pattern = pattern;
        this.threads = threads;
        this.mostPieces = mostPieces;
    }

    /// Counts the pieces of one text.
    public void add(String text) {
        counts.addAll(count(Utf8.bytes(text)));
        forget();
    }

    /// Counts the pieces of a text file, reading it in parts. Bytes that are no UTF-8 count as U+FFFD.
    public void add(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            TextChunks chunks = new TextChunks(in, CHUNK_BYTES, pattern);
            List<byte[]> round = new ArrayList<>();
            for (byte[] chunk = chunks.next(); chunk != null; chunk = chunks.next()) {
                round.add(chunk);
                if (round.size() == threads) {
                    addAll(round);
                }
            }
            addAll(round);
        }
    }

    /// The number of different pieces counted so far.
    public int pieces() {
        return counts.size();
    }

    private void addAll(List<byte[]> round) {
        for (PieceCounts part : Batch.map(round, this::count, threads)) {
            counts.addAll(part);
            forget();
        }
        round.clear();
    }

    private PieceCounts count(byte[] utf8) {
        int bad = Utf8.firstMalformed(utf8, 0, utf8.length);
        byte[] text = bad == utf8.length ? utf8 : Utf8.bytes(Utf8.decode(utf8, 0, utf8.length));
        PieceCounts part = new PieceCounts();
        for (int p = 0; p < text.length;) {
            int end = pattern.splitter.next(text, p, text.length, true);
            part.add(text, p, end, 1);
            p = end;
        }
        return part;
    }

    private void forget() {
        for (long least = 2; counts.size() > mostPieces; least++) {
            counts = counts.atLeast(least);
        }
    }

    /// A tokenizer of `size` ordinary tokens, or of fewer if no pair occurs twice any more, and of `specials` behind them.
    public Tokenizer train(int size, List<String> specials) {
        return train(size, specials, made -> { });
    }

    /// As [#train(int,List)]; `progress` is told the number of tokens after each new one.
    ///
    /// @throws IllegalArgumentException if `size` is below 256
    public Tokenizer train(int size, List<String> specials, IntConsumer progress) {
        if (size < 256) {
            throw new IllegalArgumentException("a byte-level vocabulary has at least the 256 bytes; " + size + " tokens are too few");
        }
        return Tokenizer.of(new PairMerging(counts, size).run(progress), specials, pattern);
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
