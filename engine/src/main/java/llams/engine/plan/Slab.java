package llams.engine.plan;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/// Places buffers with known lifetimes in one block of memory: the largest first, each at the lowest offset where it
/// meets no other that lives at the same time (the greedy-by-size rule of arXiv 2001.03288).
final class Slab {
    /// A buffer that lives from step `from` to step `to`, both included.
    static final class Interval {
        final long bytes;
        final int from;
        int to;
        long offsetBytes;

        Interval(long bytes, int from) {
            this.bytes = bytes;
            this.from = from;
            this.to = from;
        }
    }

    private Slab() {}

    /// Sets every offset; returns the size of the block.
    ///
    /// @param windowBytes no buffer crosses a multiple of it, except one that is larger
    static long place(List<Interval> intervals, long windowBytes) {
        List<Interval> bySize = new ArrayList<>(intervals);
        bySize.sort(Comparator.comparingLong((Interval interval) -> -interval.bytes));
        List<Interval> byOffset = new ArrayList<>();
        long size = 0;
        for (Interval interval : bySize) {
            long offset = 0;
            for (Interval other : byOffset) {
                if (other.from <= interval.to && interval.from <= other.to) {
                    if (other.offsetBytes - offset >= interval.bytes) {
                        break;
                    }
                    offset = within(Math.max(offset, other.offsetBytes + other.bytes), interval.bytes, windowBytes);
                }
            }
            interval.offsetBytes = offset;
            size = Math.max(size, offset + interval.bytes);
            int at = 0;
            while (at < byOffset.size() && byOffset.get(at).offsetBytes <= offset) {
                at++;
            }
            byOffset.add(at, interval);
        }
        return size;
    }

    /// The lowest offset, not below this one, at which a buffer of that size does not cross a window's end.
    private static long within(long offset, long bytes, long windowBytes) {
        long end = (offset / windowBytes + 1) * windowBytes;
        return offset + bytes > end && offset % windowBytes > 0 ? end : offset;
    }
}
