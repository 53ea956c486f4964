package llams.trainer.data;

import java.util.Collection;
import java.util.Optional;

/// What somebody probably meant.
public final class Spelling {
    private static final int LONGEST_WORD = 40;

    private Spelling() {}

    /// The most similar of `candidates`, if it is so similar that a slip of the keyboard explains the difference.
    public static Optional<String> similar(String word, Collection<String> candidates) {
        if (candidates.isEmpty() || word.length() > LONGEST_WORD) {
            return Optional.empty();
        }
        String best = nearest(word, candidates);
        return edits(word, best) <= Math.ceilDiv(Math.min(word.length(), best.length()), 3) ? Optional.of(best) : Optional.empty();
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

    /// Letters to insert, delete or replace to get from `a` to `b` (Levenshtein).
    static int edits(String a, String b) {
        int[] row = new int[b.length() + 1];
        for (int j = 0; j <= b.length(); j++) {
            row[j] = j;
        }
        for (int i = 1; i <= a.length(); i++) {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.length(); j++) {
                int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
            }
        }
        return row[b.length()];
    }
}
