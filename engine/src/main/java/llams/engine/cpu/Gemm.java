package llams.engine.cpu;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import llams.engine.tensor.Tensor;

/// Matrix products. Weights of any weight dtype are widened while they are packed (or in registers, where one token meets
/// a whole matrix); sums are f32.
///
/// A task computes a block of `c` from start to end: it packs its columns of `b` once for every `KC` steps, then streams
/// the rows of `a` past them. Nothing is shared between tasks, and the order of every sum depends on the shapes alone,
/// so results do not depend on the number of threads.
final class Gemm {
    private static final int MR = MicroKernel.MR;
    private static final int NR = MicroKernel.NR;
    private static final int KC = MicroKernel.KC;
    private static final int STRIDE = MicroKernel.STRIDE;
    /// Rows of `a` packed at once.
    private static final int ROWS = 48;
    /// Columns of `b` packed at once: `KC * COLUMNS` floats stay in the second-level cache.
    private static final int COLUMNS = 256;
    /// Tasks per thread worth having, so that a slow thread leaves little for the end.
    private static final int SHARE = 4;

    private static final int A = 0;
    private static final int B = 1;
    private static final int STAGE = 2;
    private static final int TILE = 3;

    private Gemm() {
    }

    /// One factor: element `(outer, step)` of the product's rows (or columns) stands at `outer * ld + step`, or at
    /// `step * ld + outer` if `stepMajor`.
    private record Factor(Tensor data, int ld, boolean stepMajor) {
    }

    /// `c = op(a) · op(b)`, plus `c` if `accumulate`: `a` is `[m, k]` (or `[k, m]`, transposed), `b` `[k, n]` (or `[n, k]`),
    /// `c` F32 `[m, n]`; `a` and `b` are F32, BF16 or F16. Both transposed is not supported.
    static void multiply(Tensor a, boolean transposeA, Tensor b, boolean transposeB, Tensor c, boolean accumulate,
            Parallel p) {
        Check.that(!transposeA || !transposeB, "matmul: a and b are both transposed; swap them and transpose neither");
        int m = Check.dim("matmul", "a", a, 2, transposeA ? 1 : 0);
        int k = Check.dim("matmul", "a", a, 2, transposeA ? 0 : 1);
        int n = Check.dim("matmul", "b", b, 2, transposeB ? 0 : 1);
        Check.weight("matmul", transposeA ? "a (transposed)" : "a", a, transposeA ? k : m, transposeA ? m : k);
        Check.weight("matmul", transposeB ? "b (transposed)" : "b", b, transposeB ? n : k, transposeB ? k : n);
        Check.f32("matmul", "c", c, m, n);
        if (k == 0 && !accumulate) {
            c.data().fill((byte) 0);
        }
        if (m == 0 || n == 0 || k == 0) {
            return;
        }
        if (!transposeA && transposeB && m <= DotKernel.FEW) {
            DotKernel.multiply(a, false, m, b, n, k, c, 1, n, accumulate, p);
        } else if (!transposeA && n <= DotKernel.FEW) {
            DotKernel.multiply(b, !transposeB, n, a, m, k, c, n, 1, accumulate, p);
        } else {
            Factor rows = new Factor(a, transposeA ? m : k, transposeA);
            Factor columns = new Factor(b, transposeB ? k : n, !transposeB);
            if (n < MR && m > n) {
                // Few columns would leave most of a tile's lanes empty: compute the transpose.
                blocks(columns, n, rows, m, k, c, true, accumulate, p);
            } else {
                blocks(rows, m, columns, n, k, c, false, accumulate, p);
            }
        }
    }

