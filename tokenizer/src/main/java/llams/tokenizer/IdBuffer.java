package llams.tokenizer;

import java.util.ArrayList;
import java.util.List;

/// A growing list of ids that never copies while it grows. Its first blocks are kept for the next text.
final class IdBuffer {

    private static final int BLOCK = 1 << 15;

    /// The ids of about two megabytes of text.
    private static final int KEPT_BLOCKS = 24;

    private final List<int[]> blocks = new ArrayList<>();
    private int[] block = new int[BLOCK];
    /// The number of `block` among the blocks.
    private int current;
    private int used;

    IdBuffer() {
        blocks.add(block);
    }

    void add(int id) {
        if (used == BLOCK) {
            current++;
            if (current == blocks.size()) {
                blocks.add(new int[BLOCK]);
            }
            block = blocks.get(current);
            used = 0;
        }
        block[used++] = id;
    }

    void addAll(int[] ids, int count) {
        for (int i = 0; i < count; i++) {
            add(ids[i]);
        }
    }

    /// Adds up to six ids of 20 bits each: three in each word, and above those of `first` their number.
    void addPacked(long first, long second) {
        int count = (int) (first >>> 60);
        if (used + 6 > BLOCK) {
            for (int i = 0; i < count; i++) {
                add((int) ((i < 3 ? first >>> 20 * i : second >>> 20 * (i - 3)) & 0xFFFFF));
            }
            return;
        }
        // Always all six, of which the next ids overwrite the surplus: faster than asking how many there are.
        int[] block = this.block;
        block[used] = (int) first & 0xFFFFF;
        block[used + 1] = (int) (first >>> 20) & 0xFFFFF;
        block[used + 2] = (int) (first >>> 40) & 0xFFFFF;
        block[used + 3] = (int) second & 0xFFFFF;
        block[used + 4] = (int) (second >>> 20) & 0xFFFFF;
        block[used + 5] = (int) (second >>> 40) & 0xFFFFF;
        used += count;
    }

    /// `count` ids from the one that is `back` before the end on, 20 bits each.
    long packed(int back, int count) {
        long packed = 0;
        for (int i = 0; i < count; i++) {
            packed |= (long) fromEnd(back - i) << 20 * i;
        }
        return packed;
    }

    private int fromEnd(int back) {
        return back <= used ? block[used - back] : blocks.get(current - 1)[BLOCK + used - back];
    }

    /// The id that was added last. There must be one.
    int last() {
        return block[used - 1];
    }

    void removeLast() {
        used--;
        if (used == 0 && current > 0) {
            current--;
            block = blocks.get(current);
            used = BLOCK;
        }
    }

    /// Everything added since the last call, and makes the buffer empty.
    int[] take() {
        int[] ids = new int[current * BLOCK + used];
        for (int i = 0; i < current; i++) {
            System.arraycopy(blocks.get(i), 0, ids, i * BLOCK, BLOCK);
        }
        System.arraycopy(block, 0, ids, current * BLOCK, used);
        clear();
        return ids;
    }

    void clear() {
        if (blocks.size() > KEPT_BLOCKS) {
            blocks.subList(KEPT_BLOCKS, blocks.size()).clear();
        }
        current = 0;
        block = blocks.get(0);
        used = 0;
    }
}
