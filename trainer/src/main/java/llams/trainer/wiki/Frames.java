package llams.trainer.wiki;

import java.util.Arrays;

/// What is open at a place of a page: the innermost frame is on top.
final class Frames {
    static final int TEMPLATE = 0;
    static final int TABLE = 1;
    static final int LINK = 2;
    static final int EXTERNAL = 3;

    private int depth;
    private int templates;
    private int[] kinds = new int[16];
    private int[] starts = new int[16];
    private boolean[] barred = new boolean[16];

    void open(int kind, int start) {
        if (depth == kinds.length) {
            kinds = Arrays.copyOf(kinds, 2 * depth);
            starts = Arrays.copyOf(starts, 2 * depth);
            barred = Arrays.copyOf(barred, 2 * depth);
        }
        kinds[depth] = kind;
        starts[depth] = start;
        barred[depth] = false;
        depth++;
        templates += kind == TEMPLATE ? 1 : 0;
    }

    /// Forgets the innermost frame.
    ///
    /// @return where it starts
    int close() {
        depth--;
        templates -= kinds[depth] == TEMPLATE ? 1 : 0;
        return starts[depth];
    }

    int depth() {
        return depth;
    }

    /// Whether the innermost frame is of a kind.
    boolean in(int kind) {
        return depth > 0 && kinds[depth - 1] == kind;
    }

    boolean hasTemplate() {
        return templates > 0;
    }

    /// Where the innermost frame starts.
    int start() {
        return starts[depth - 1];
    }

    /// The innermost frame has a `|`.
    void bar() {
        if (depth > 0) {
            barred[depth - 1] = true;
        }
    }

    boolean barred() {
        return barred[depth - 1];
    }
}
