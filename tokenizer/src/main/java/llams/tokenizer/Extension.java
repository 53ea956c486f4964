package llams.tokenizer;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// Further ordinary tokens for a tokenizer that is in use: nothing that it knows gets another id.
final class Extension {

    private Extension() {}

    /// `base` with `more` tokens. They rank after its ordinary ones, and their ids come after all, special ones included.
    static Tokenizer of(Tokenizer base, List<byte[]> more) {
        List<byte[]> tokens = base.vocabulary.tokens();
        int ordinary = tokens.size();
        tokens.addAll(more);
        Vocabulary vocabulary = Vocabulary.of(tokens);
        int[] idOf = new int[tokens.size() + base.added.tokens.size()];
        for (int rank = 0; rank < tokens.size(); rank++) {
            idOf[rank] = rank < ordinary ? base.id(rank) : base.size() + rank - ordinary;
        }
        List<AddedToken> added = new ArrayList<>();
        for (AddedToken token : base.added.tokens) {
            int number = tokens.size() + added.size();
            idOf[number] = base.id(token.id());
            added.add(token.withId(number));
        }
        return Tokenizer.of(vocabulary, added, new Numbering(idOf), base.pattern());
    }

    /// The first `most` tokens of `other` that `base` lacks and that it would come to by merging.
    static List<byte[]> missing(Vocabulary base, Vocabulary other, int most) {
        Set<String> known = new HashSet<>();
        base.tokens().forEach(token -> known.add(PairMerging.latin1(token)));
        List<byte[]> missing = other.tokens();
        missing.removeIf(token -> known.contains(PairMerging.latin1(token)));
        List<byte[]> found = reachable(base, missing);
        while (found.size() < missing.size()) {
            // What was left out may have been a part of others.
            missing = found;
            found = reachable(base, missing);
        }
        return found.subList(0, Math.min(most, found.size()));
    }

    private static List<byte[]> reachable(Vocabulary base, List<byte[]> more) {
        List<byte[]> tokens = base.tokens();
        tokens.addAll(more);
        Vocabulary vocabulary = Vocabulary.of(tokens);
        List<byte[]> reachable = new ArrayList<>();
        for (int rank = base.size; rank < vocabulary.size; rank++) {
            if (Merges.isReachable(vocabulary, rank)) {
                reachable.add(vocabulary.bytes(rank));
            }
        }
        return reachable;
    }
}
