package llams.trainer.data;

/// How much room sequences have, and which is the first with enough: a tree whose leaves are the sequences, and whose
/// other nodes have the most room of what is below them.
final class Rooms {
    /// Node i has the children 2i and 2i + 1; the leaves are the upper half.
    private int[] most = new int[2 << 6];
    private int size;

    int size() {
        return size;
    }

    /// Adds a sequence and returns its number.
    int add(int room) {
        if (size == most.length / 2) {
            int[] larger = new int[Math.multiplyExact(most.length, 2)];
            System.arraycopy(most, size, larger, most.length, size);
            most = larger;
            for (int node = size + size - 1; node > 0; node--) {
                most[node] = Math.max(most[2 * node], most[2 * node + 1]);
            }
        }
        take(size, -room);
        return size++;
    }

    int of(int sequence) {
        return most[most.length / 2 + sequence];
    }

    /// Takes some of a sequence's room.
    void take(int sequence, int taken) {
        int node = most.length / 2 + sequence;
        most[node] -= taken;
        for (node /= 2; node > 0; node /= 2) {
            most[node] = Math.max(most[2 * node], most[2 * node + 1]);
        }
    }

    /// The first sequence with at least `wanted` room, or -1.
    int firstWith(int wanted) {
        if (most[1] < wanted) {
            return -1;
        }
        int node = 1;
        while (node < most.length / 2) {
            node = most[2 * node] >= wanted ? 2 * node : 2 * node + 1;
        }
        return node - most.length / 2;
    }

    void clear() {
        most = new int[0];
    }
}
