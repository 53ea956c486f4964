package llams.model.extend;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import llams.engine.tensor.Tensor;
import llams.model.merge.parts.Floats;

/// Weighted means of rows of a tensor `[rows, dim]`: summed in double precision, rounded once to the tensor's type.
final class RowMean {
    private final Tensor rows;
    private final int dim;
    private final Floats row;
    private final double[] sum;

    RowMean(Arena arena, Tensor rows) {
        this.rows = rows;
        dim = (int) rows.shape().dim(1);
        row = new Floats(arena, dim);
        sum = new double[dim];
    }

    /// The sum of the rows `ids`, each times its weight; valid until the next call.
    MemorySegment of(int[] ids, double[] weights) {
        Arrays.fill(sum, 0);
        for (int i = 0; i < ids.length; i++) {
            row.read(rows, (long) ids[i] * dim, dim);
            for (int j = 0; j < dim; j++) {
                sum[j] += weights[i] * row.values[j];
            }
        }
        for (int j = 0; j < dim; j++) {
            row.values[j] = (float) sum[j];
        }
        return row.rounded(rows.dtype(), dim);
    }
}
