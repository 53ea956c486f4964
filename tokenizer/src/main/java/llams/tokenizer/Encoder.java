package llams.tokenizer;

import java.util.Arrays;

/// Ordinary text to ids, on one thread: text is brought to UTF-8 window by window, cut into pieces, and each piece
/// looked up whole or merged. Apart from the result, nothing allocated grows with the text, unless a single piece is
/// larger than the window.
final class Encoder {

    private static final int CHUNK_CHARS = 4096;
    private static final int WINDOW_BYTES = 1 << 16;

    /// A window that a long piece has made larger is kept up to this size.
    private static final int KEPT_WINDOW_BYTES = 1 << 22;

    /// Pieces that are cut before the first of them is looked up.
    private static final int BATCH = 64;

    final IdBuffer ids = new IdBuffer();
    private final Vocabulary vocabulary;
    private final char[] chunk = new char[CHUNK_CHARS];
    private final LinearMerger merger = new LinearMerger(new HeapMerger());
    private final PieceCache cache = new PieceCache();
    private byte[] window = new byte[WINDOW_BYTES];

    /// `[BATCH]`: where the pieces end, and their hashes.
    private final int[] pieceEnd = new int[BATCH];
    private final long[] pieceHash = new long[BATCH];

    /// Written to, so that no compiler leaves out the reads that touch memory.
    private long touched;

    Encoder(Vocabulary vocabulary) {
        this.vocabulary = vocabulary;
    }

    /// Adds the ids of `text[begin, end)`, taken as a text of its own.
    void encode(Splitter splitter, String text, int begin, int end) {
        int read = begin;
        int start = 0;
        int limit = 0;
        while (true) {
            if (start > 0) {
                System.arraycopy(window, start, window, 0, limit - start);
                limit -= start;
                start = 0;
            }
            if (limit > window.length / 2) {
                window = Arrays.copyOf(window, Math.multiplyExact(window.length, 2));
            }
            int room = window.length - Vocabulary.SLACK_BYTES - CHUNK_CHARS * Utf8.BYTES_PER_CHAR;
            while (read < end && limit < room) {
                int count = Math.min(end - read, CHUNK_CHARS);
                text.getChars(read, read + count, chunk, 0);
                if (read + count < end && Character.isHighSurrogate(chunk[count - 1])) {
                    count--;
                }
                limit = Utf8.encode(chunk, 0, count, window, limit);
                read += count;
            }
            boolean last = read == end;
            int pieces = cut(splitter, start, limit, last);
            while (pieces > 0) {
                start = pieces(start, pieces);
                pieces = cut(splitter, start, limit, last);
            }
            if (last) {
                break;
            }
        }
        if (window.length > KEPT_WINDOW_BYTES) {
            window = new byte[WINDOW_BYTES];
        }
    }

    /// Cuts the next pieces and returns their number. What their look-ups will read is touched here, where no branch
    /// depends on it, so the processor fetches it for many pieces at once.
    private int cut(Splitter splitter, int start, int limit, boolean last) {
        byte[] window = this.window;
        int trusted = last ? limit : limit - Splitter.LOOKAHEAD_BYTES;
        int count = 0;
        long sum = 0;
        while (count < BATCH && start < limit) {
            int end = splitter.next(window, start, limit, last);
            if (end > trusted) {
                break;
            }
            long hash = Vocabulary.hash(window, start, end);
            sum += vocabulary.touch(hash);
            pieceHash[count] = hash;
            pieceEnd[count++] = end;
            start = end;
        }
        touched = sum;
        return count;
    }

    private int pieces(int start, int count) {
        for (int i = 0; i < count; i++) {
            int end = pieceEnd[i];
            int id = vocabulary.find(window, start, end, pieceHash[i]);
            if (id != Vocabulary.NONE) {
                ids.add(id);
            } else {
                merge(start, end, pieceHash[i]);
            }
            start = end;
        }
        return start;
    }

    private void merge(int from, int to, long hash) {
        if (to - from > PieceCache.PIECE_BYTES) {
            merger.merge(vocabulary.splits(), window, from, to, ids);
        } else if (!cache.add(window, from, to, hash, ids)) {
            int count = merger.merge(vocabulary.splits(), window, from, to, ids);
            cache.put(window, from, to, hash, ids, count);
        }
    }
}
