package llams.server.grammar;

import java.util.Set;
import llams.tokenizer.Tokenizer;

/// Lets one answer follow a grammar: only tokens that can lead to its end may be picked.
public final class TokenConstraint {
    private final TokenTrie trie;
    private final Tokenizer tokenizer;
    private Automaton.State state;

    public TokenConstraint(Automaton automaton, TokenTrie trie, Tokenizer tokenizer) {
        this.trie = trie;
        this.tokenizer = tokenizer;
        this.state = automaton.start();
    }

    /// Makes what must not follow impossible: its scores become negative infinity.
    ///
    /// @param logits  `[vocab]`
    /// @param stopIds allowed where the answer may end, and only there
    public void mask(float[] logits, Set<Integer> stopIds) {
        long[] mask = trie.mask(state);
        boolean mayEnd = state.mayEnd();
        for (int id = 0; id < logits.length; id++) {
            boolean allowed = id / Long.SIZE < mask.length && (mask[id / Long.SIZE] & 1L << id) != 0;
            if (!allowed && !(mayEnd && stopIds.contains(id))) {
                logits[id] = Float.NEGATIVE_INFINITY;
            }
        }
    }

    /// Takes the token that was picked.
    public void accept(int id) {
        for (byte b : tokenizer.bytes(id)) {
            state = state.next(b & 0xff);
        }
    }

    /// Whether nothing may follow any more.
    public boolean isDone() {
        return state.mustEnd();
    }
}
