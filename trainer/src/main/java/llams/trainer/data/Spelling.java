package llams.trainer.data;

import java.util.Collection;
import java.util.Optional;

/// Guesses what a misspelled word was meant to be.
public final class Spelling {
    private static final int LONGEST_WORD = 40;

    private Spelling() {}

    /// The most similar of `candidates`, if it is so similar that a slip of the keyboard explains the difference.
    public static Optional<String> similar(String word, Collection<String> candidates) {
        if (candidates.isEmpty() || word.length() > LONGEST_WORD) {
            return Optional.empty();
        }
        String best = nearest(word, candidates);
        return edits(word, best) <= Math.ceilDiv(Math.min(word.length(), best.length()), 3)
                ? Optional.of(best)
                : Optional.empty();
    }

    /// The most similar of `candidates`, of which there must be one.
    public static String nearest(String word, Collection<String> candidates) {
        String best = null;
        int fewest = Integer.MAX_VALUE;
        for (String candidate : candidates) {
            int edits = edits(word, candidate);
            if (edits < fewest) {
                fewest = edits;
                best = candidate;
            }
        }
        return best;
    }

    /// Letters to insert, delete or replace, and neighbours to swap, to get from `a` to `b` (optimal string alignment).
    static int edits(String a, String b) {
        int[] before = new int[b.length() + 1];
        int[] last = new int[b.length() + 1];
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int[] free = before;
            before = last;
            last = row;
            row = free;
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                boolean same = a.charAt(i - 1) == b.charAt(j - 1);
                row[j] = Math.min(last[j - 1] + (same ? 0 : 1), 1 + Math.min(last[j], row[j - 1]));
                if (i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1)) {
                    row[j] = Math.min(row[j], before[j - 2] + 1);
                }
            }
        }
        return row[b.length()];
    }
}
