package llams.trainer.data;

import java.util.AbstractList;
import java.util.List;
import java.util.RandomAccess;

/// Documents of which a part can be had without the rest, so that they need not be in memory.
public abstract class Documents extends AbstractList<Document> implements RandomAccess {
    /// Tokens of document `d`.
    public abstract int tokens(int d);

    /// As [Document#cut] of document `d`.
    public abstract boolean cut(int d);

    /// As [Document#counted] of document `d`.
    public abstract int counted(int d, int tokens);

    /// As [Document#origin] of document `d`.
    public abstract String origin(int d);

    /// Whether document `d`, not the first, comes from the same row of its file as the one before it.
    boolean isOfSameRow(int d) {
        return origin(d).equals(origin(d - 1));
    }

    /// The number of its first document in the file that they come from.
    int first() {
        return 0;
    }

    /// How many rows all documents come from.
    int rows() {
        int rows = 0;
        for (int d = 0; d < size(); d++) {
            rows += d == 0 || !isOfSameRow(d) ? 1 : 0;
        }
        return rows;
    }

    /// The first document of a row, or [#size()] for that after the last.
    int firstOfRow(int row) {
        int rows = -1;
        int d = 0;
        while (d < size() && (rows += d == 0 || !isOfSameRow(d) ? 1 : 0) < row) {
            d++;
        }
        return d;
    }

    /// Copies `length` ids of document `d`, from `from` on, to `to[at]` and after.
    public abstract void ids(int d, int from, int length, int[] to, int at);

    /// The same with the labels, which are unshifted.
    public abstract void labels(int d, int from, int length, int[] to, int at);

    @Override
    public Document get(int d) {
        int length = tokens(d);
        int[] ids = new int[length];
        int[] labels = new int[length];
        ids(d, 0, length, ids, 0);
        labels(d, 0, length, labels, 0);
        return new Document(origin(d), ids, labels, cut(d));
    }

    /// A list's documents, which are in memory unless it is such a list already.
    public static Documents of(List<Document> list) {
        return list instanceof Documents documents ? documents : new InMemory(list);
    }

    private static final class InMemory extends Documents {
        private final List<Document> list;

        InMemory(List<Document> list) {
            this.list = list;
        }

        @Override
        public int size() {
            return list.size();
        }

        @Override
        public Document get(int d) {
            return list.get(d);
        }

        @Override
        public int tokens(int d) {
            return list.get(d).ids().length;
        }

        @Override
        public boolean cut(int d) {
            return list.get(d).cut();
        }

        @Override
        public int counted(int d, int tokens) {
            return list.get(d).counted(tokens);
        }

        @Override
        public String origin(int d) {
            return list.get(d).origin();
        }

        @Override
        public void ids(int d, int from, int length, int[] to, int at) {
            System.arraycopy(list.get(d).ids(), from, to, at, length);
        }

        @Override
        public void labels(int d, int from, int length, int[] to, int at) {
            System.arraycopy(list.get(d).labels(), from, to, at, length);
        }
    }
}
