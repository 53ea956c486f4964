package llams.engine.cpu;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
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
    /// The most rows of a task: `KC` steps of them are packed at once, a megabyte, and stream past the columns.
    private static final int MAX_ROWS = 512;
    /// A task of fewer rows spends too much of its time on packing `b`; only idle threads are worse.
    private static final int MIN_ROWS = 256;
    /// Likewise for columns and `a`.
    private static final int MIN_COLUMNS = 256;
    private static final int MAX_COLUMNS = 2048;
    /// Columns of `b` packed at once: `KC * PACKED` floats stay in the second-level cache.
    private static final int PACKED = 256;
    /// Tasks per thread worth having, so that a slow thread leaves little for the end.
    private static final int SHARE = 2;

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
    /// `c` F32 `[m, n]`; `a` and `b` are of any weight type. Both transposed is not supported.
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
        int threads = p.threads();
        int wanted = threads == 1 ? 1 : SHARE * threads;
        int across = Math.ceilDiv(n, Math.clamp(threads == 1 ? n : n / (2 * wanted), MIN_COLUMNS, MAX_COLUMNS));
        int down = Math.max(Math.ceilDiv(m, MAX_ROWS), Math.min(Math.ceilDiv(wanted, across), m / MIN_ROWS));
        if (across * down < threads) {
            down = Math.min(Math.ceilDiv(threads, across), Math.ceilDiv(m, 4 * MR));
        }
        int height = Math.ceilDiv(Math.ceilDiv(m, down), MR) * MR;
        int width = Math.ceilDiv(Math.ceilDiv(n, across), NR) * NR;
        int tasksDown = Math.ceilDiv(m, height);
        int tasksAcross = Math.ceilDiv(n, width);
        p.run(tasksDown * tasksAcross, (task, scratch) -> {
            int row = task % tasksDown * height;
            int column = task / tasksDown * width;
            block(rows, row, Math.min(height, m - row), columns, column, Math.min(width, n - column), k, c.data(),
                    transposed ? m : n, transposed, accumulate, scratch);
        });
    }

    private static void block(Factor rows, int row, int height, Factor columns, int column, int width, int k,
            MemorySegment c, int ldc, boolean transposed, boolean accumulate, Scratch scratch) {
        float[] a = scratch.floats(A, Math.ceilDiv(height, MR * NR) * MR * NR * STRIDE);
        float[] b = scratch.floats(B, KC * PACKED + NR * Simd.LANES);
        float[] stage = scratch.floats(STAGE, Panels.STAGE);
        float[] tile = scratch.floats(TILE, MR * NR);
        Arrays.fill(tile, 0);
        int step = Math.ceilDiv(k, Math.ceilDiv(k, KC));
        for (int p0 = 0; p0 < k; p0 += step) {
            int kc = Math.min(step, k - p0);
            boolean add = accumulate || p0 > 0;
            if (rows.stepMajor) {
                Panels.rowsTransposed(rows.data, rows.ld, row, height, p0, kc, a, stage);
            } else {
                Panels.rows(rows.data, rows.ld, row, height, Math.ceilDiv(height, MR) * MR, p0, kc, a, 0);
            }
            for (int j = 0; j < width; j += PACKED) {
                int packed = Math.min(PACKED, width - j);
                if (columns.stepMajor) {
                    Panels.columns(columns.data, columns.ld, column + j, packed, p0, kc, b);
                } else {
                    Panels.columnsTransposed(columns.data, columns.ld, column + j, packed, p0, kc, b, stage);
                }
                tiles(a, height, b, packed, kc, c, row, column + j, ldc, transposed, add, tile);
            }
        }
    }

    private static void tiles(float[] a, int height, float[] b, int width, int kc, MemorySegment c, int row, int column,
            int ldc, boolean transposed, boolean add, float[] tile) {
        for (int i = 0; i < height; i += MR) {
            int tileRows = Math.min(MR, height - i);
            for (int j = 0; j < width; j += NR) {
                int tileColumns = Math.min(NR, width - j);
                MicroKernel.tile(kc, a, i * STRIDE, b, j * kc, NR, tile, 0, NR);
                if (transposed) {
                    storeTransposed(tile, tileRows, tileColumns, c, ldc, row + i, column + j, add);
                } else {
                    store(tile, tileRows, tileColumns, c, (long) (row + i) * ldc + column + j, ldc, add);
                }
            }
        }
    }

    /// Moves a tile into `c` and leaves zeros in it, as the next tile needs them.
    static void store(float[] tile, int rows, int columns, MemorySegment c, long at, int ldc, boolean add) {
        if (columns < NR) {
            for (int i = 0; i < rows; i++) {
                for (int j = 0; j < columns; j++) {
                    put(c, at + (long) i * ldc + j, tile[i * NR + j], add);
                }
            }
            Arrays.fill(tile, 0, MR * NR, 0);
            return;
        }
        if (add) {
            for (int i = 0; i < rows; i++, at += ldc) {
                at(tile, i * NR).add(Simd.load(c, at)).intoMemorySegment(c, at * 4, Simd.LE);
                long next = at + Simd.LANES;
                at(tile, i * NR + Simd.LANES).add(Simd.load(c, next)).intoMemorySegment(c, next * 4, Simd.LE);
            }
        } else {
            for (int i = 0; i < rows; i++, at += ldc) {
                Simd.store(at(tile, i * NR), c, at);
                Simd.store(at(tile, i * NR + Simd.LANES), c, at + Simd.LANES);
            }
        }
        Arrays.fill(tile, 0, MR * NR, 0);
    }

    private static FloatVector at(float[] tile, int index) {
        return FloatVector.fromArray(Simd.F, tile, index);
    }

    private static void storeTransposed(float[] tile, int rows, int columns, MemorySegment c, int ldc, int row, int column,
            boolean add) {
        for (int j = 0; j < columns; j++) {
            for (int i = 0; i < rows; i++) {
                put(c, (long) (column + j) * ldc + row + i, tile[i * NR + j], add);
            }
        }
        Arrays.fill(tile, 0);
    }

    private static void put(MemorySegment c, long at, float value, boolean add) {
        c.set(Tensor.F32, at * 4, add ? value + c.get(Tensor.F32, at * 4) : value);
    }
}
