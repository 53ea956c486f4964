package llams.trainer.data;

/// Some consecutive documents of others.
final class SomeDocuments extends Documents {
    private final Documents all;
    private final int first;
    private final int size;

    SomeDocuments(Documents all, int first, int size) {
        this.all = all;
        this.first = first;
        this.size = size;
    }

    /// The number of document `d` among all.
    private int number(int d) {
        if (d < 0 || d >= size) {
            throw new IndexOutOfBoundsException("document " + d + " of " + size);
        }
        return first + d;
    }

    @Override
    int first() {
        return all.first() + first;
    }

    @Override
    public int size() {
        return size;
    }

    @Override
    public Document get(int d) {
        return all.get(number(d));
    }

    @Override
    public int tokens(int d) {
        return all.tokens(number(d));
    }

    @Override
    public boolean cut(int d) {
        return all.cut(number(d));
    }

    @Override
    public int counted(int d, int tokens) {
        return all.counted(number(d), tokens);
    }

    @Override
    public String origin(int d) {
        return all.origin(number(d));
    }

    @Override
    public void ids(int d, int from, int length, int[] to, int at) {
        all.ids(number(d), from, length, to, at);
    }

    @Override
    public void labels(int d, int from, int length, int[] to, int at) {
        all.labels(number(d), from, length, to, at);
    }
}
