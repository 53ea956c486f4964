package llams.engine.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import llams.engine.device.Options;

/// A hash of every byte of a tensor's data, on several threads, at the speed of reading it. It tells data apart that
/// differ by accident; it is no defence against somebody who searches for a collision.
///
/// Each megabyte has a hash of its own, made in four lanes with the rounds of XXH64 (github.com/Cyan4973/xxHash,
/// doc/xxhash_spec.md); these are hashed again in their order.
public final class ContentHash implements AutoCloseable {
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
    private static final int TASK_BYTES = 1 << 20;
    private static final long P1 = 0x9E3779B185EBCA87L;
    private static final long P2 = 0xC2B2AE3D27D4EB4FL;

    private final Parallel parallel;

    public ContentHash(Options options) {
        parallel = Parallel.of(options);
    }

    /// The same for the same bytes, on any number of threads.
    public long of(MemorySegment data) {
        return of(data, parallel);
    }

    /// The same on these threads.
    static long of(MemorySegment data, Parallel parallel) {
        long bytes = data.byteSize();
        long[] parts = new long[Math.toIntExact(Math.ceilDiv(bytes, TASK_BYTES))];
        parallel.run(parts.length, (task, buffers) -> {
            long from = (long) task * TASK_BYTES;
            parts[task] = part(data.asSlice(from, Math.min(TASK_BYTES, bytes - from)));
        });
        // Memory of the kind that data is in: two kinds would make the loop several times slower.
        try (Arena arena = Arena.ofConfined()) {
            return part(arena.allocateFrom(ValueLayout.JAVA_LONG, parts)) ^ bytes * P1;
        }
    }

    private static long part(MemorySegment data) {
        int bytes = (int) data.byteSize();
        long a = P1;
        long b = P2;
        long c = 0;
        long d = -P1;
        int at = 0;
        for (; at + 32 <= bytes; at += 32) {
            a = round(a, data.get(LONG, at));
            b = round(b, data.get(LONG, at + 8));
            c = round(c, data.get(LONG, at + 16));
            d = round(d, data.get(LONG, at + 24));
        }
        long hash = round(round(round(round(bytes, a), b), c), d);
        for (; at < bytes; at++) {
            hash = round(hash, data.get(ValueLayout.JAVA_BYTE, at));
        }
        // Every bit of the hash depends on every bit of the lanes.
        hash = (hash ^ hash >>> 33) * P2;
        return (hash ^ hash >>> 29) * P1;
    }

    private static long round(long lane, long input) {
        return Long.rotateLeft(lane + input * P2, 31) * P1;
    }

    @Override
    public void close() {
        parallel.close();
    }
}
