package llams.engine.cpu;

import java.lang.foreign.MemorySegment;
import llams.engine.tensor.Tensor;

/// Rows of a table, by id, and the gradient that adds them back.
final class EmbeddingKernel {
    private static final int TABLE_ROWS = 1024;

    private EmbeddingKernel() {}

    /// `y[t] = table[ids[t]]`: `table` `[rows, dim]` of any weight dtype, `ids` I32 `[tokens]`, `y` `[tokens, dim]`.
    ///
    /// @throws IndexOutOfBoundsException if an id is not a row of the table
    static void forward(Tensor table, Tensor ids, Tensor y, Parallel p) {
        int rows = table.dim(0);
        int dim = table.dim(1);
        int tokens = ids.dim(0);
        p.run(tokens, (t, buffers) -> {
            Guard.index("embedding", "ids", ids, t, rows);
            float[] row = buffers.floats(0, dim);
            Widen.row(table, (long) ids.getInt(t) * dim, dim, row, 0);
            MemorySegment.copy(row, 0, y.data(), Tensor.F32, t * (dim * 4L), dim);
        });
    }

    /// `dTable` `[rows, dim]` is overwritten by the sums of the rows of `dy` `[tokens, dim]` that share an id, or these
    /// are added to it if `accumulate`. Each task owns a range of the table and adds in token order.
    ///
    /// @throws IndexOutOfBoundsException if an id is not a row of the table
    static void gradient(Tensor ids, Tensor dy, Tensor dTable, boolean accumulate, Parallel p) {
        int rows = dTable.dim(0);
        int dim = dTable.dim(1);
        int tokens = ids.dim(0);
        for (int t = 0; t < tokens; t++) {
            Guard.index("embeddingGradient", "ids", ids, t, rows);
        }
        p.run(Math.ceilDiv(rows, TABLE_ROWS), (task, _) -> {
            int from = task * TABLE_ROWS;
            int to = Math.min(rows, from + TABLE_ROWS);
            if (!accumulate) {
                dTable.data().asSlice(from * (dim * 4L), (to - from) * (dim * 4L)).fill((byte) 0);
            }
            for (int t = 0; t < tokens; t++) {
                int id = ids.getInt(t);
                if (id >= from && id < to) {
                    addRow(dy.data(), (long) t * dim, dTable.data(), (long) id * dim, dim);
                }
            }
        });
    }

    private static void addRow(MemorySegment x, long from, MemorySegment sum, long at, int dim) {
        int d = 0;
        for (int bound = Simd.F.loopBound(dim); d < bound; d += Simd.LANES) {
            Simd.store(Simd.load(sum, at + d).add(Simd.load(x, from + d)), sum, at + d);
        }
        for (; d < dim; d++) {
            long to = (at + d) * 4;
            sum.set(Tensor.F32, to, sum.get(Tensor.F32, to) + x.get(Tensor.F32, (from + d) * 4));
        }
    }
}
