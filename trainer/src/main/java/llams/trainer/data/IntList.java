package llams.trainer.data;

import java.util.Arrays;

/// Integers, as many as come.
final class IntList {
    private int[] values = new int[16];
    private int size;

    void add(int value) {
        if (size == values.length) {
            values = Arrays.copyOf(values, Math.addExact(size, size >> 1));
        }
        values[size++] = value;
    }

    int at(int index) {
        return values[index];
    }

    int size() {
        return size;
    }

    void clear() {
        values = new int[0];
        size = 0;
    }

    /// The same integers, with number i at `place[i]`.
    IntList moved(int[] place) {
        IntList moved = new IntList();
        moved.values = new int[size];
        moved.size = size;
        for (int i = 0; i < size; i++) {
            moved.values[place[i]] = values[i];
        }
        return moved;
    }
}
