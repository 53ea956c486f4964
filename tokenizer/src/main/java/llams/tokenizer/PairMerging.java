package llams.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.function.IntConsumer;

/// The merging part of [BpeTrainer]. Every pair knows its count and the pieces where it may stand, so that a merge costs what it
/// changes. A pair is `left << 32 | right`.
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
    private final List<byte[]> tokens = BpeTrainer.bytes();
    private final Map<String, Integer> idOfBytes = new HashMap<>();
    private final int[][] pieces;
    private final long[] times;
    private final Map<Long, Pair> pairs = new HashMap<>();
    private final PriorityQueue<Candidate> queue = new PriorityQueue<>();

    /// Pairs that the current merge made more frequent.
    private final Map<Long, Pair> risen = new HashMap<>();

    PairMerging(PieceCounts counts, int wantedSize) {
        this.wantedSize = wantedSize;
        int[] idOfByte = new int[256];
        for (int id = 0; id < tokens.size(); id++) {
            idOfByte[tokens.get(id)[0] & 0xFF] = id;
            idOfBytes.put(latin1(tokens.get(id)), id);
        }
        pieces = new int[counts.size()][];
        times = new long[counts.size()];
        for (int i = 0; i < pieces.length; i++) {
            byte[] bytes = counts.bytes(i);
            pieces[i] = new int[bytes.length];
            times[i] = counts.count(i);
            for (int j = 0; j < bytes.length; j++) {
                pieces[i][j] = idOfByte[bytes[j] & 0xFF];
            }
            for (int j = 0; j + 1 < bytes.length; j++) {
                change(pieces[i][j], pieces[i][j + 1], i, times[i]);
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
            merge(best.pair, pair);
            progress.accept(tokens.size());
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

    /// Makes every `left, right` of a piece an `id`, from the left on, and keeps the counts of the pairs around it right.
    private void replace(int piece, int left, int right, int id) {
        int[] ids = pieces[piece];
        int length = 0;
        for (int i = 0; i < ids.length; i++) {
            if (ids[i] != left || i + 1 == ids.length || ids[i + 1] != right) {
                ids[length++] = ids[i];
                continue;
            }
            if (length > 0) {
                change(ids[length - 1], left, piece, -times[piece]);
                change(ids[length - 1], id, piece, times[piece]);
            }
            if (i + 2 < ids.length) {
                change(right, ids[i + 2], piece, -times[piece]);
                change(id, ids[i + 2], piece, times[piece]);
            }
            ids[length++] = id;
            i++;
        }
        if (length < ids.length) {
            pieces[piece] = Arrays.copyOf(ids, length);
        }
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

    private static String latin1(byte[] bytes) {
        return new String(bytes, StandardCharsets.ISO_8859_1);
    }
}
