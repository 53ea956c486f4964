package llams.tokenizer;

import java.util.Arrays;

/// Ordinary text to ids, on one thread: text is brought to UTF-8 window by window, cut into pieces, and each piece looked up whole
/// or merged. Beside the result nothing is allocated that grows with the text, unless one piece alone is larger than the window.
final class Encoder {

    private static final int CHUNK_CHARS = 4096;
    private static final int WINDOW_BYTES = 1 << 16;

    /// A window that a long piece has made larger is kept up to this size.
    private static final int KEPT_WINDOW_BYTES = 1 << 22;

    /// One piece this long pays for the making of [TokenSplits].
    private static final int VERY_LONG_BYTES = 1 << 14;

    private static final ThreadLocal<Encoder> LOCAL = ThreadLocal.withInitial(Encoder::new);

    final IdBuffer ids = new IdBuffer();
    private final char[] chunk = new char[CHUNK_CHARS];
    private final Merger merger = new Merger();
    private final LongMerger longMerger = new LongMerger();
    private final LinearMerger linearMerger = new LinearMerger(longMerger);
    private final PieceCache cache = new PieceCache();
    private byte[] window = new byte[WINDOW_BYTES];

    /// This thread's encoder, with no ids in it.
    static Encoder local() {
        Encoder encoder = LOCAL.get();
        encoder.ids.clear();
        return encoder;
    }

    /// Adds the ids of `text[begin, end)`, taken as a text of its own.
    void encode(Vocabulary vocabulary, Splitter splitter, String text, int begin, int end) {
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
            int trusted = last ? limit : limit - Splitter.LOOKAHEAD_BYTES;
            while (start < limit) {
                int pieceEnd = splitter.next(window, start, limit, last);
                if (pieceEnd > trusted) {
                    break;
                }
                piece(vocabulary, start, pieceEnd);
                start = pieceEnd;
            }
            if (last) {
                break;
            }
        }
        if (window.length > KEPT_WINDOW_BYTES) {
            window = new byte[WINDOW_BYTES];
        }
    }

    private void piece(Vocabulary vocabulary, int from, int to) {
        int id = vocabulary.find(window, from, to);
        if (id != Vocabulary.NONE) {
            ids.add(id);
        } else if (to - from > Merger.PIECE_BYTES) {
            longPiece(vocabulary, from, to);
        } else if (to - from > PieceCache.PIECE_BYTES) {
            ids.addAll(merger.id, merger.merge(vocabulary, window, from, to));
        } else if (!cache.add(vocabulary, window, from, to, ids)) {
            int count = merger.merge(vocabulary, window, from, to);
            ids.addAll(merger.id, count);
            cache.put(merger.id, count);
        }
    }

    private void longPiece(Vocabulary vocabulary, int from, int to) {
        TokenSplits splits = vocabulary.splits(to - from >= VERY_LONG_BYTES);
        if (splits == null) {
            longMerger.merge(vocabulary, window, from, to, ids);
        } else {
            linearMerger.merge(splits, window, from, to, ids);
        }
    }
}
