package llams.trainer.data;

import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;

/// Documents in windows that overlap, so that what follows a cut still has a context. Each document has windows of its
/// own, of `tokens` tokens, that begin at 0, `stride`, 2 `stride` and so on; the last is the first that reaches its
/// end. A window counts what no earlier one has, so that every token counts once and has at least `tokens - stride`
/// tokens before it, or all of its document's.
///
/// With a stride of a whole window nothing overlaps, and a later window's first token, which has nothing before it,
/// does not count.
///
/// Windows in which nothing counts are left out. Each is built when it is asked for.
public final class SlidingWindows implements Iterable<PackedSequence> {
    private final List<Document> documents;
    private final int tokens;
    private final int stride;

    /// @throws IllegalArgumentException if a window has less than 2 tokens, or the stride is not from 1 to `tokens`
    public SlidingWindows(List<Document> documents, int tokens, int stride) {
        if (tokens < 2 || stride < 1 || stride > tokens) {
            throw new IllegalArgumentException("windows of " + tokens + " tokens cannot move by " + stride
                    + "; wanted 2 tokens or more and a stride from 1 to their number");
        }
        this.documents = documents;
        this.tokens = tokens;
        this.stride = stride;
    }

    /// Tokens of all windows together.
    public long tokens() {
        long sum = 0;
        for (PackedSequence window : this) {
            sum += window.ids().length;
        }
        return sum;
    }

    @Override
    public Iterator<PackedSequence> iterator() {
        return new Iterator<>() {
            private int document;
            private int start;
            private PackedSequence next = find();

            @Override
            public boolean hasNext() {
                return next != null;
            }

            @Override
            public PackedSequence next() {
                if (next == null) {
                    throw new NoSuchElementException();
                }
                PackedSequence window = next;
                next = find();
                return window;
            }

            /// The next window in which something counts; null if there is none.
            private PackedSequence find() {
                while (document < documents.size()) {
                    Document from = documents.get(document);
                    PackedSequence window = window(from, start);
                    boolean last = start + tokens >= from.ids().length;
                    document += last ? 1 : 0;
                    start = last ? 0 : start + stride;
                    if (window.counted() > 0) {
                        return window;
                    }
                }
                return null;
            }
        };
    }

    private PackedSequence window(Document document, int start) {
        int end = Math.min(document.ids().length, start + tokens);
        int[] label = new int[end - start];
        Arrays.fill(label, Document.IGNORED);
        int counted = start == 0 ? 0 : start - stride + tokens;
        for (int token = Math.max(counted, start + 1); token < end; token++) {
            label[token - start - 1] = document.labels()[token];
        }
        int[] position = new int[end - start];
        Arrays.setAll(position, t -> t);
        return new PackedSequence(Arrays.copyOfRange(document.ids(), start, end), position, new int[end - start],
                label);
    }
}