    private static void blocks(Factor rows, int m, Factor columns, int n, int k, Tensor c, boolean transposed,
            boolean accumulate, Parallel p) {
        int across = Math.ceilDiv(n, COLUMNS);
        int down = Math.clamp(Math.ceilDiv(SHARE * p.threads(), across), 1, Math.ceilDiv(m, 2 * ROWS));
        int height = Math.ceilDiv(Math.ceilDiv(m, down), ROWS) * ROWS;
        int width = Math.ceilDiv(Math.ceilDiv(n, across), NR) * NR;
        int tasksDown = Math.ceilDiv(m, height);
        int tasksAcross = Math.ceilDiv(n, width);
        p.run(tasksDown * tasksAcross, (task, scratch) -> {
            int row = task % tasksDown * height;
            int column = task / tasksDown * width;
            block(rows, row, Math.min(m, row + height), columns, column, Math.min(width, n - column), k, c.data(),
                    transposed ? m : n, transposed, accumulate, scratch);
        });
    }

    private static void block(Factor rows, int from, int to, Factor columns, int column, int width, int k, MemorySegment c,
            int ldc, boolean transposed, boolean accumulate, Scratch scratch) {
        float[] a = scratch.floats(A, ROWS * STRIDE);
        float[] b = scratch.floats(B, KC * COLUMNS);
        float[] stage = scratch.floats(STAGE, Math.max(NR, ROWS) * STRIDE);
        float[] tile = scratch.floats(TILE, MR * NR);
        int pieces = Math.ceilDiv(k, KC);
        int step = Math.ceilDiv(k, pieces);
        for (int p0 = 0; p0 < k; p0 += step) {
            int kc = Math.min(step, k - p0);
            boolean add = accumulate || p0 > 0;
            if (columns.stepMajor) {
                Panels.columns(columns.data, columns.ld, column, width, p0, kc, b);
            } else {
                Panels.columnsTransposed(columns.data, columns.ld, column, width, p0, kc, b, stage);
            }
            for (int row = from; row < to; row += ROWS) {
                int height = Math.min(ROWS, to - row);
                int padded = Math.ceilDiv(height, MR) * MR;
                if (rows.stepMajor) {
                    Panels.rowsTransposed(rows.data, rows.ld, row, height, padded, p0, kc, a, stage);
                } else {
                    Panels.rows(rows.data, rows.ld, row, height, padded, p0, kc, a);
                }
                for (int j = 0; j < width; j += NR) {
                    int tileColumns = Math.min(NR, width - j);
                    for (int i = 0; i < height; i += MR) {
                        MicroKernel.tile(kc, a, i * STRIDE, b, j * kc, NR, tile, 0, NR, false);
                        int tileRows = Math.min(MR, height - i);
                        if (transposed) {
                            storeTransposed(tile, tileRows, tileColumns, c, ldc, row + i, column + j, add);
                        } else {
                            store(tile, tileRows, tileColumns, c, (long) (row + i) * ldc + column + j, ldc, add);
                        }
                    }
                }
            }
        }
    }

    static void store(float[] tile, int rows, int columns, MemorySegment c, long at, int ldc, boolean add) {
        if (columns < NR) {
            for (int i = 0; i < rows; i++) {
                for (int j = 0; j < columns; j++) {
                    put(c, at + (long) i * ldc + j, tile[i * NR + j], add);
                }
            }
            return;
        }
        for (int i = 0; i < rows; i++, at += ldc) {
            FloatVector v0 = FloatVector.fromArray(Simd.F, tile, i * NR);
            FloatVector v1 = FloatVector.fromArray(Simd.F, tile, i * NR + Simd.LANES);
            if (add) {
                Simd.store(v0.add(Simd.load(c, at)), c, at);
                Simd.store(v1.add(Simd.load(c, at + Simd.LANES)), c, at + Simd.LANES);
            } else {
                Simd.store(v0, c, at);
                Simd.store(v1, c, at + Simd.LANES);
            }
        }
    }

    private static void storeTransposed(float[] tile, int rows, int columns, MemorySegment c, int ldc, int row, int column,
            boolean add) {
        for (int j = 0; j < columns; j++) {
            for (int i = 0; i < rows; i++) {
                put(c, (long) (column + j) * ldc + row + i, tile[i * NR + j], add);
            }
        }
    }

    private static void put(MemorySegment c, long at, float value, boolean add) {
        c.set(Tensor.F32, at * 4, add ? value + c.get(Tensor.F32, at * 4) : value);
    }
}
