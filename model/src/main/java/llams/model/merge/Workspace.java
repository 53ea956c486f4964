package llams.model.merge;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import llams.model.merge.parts.Floats;

/// Memory to compute one part of a tensor in.
final class Workspace {
    /// A part of each model.
    final Floats[] inputs;
    /// The result's part.
    final Floats result;
    /// The result's part as it is written.
    MemorySegment part;
    /// Sums of some of a part's values.
    final float[] mixed = new float[Floats.CAPACITY];
    /// Sums of those values' weights.
    final float[] weights = new float[Floats.CAPACITY];
    /// What a thread has counted in all its parts; see [Trimming].
    final long[] counts = new long[Trimming.COUNTS];

    /// Bytes of one.
    static long bytes(int models) {
        return (models + 1) * Floats.bytes(Floats.CAPACITY) + 2L * Float.BYTES * Floats.CAPACITY
                + (long) Long.BYTES * Trimming.COUNTS;
    }

    Workspace(Arena arena, int models) {
        inputs = new Floats[models];
        for (int m = 0; m < models; m++) {
            inputs[m] = new Floats(arena, Floats.CAPACITY);
        }
        result = new Floats(arena, Floats.CAPACITY);
    }
}
