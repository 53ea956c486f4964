package llams.tokenizer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// The tokens of a `tokenizer.json`: the ordinary ones ranked in the order of their ids, the added ones after them.
///
/// @param added     by number
/// @param numbering null where numbers are ids
record TokenizerVocab(Vocabulary vocabulary, List<AddedToken> added, Numbering numbering, Map<String, Integer> ranks) {

    /// Far beyond every vocabulary, and few enough for a table.
    static final int LAST_ID = (1 << 24) - 1;

    /// The added tokens with the ids that Hugging Face's library gives them: that of a model's own token of the same
    /// name, else the next after all others.
    ///
    /// @throws IllegalArgumentException if the file says another one for a token that the model lacks
    static List<AddedToken> withModelIds(List<AddedToken> added, Map<String, Integer> idOfToken) {
        List<AddedToken> tokens = new ArrayList<>();
        int next = idOfToken.size();
        for (AddedToken token : added) {
            Integer known = idOfToken.get(token.name());
            int id = known == null ? next : known;
            if (known == null && token.id() != id) {
                throw new IllegalArgumentException("added token \"" + token.name() + "\" has id " + token.id()
                        + ", and is not in model.vocab; such tokens must follow the " + idOfToken.size()
                        + " ordinary ones without a gap, so that its id would be " + id);
            }
            next = Math.max(next, id + 1);
            tokens.add(token.withId(id));
        }
        tokens.sort((a, b) -> Integer.compare(a.id(), b.id()));
        return tokens;
    }

    static TokenizerVocab of(Map<String, Integer> idOfToken, List<String> merges, List<AddedToken> added) {
        Map<String, Integer> ordinary = new HashMap<>(idOfToken);
        Set<String> merged = new HashSet<>(merges);
        for (int i = 0; i + 1 < merges.size(); i += 2) {
            merged.add(merges.get(i).concat(merges.get(i + 1)));
        }
        // Some added tokens are in the model's vocabulary too. Merging makes those only that its merges mention.
        for (AddedToken token : added) {
            if (token.name().length() > 1 && !merged.contains(token.name())) {
                ordinary.remove(token.name());
            }
        }
        String[] pieces = ordinary.keySet().toArray(String[]::new);
        Arrays.sort(pieces, (a, b) -> Integer.compare(ordinary.get(a), ordinary.get(b)));
        List<byte[]> tokens = new ArrayList<>();
        Map<String, Integer> ranks = new HashMap<>();
        int[] idOf = new int[pieces.length + added.size()];
        boolean same = true;
        for (String piece : pieces) {
            int rank = tokens.size();
            idOf[rank] = ordinary.get(piece);
            same &= idOf[rank] == rank;
            if (rank > 0 && idOf[rank] == idOf[rank - 1]) {
                throw new IllegalArgumentException("model.vocab: token \"" + piece + "\" has id " + idOf[rank]
                        + ", which \"" + pieces[rank - 1] + "\" has already");
            }
            ranks.put(piece, rank);
            tokens.add(ByteLevel.decode(piece));
        }
        List<AddedToken> numbered = new ArrayList<>();
        Map<Integer, String> names = new HashMap<>();
        for (AddedToken token : added) {
            int number = pieces.length + numbered.size();
            idOf[number] = token.id();
            same &= token.id() == number;
            String other = names.put(token.id(), token.name());
            if (other != null) {
                throw new IllegalArgumentException("id " + token.id() + " is there twice, for the added tokens \""
                        + other + "\" and \"" + token.name() + "\"");
            }
            numbered.add(token.withId(number));
        }
        return new TokenizerVocab(Vocabulary.of(tokens), numbered, same ? null : new Numbering(idOf), ranks);
    }

    /// This program merges by rank. A list of merges means the same if it holds every merge that the ranks allow, in
    /// their order, or if it is the history of a training by which every token can be reached. And only where every
    /// token can be reached does looking up whole pieces first (`ignore_merges`) change nothing.
    ///
    /// @param merges left and right in turn
    /// @throws IllegalArgumentException if they mean something else
    void checkMerges(List<String> merges, boolean wholeFirst) {
        long[] listed = new long[merges.size() / 2];
        for (int i = 0; i < listed.length; i++) {
            listed[i] = (long) rank(merges.get(2 * i)) << 32 | rank(merges.get(2 * i + 1));
        }
        long[] natural = Merges.natural(vocabulary);
        TokenizerPipeline.refuseUnless(wholeFirst || natural != null, "model.ignore_merges", false,
                "true, as this vocabulary has tokens that merging alone never makes");
        if (!Arrays.equals(listed, natural) && !Arrays.equals(listed, Merges.all(vocabulary))) {
            throw new IllegalArgumentException("model.merges (" + listed.length + ") do not follow the order of the"
                    + " ids, so that merging by rank would give other tokens; such a vocabulary is not supported");
        }
    }

    /// @throws IllegalArgumentException if there is no such token
    int rank(String piece) {
        Integer rank = ranks.get(piece);
        if (rank == null) {
            throw new IllegalArgumentException("model.merges: \"" + piece + "\" is not in model.vocab");
        }
        return rank;
    }
}
