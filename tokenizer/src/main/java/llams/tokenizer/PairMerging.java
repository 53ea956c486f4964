package llams.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.function.IntConsumer;

/// The merging part of [BpeTrainer]: from the tokens of a vocabulary on, which may be the 256 bytes. Every pair knows its
/// count and the pieces where it may stand, so that a merge costs what it changes. A pair is `left << 32 | right`.
final class PairMerging {

    private record Candidate(long count, long pair) implements Comparable<Candidate> {
        @Override
        public int compareTo(Candidate other) {
            return count != other.count ? Long.compare(other.count, count) : Long.compare(pair, other.pair);
        }
    }

    private static final class Pair {
        private long count;
        private int[] pieces = new int[2];
        private int size;

        void standsIn(int piece) {
            if (size > 0 && pieces[size - 1] == piece) {
                return;
            }
            if (size == pieces.length) {
                pieces = Arrays.copyOf(pieces, size * 2);
            }
            pieces[size++] = piece;
        }
    }

    private final int wantedSize;
    private final List<byte[]> tokens;
    private final Map<String, Integer> idOfBytes = new HashMap<>();
    /// The tokens of all pieces, one piece after the other, with room for one token per byte.
    private final int[] ids;
    /// `[pieces + 1]`: where each piece starts in `ids`.
    private final int[] start;
    /// `[pieces]`: its number of tokens.
    private final int[] length;
    private final long[] times;
    private final Map<Long, Pair> pairs = new HashMap<>();
    private final PriorityQueue<Candidate> queue = new PriorityQueue<>();

    /// Pairs that the current merge made more frequent.
    private final Map<Long, Pair> risen = new HashMap<>();

    /// @param base what pieces consist of at first: what a tokenizer of these tokens makes of them
    PairMerging(PieceCounts counts, Vocabulary base, int wantedSize) {
        this.wantedSize = wantedSize;
        tokens = base.tokens();
        for (int id = 0; id < tokens.size(); id++) {
            idOfBytes.put(latin1(tokens.get(id)), id);
        }
        int pieces = counts.size();
        ids = new int[counts.poolBytes()];
        start = new int[pieces + 1];
        length = new int[pieces];
        times = new long[pieces];
        HeapMerger merger = new HeapMerger();
        IdBuffer parts = new IdBuffer();
        for (int i = 0; i < pieces; i++) {
            byte[] bytes = counts.bytes(i);
            int[] first = Merges.encode(base, bytes, merger, parts);
            System.arraycopy(first, 0, ids, start[i], first.length);
            start[i + 1] = start[i] + bytes.length;
            length[i] = first.length;
            times[i] = counts.count(i);
            for (int j = start[i]; j + 1 < start[i] + length[i]; j++) {
                change(ids[j], ids[j + 1], i, times[i]);
            }
        }
        queueRisen();
    }

    /// The tokens in the order of their ids.
    List<byte[]> run(IntConsumer progress) {
        while (tokens.size() < wantedSize && !queue.isEmpty()) {
            Candidate best = queue.poll();
            Pair pair = pairs.get(best.pair);
            if (pair == null || pair.count != best.count) {
                if (pair != null && pair.count > 0) {
                    queue.add(new Candidate(pair.count, best.pair));
                }
                continue;
            }
            if (pair.count < 2) {
                break;
            }
            int before = tokens.size();
            merge(best.pair, pair);
            if (tokens.size() > before) {
                progress.accept(tokens.size());
            }
        }
        return tokens;
    }

    private void merge(long key, Pair pair) {
        int left = (int) (key >>> 32);
        int right = (int) key;
        byte[] bytes = BpeTrainer.join(tokens.get(left), tokens.get(right));
        Integer known = idOfBytes.putIfAbsent(latin1(bytes), tokens.size());
        int id = known == null ? tokens.size() : known;
        if (known == null) {
            tokens.add(bytes);
        }
        pairs.remove(key);
        for (int i = 0; i < pair.size; i++) {
            replace(pair.pieces[i], left, right, id);
        }
        queueRisen();
    }

    /// Makes every `left, right` of a piece an `id`, from the left on, and keeps the counts of the pairs around it
    /// right.
    private void replace(int piece, int left, int right, int id) {
        int[] ids = this.ids;
        int from = start[piece];
        int to = from + length[piece];
        int end = from;
        for (int i = from; i < to; i++) {
            if (ids[i] != left || i + 1 == to || ids[i + 1] != right) {
                ids[end++] = ids[i];
                continue;
            }
            if (end > from) {
                change(ids[end - 1], left, piece, -times[piece]);
                change(ids[end - 1], id, piece, times[piece]);
            }
            if (i + 2 < to) {
                change(right, ids[i + 2], piece, -times[piece]);
                change(id, ids[i + 2], piece, times[piece]);
            }
            ids[end++] = id;
            i++;
        }
        length[piece] = end - from;
    }

    /// Adds `change` to a pair's count. The pair that is being merged is no longer known and stays so.
    private void change(int left, int right, int piece, long change) {
        long key = (long) left << 32 | right;
        if (change < 0) {
            Pair pair = pairs.get(key);
            if (pair != null) {
                pair.count += change;
            }
        } else {
            Pair pair = pairs.computeIfAbsent(key, k -> new Pair());
            pair.count += change;
            pair.standsIn(piece);
            risen.put(key, pair);
        }
    }

    private void queueRisen() {
        risen.forEach((key, pair) -> {
            if (pair.count > 0) {
                queue.add(new Candidate(pair.count, key));
            }
        });
        risen.clear();
    }

    static String latin1(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }
}
