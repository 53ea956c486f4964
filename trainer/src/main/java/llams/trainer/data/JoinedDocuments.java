package llams.trainer.data;

import java.util.Arrays;
import java.util.List;

/// The documents of several lists, one after the other.
final class JoinedDocuments extends Documents {
    private final List<Documents> parts;
    /// Part p has the documents `start[p]` to `start[p + 1] - 1`.
    private final int[] start;

    private JoinedDocuments(List<Documents> parts) {
        this.parts = parts;
        start = new int[parts.size() + 1];
        for (int p = 0; p < parts.size(); p++) {
            start[p + 1] = Math.addExact(start[p], parts.get(p).size());
        }
    }

    static Documents join(List<Documents> parts) {
        return parts.size() == 1 ? parts.getFirst() : new JoinedDocuments(List.copyOf(parts));
    }

    private int part(int d) {
        int found = Arrays.binarySearch(start, d);
        // Of several parts that start here, all but the last are empty.
        while (found >= 0 && found + 1 < start.length && start[found + 1] == d) {
            found++;
        }
        return found >= 0 ? found : -found - 2;
    }

    @Override
    public int size() {
        return start[parts.size()];
    }

    @Override
    public Document get(int d) {
        int p = part(d);
        return parts.get(p).get(d - start[p]);
    }

    @Override
    public int tokens(int d) {
        int p = part(d);
        return parts.get(p).tokens(d - start[p]);
    }

    @Override
    public boolean cut(int d) {
        int p = part(d);
        return parts.get(p).cut(d - start[p]);
    }

    @Override
    public int counted(int d, int tokens) {
        int p = part(d);
        return parts.get(p).counted(d - start[p], tokens);
    }

    @Override
    public String origin(int d) {
        int p = part(d);
        return parts.get(p).origin(d - start[p]);
    }

    @Override
    public void ids(int d, int from, int length, int[] to, int at) {
        int p = part(d);
        parts.get(p).ids(d - start[p], from, length, to, at);
    }

    @Override
    public void labels(int d, int from, int length, int[] to, int at) {
        int p = part(d);
        parts.get(p).labels(d - start[p], from, length, to, at);
    }
}
