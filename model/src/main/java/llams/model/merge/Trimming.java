package llams.model.merge;

import java.io.IOException;
import java.util.Arrays;
import llams.engine.tensor.Tensor;
import llams.model.merge.parts.Floats;
import llams.model.merge.parts.PartWorkers;

/// Finds the magnitude from which on the elements of `model - base` are among the largest: by counting, in two passes
/// over the bits of f32, whose order is that of the magnitudes. A third pass finds equals where only some of them
/// remain. No pass keeps the differences, so memory is needed for the counts alone.
final class Trimming {
    private static final int LOW_BITS = 15;
    /// Counts of either half of the 31 bits of a magnitude.
    static final int COUNTS = 1 << Integer.SIZE - 1 - LOW_BITS;
    private static final int LOW = (1 << LOW_BITS) - 1;

    /// Where in descending order an element lies.
    ///
    /// @param index  of the count that it is among
    /// @param before how many elements are above that count
    private record Found(int index, long before) {}

    private final Tensor base;
    private final Tensor model;
    private final PartWorkers<Workspace> workers;

    private Trimming(Tensor base, Tensor model, PartWorkers<Workspace> workers) {
        this.base = base;
        this.model = model;
        this.workers = workers;
    }

    /// Bits of `|value|`: larger for larger magnitudes.
    static int magnitude(float value) {
        return Float.floatToRawIntBits(value) & Integer.MAX_VALUE;
    }

    /// Keeps the `keep` largest elements; among equals, the first.
    static Sparsity largest(long keep, Tensor base, Tensor model, PartWorkers<Workspace> workers) throws IOException {
        if (keep >= base.elements()) {
            return new Sparsity.Whole();
        }
        return keep == 0 ? new Sparsity.Nothing() : new Trimming(base, model, workers).largest(keep);
    }

    private Sparsity largest(long keep) throws IOException {
        Found high = find(keep, counts((work, count) -> {
            for (int i = 0; i < count; i++) {
                work.counts[magnitude(work.inputs[1].values[i]) >>> LOW_BITS]++;
            }
        }));
        long[] lows = counts((work, count) -> {
            for (int i = 0; i < count; i++) {
                int magnitude = magnitude(work.inputs[1].values[i]);
                if (magnitude >>> LOW_BITS == high.index) {
                    work.counts[magnitude & LOW]++;
                }
            }
        });
        Found low = find(keep - high.before, lows);
        int smallest = high.index << LOW_BITS | low.index;
        long equals = keep - high.before - low.before;
        return new Sparsity.Trim(smallest, equals, equals == lows[low.index] ? null : equalsAhead(smallest));
    }

    private interface Counting {
        void count(Workspace work, int count);
    }

    private long[] counts(Counting counting) throws IOException {
        workers.workspaces().forEach(work -> Arrays.fill(work.counts, 0));
        workers.run(0, base.elements(), Floats.CAPACITY, (work, begin, count) -> {
            readDifferences(work, begin, count);
            counting.count(work, count);
        }, (_, _, _) -> {});
        long[] sums = new long[COUNTS];
        for (Workspace work : workers.workspaces()) {
            for (int i = 0; i < COUNTS; i++) {
                sums[i] += work.counts[i];
            }
        }
        return sums;
    }

    /// Into the second input of the workspace.
    private void readDifferences(Workspace work, long begin, int count) {
        work.inputs[0].read(base, begin, count);
        work.inputs[1].read(model, begin, count);
        TaskVectors.subtract(work.inputs[1].values, work.inputs[0].values, count);
    }

    /// The count with the `place`-th largest element; places start at 1.
    private static Found find(long place, long[] counts) {
        long before = 0;
        int index = COUNTS - 1;
        while (before + counts[index] < place) {
            before += counts[index--];
        }
        return new Found(index, before);
    }

    /// How many elements of this magnitude come before each part.
    private long[] equalsAhead(int magnitude) throws IOException {
        int parts = Math.toIntExact((base.elements() + Floats.CAPACITY - 1) / Floats.CAPACITY);
        long[] ahead = new long[parts + 1];
        workers.run(0, base.elements(), Floats.CAPACITY, (work, begin, count) -> {
            readDifferences(work, begin, count);
            long equals = 0;
            for (int i = 0; i < count; i++) {
                equals += magnitude(work.inputs[1].values[i]) == magnitude ? 1 : 0;
            }
            ahead[(int) (begin / Floats.CAPACITY) + 1] = equals;
        }, (_, _, _) -> {});
        for (int part = 0; part < parts; part++) {
            ahead[part + 1] += ahead[part];
        }
        return ahead;
    }
}
