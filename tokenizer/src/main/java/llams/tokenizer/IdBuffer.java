package llams.tokenizer;

import java.util.ArrayList;
import java.util.List;

/// A growing list of ids that never copies while it grows: full blocks are set aside, the first block is kept for the next text.
final class IdBuffer {

    private static final int BLOCK = 1 << 15;

    private final int[] first = new int[BLOCK];
    private final List<int[]> full = new ArrayList<>();
    private int[] block = first;
    private int used;

    void add(int id) {
        if (used == BLOCK) {
            full.add(block);
            block = new int[BLOCK];
            used = 0;
        }
        block[used++] = id;
    }

    void addAll(int[] ids, int count) {
        for (int i = 0; i < count; i++) {
            add(ids[i]);
        }
    }

    /// Everything added since the last call, and makes the buffer empty.
    int[] take() {
        int[] ids = new int[full.size() * BLOCK + used];
        int at = 0;
        for (int[] done : full) {
            System.arraycopy(done, 0, ids, at, BLOCK);
            at += BLOCK;
        }
        System.arraycopy(block, 0, ids, at, used);
        clear();
        return ids;
    }

    void clear() {
        full.clear();
        block = first;
        used = 0;
    }
}
