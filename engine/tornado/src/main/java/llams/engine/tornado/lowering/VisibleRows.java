package llams.engine.tornado.lowering;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import llams.engine.plan.Program.OfLeaf;
import llams.engine.plan.Program.Place;
import llams.engine.tensor.Tensor;

/// How many rows of keys a run's tokens see, by its inputs: only the first rows of a KV cache are filled. The number is
/// rounded up, so that few sets of launches serve all runs.
///
/// @param lasts the inputs that hold the last row that each token sees
public record VisibleRows(List<Tensor> lasts) {
    /// All rows.
    public static final int ALL = Integer.MAX_VALUE;
    /// Numbers are multiples of this.
    public static final int STEP = 256;
    /// Larger numbers are rounded up to one of this many between powers of two: by half at most. A finer grid would
    /// save a tenth of a long prompt's attention and cost the host some milliseconds for every new number.
    private static final int STEPS = 2;

    public static VisibleRows of(Collection<Place> lasts, Map<String, Tensor> inputs) {
        return new VisibleRows(lasts.stream().map(last -> switch (last) {
            case OfLeaf(var leaf) when inputs.containsKey(leaf.name()) -> inputs.get(leaf.name());
            default ->
                throw new IllegalArgumentException("gpu: the rows that tokens see must be an input, not " + last);
        }).toList());
    }

    /// For the current inputs.
    public int rows() {
        int rows = lasts.isEmpty() ? ALL : 0;
        for (Tensor last : lasts) {
            for (long t = 0; t < last.elements(); t++) {
                rows = Math.max(rows, last.getInt(t) + 1);
            }
        }
        return rows == ALL ? ALL : roundedUp(rows);
    }

    public static int roundedUp(int rows) {
        int step = Math.max(STEP, Integer.highestOneBit(Math.max(1, rows - 1)) / STEPS);
        return Math.max(STEP, (rows + step - 1) / step * step);
    }
}
