package llams.server.grammar;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import llams.tokenizer.Tokenizer;

/// The ordinary tokens of a vocabulary as a tree of their bytes, laid out in depth-first order: whoever walks it meets
/// every token once, and leaves out whole branches.
public final class TokenTrie {
    private final int[] depth;
    private final byte[] value;
    /// The token that ends at a node; -1 for none.
    private final int[] token;
    /// The first node behind a node's branch.
    private final int[] behind;
    private final int longest;
    private final int words;

    private TokenTrie(int[] depth, byte[] value, int[] token, int[] behind, int longest, int words) {
        this.depth = depth;
        this.value = value;
        this.token = token;
        this.behind = behind;
        this.longest = longest;
        this.words = words;
    }

    public static TokenTrie of(Tokenizer tokenizer) {
        record Entry(byte[] bytes, int id) {}
        List<Entry> entries = new ArrayList<>();
        int longest = 0;
        int nodes = 0;
        for (int id = 0; id < tokenizer.size(); id++) {
            byte[] bytes = tokenizer.isSpecial(id) ? new byte[0] : tokenizer.bytes(id);
            if (bytes.length > 0) {
                entries.add(new Entry(bytes, id));
                longest = Math.max(longest, bytes.length);
                nodes += bytes.length;
            }
        }
        entries.sort((a, b) -> Arrays.compareUnsigned(a.bytes, b.bytes));
        int[] depth = new int[nodes];
        byte[] value = new byte[nodes];
        int[] token = new int[nodes];
        int[] behind = new int[nodes];
        int[] open = new int[longest];
        int opened = 0;
        int count = 0;
        byte[] before = {};
        for (Entry entry : entries) {
            int shared = Math.max(0, Arrays.mismatch(before, entry.bytes));
            // Several ids may have the same bytes: the later ones are left out.
            if (shared == 0 && Arrays.equals(before, entry.bytes)) {
                continue;
            }
            for (; opened > shared; opened--) {
                behind[open[opened - 1]] = count;
            }
            for (int d = shared; d < entry.bytes.length; d++) {
                depth[count] = d;
                value[count] = entry.bytes[d];
                token[count] = -1;
                open[opened++] = count++;
            }
            token[count - 1] = entry.id;
            before = entry.bytes;
        }
        for (; opened > 0; opened--) {
            behind[open[opened - 1]] = count;
        }
        return new TokenTrie(Arrays.copyOf(depth, count), Arrays.copyOf(value, count), Arrays.copyOf(token, count),
                Arrays.copyOf(behind, count), longest, Math.ceilDiv(tokenizer.size(), Long.SIZE));
    }

    /// The tokens all of whose bytes may follow, as bits.
    long[] mask(Automaton.State state) {
        if (state.mask == null) {
            long[] mask = new long[words];
            Automaton.State[] path = new Automaton.State[1 + longest];
            path[0] = state;
            for (int node = 0; node < depth.length;) {
                Automaton.State next = path[depth[node]].next(value[node] & 0xff);
                if (next.isDead()) {
                    node = behind[node];
                    continue;
                }
                path[depth[node] + 1] = next;
                if (token[node] >= 0) {
                    mask[token[node] / Long.SIZE] |= 1L << token[node];
                }
                node++;
            }
            state.mask = mask;
        }
        return state.mask;
    }
}
