package llams.engine.cpu;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import llams.engine.tensor.Tensor;

/// Matrix products. Weights of any weight dtype are widened while they are packed (or in registers, where one token meets
/// a whole matrix); sums are f32.
///
/// The rows of `a` are packed once, by all threads; then each task computes columns of `c`: it packs a panel of `b` for
/// every `KC` steps and streams the rows of `a` past it. The order of every sum depends on the shapes alone, so results
/// do not depend on the number of threads.
final class Gemm {
    private static final int MR = MicroKernel.MR;
    private static final int NR = MicroKernel.NR;
    private static final int TILE = MR * NR;
    private static final int KC = MicroKernel.KC;
    private static final int STRIDE = MicroKernel.STRIDE;
    /// What is packed of `a` at once: at most this many rows and blocks of `KC` steps, 17 megabytes.
    private static final int MAX_ROWS = 1024;
    private static final int MAX_BLOCKS = 8;
    /// Rows of `a` that a task packs: a multiple of every `MR`, `NR` and `LANES`.
    private static final int STRIPE = 96;
    /// Columns of `b` packed at once: together with their part of `c` they stay in the second-level cache.
    private static final int PACKED = 128;
    /// A task of fewer columns reads `a` too often; only idle threads are worse.
    private static final int MIN_COLUMNS = 64;
    /// A task of fewer rows spends too much of its time on packing `b`; only idle threads are worse.
    private static final int MIN_ROWS = 256;
    /// The fewest that are worth another thread.
    private static final int LEAST_ROWS = 4 * MR;
    /// Tasks per thread worth having, so that a slow thread leaves little for the end.
    private static final int SHARE = 4;

    private static final int B = 0;
    private static final int STAGE = 1;
    private static final int SUMS = 2;
    private static final int A = 15;

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
            // Few columns would leave most of a tile's lanes empty: compute the transpose.
            Product product = n < MR && m > n ? new Product(columns, n, rows, m, c.data(), n, true)
                    : new Product(rows, m, columns, n, c.data(), n, false);
            product.run(k, accumulate, p);
        }
    }

    /// `c`, or its transpose, of `height` rows and `width` columns; `ldc` is the row length of `c` itself.
    private record Product(Factor rows, int height, Factor columns, int width, MemorySegment c, int ldc,
            boolean transposed) {
        void run(int k, boolean accumulate, Parallel p) {
            int tall = Math.ceilDiv(Math.ceilDiv(height, Math.ceilDiv(height, MAX_ROWS)), MR) * MR;
            // Even steps in whole vectors of pairs: only the last block may be ragged.
            int kc = Math.min(KC, Math.ceilDiv(Math.ceilDiv(k, Math.ceilDiv(k, KC)), NR) * NR);
            for (int row = 0; row < height; row += tall) {
                for (int from = 0; from < k; from += MAX_BLOCKS * kc) {
                    int steps = Math.min(MAX_BLOCKS * kc, k - from);
                    new Pass(this, row, Math.min(tall, height - row), from, steps, kc, accumulate || from > 0).run(p);
                }
            }
        }
    }

    /// The part of a product that is made with one packing of `a`: `height` rows from `row` on, `steps` steps from `from` on
    /// in blocks of `kc`.
    private record Pass(Product product, int row, int height, int from, int steps, int kc, boolean add) {
        void run(Parallel p) {
            int stripes = Math.ceilDiv(height, STRIPE);
            int block = stripes * STRIPE * STRIDE;
            float[] a = p.scratch().floats(A, Math.ceilDiv(steps, kc) * block);
            p.run(Math.ceilDiv(steps, kc) * stripes, (task, scratch) ->
                pack(task / stripes * kc, task % stripes * STRIPE, a, task / stripes * block, scratch));
            int width = product.width;
            int wide = Math.clamp(Math.ceilDiv(width, SHARE * p.threads()), MIN_COLUMNS, PACKED) / NR * NR;
            int across = Math.ceilDiv(width, wide);
            int down = Math.clamp(SHARE * p.threads() / across, 1, Math.max(1, height / MIN_ROWS));
            if (across * down < p.threads()) {
                down = Math.min(Math.ceilDiv(p.threads(), across), Math.ceilDiv(height, LEAST_ROWS));
            }
            int tall = Math.ceilDiv(Math.ceilDiv(height, down), MR) * MR;
            int tasksDown = Math.ceilDiv(height, tall);
            p.run(across * tasksDown, (task, scratch) -> {
                int top = task % tasksDown * tall;
                int left = task / tasksDown * wide;
                block(a, block, top, Math.min(tall, height - top), left, Math.min(wide, width - left), scratch);
            });
        }

        private void pack(int step, int top, float[] a, int block, Scratch scratch) {
            Factor rows = product.rows;
            int count = Math.min(STRIPE, height - top);
            int p0 = from + step;
            int length = Math.min(kc, steps - step);
            int at = block + top * STRIDE;
            if (rows.stepMajor) {
                Panels.rowsTransposed(rows.data, rows.ld, row + top, count, p0, length, a, at,
                        scratch.floats(STAGE, Panels.STAGE));
            } else {
                Panels.rows(rows.data, rows.ld, row + top, count, Math.ceilDiv(count, MR) * MR, p0, length, a, at);
            }
        }

        /// The sums of all tiles stay in order of use, and in cache, until the last block of steps is through.
        private void block(float[] a, int blockOfA, int top, int height, int left, int width, Scratch scratch) {
            Factor columns = product.columns;
            float[] b = scratch.floats(B, KC * PACKED + NR * Simd.LANES);
            boolean isSingle = steps <= kc;
            float[] sums = scratch.floats(SUMS, isSingle ? TILE : Math.ceilDiv(height, MR) * Math.ceilDiv(width, NR) * TILE);
            for (int step = 0; step < steps; step += kc) {
                int length = Math.min(kc, steps - step);
                if (columns.stepMajor) {
                    Panels.columns(columns.data, columns.ld, left, width, from + step, length, b);
                } else {
                    Panels.columnsTransposed(columns.data, columns.ld, left, width, from + step, length, b,
                            scratch.floats(STAGE, Panels.STAGE));
                }
                int at = 0;
                for (int i = 0; i < height; i += MR) {
                    for (int j = 0; j < width; j += NR) {
                        if (step == 0) {
                            Arrays.fill(sums, at, at + TILE, 0);
                        }
                        MicroKernel.tile(length, a, step / kc * blockOfA + (top + i) * STRIDE, b, j * length, NR, sums, at, NR);
                        if (step + kc >= steps) {
                            finish(sums, at, row + top + i, Math.min(MR, height - i), left + j, Math.min(NR, width - j));
                        }
                        at += isSingle ? 0 : TILE;
                    }
                }
            }
        }

        private void finish(float[] sums, int at, int row, int height, int column, int width) {
            if (product.transposed) {
                for (int j = 0; j < width; j++) {
                    for (int i = 0; i < height; i++) {
                        put(product.c, (long) (column + j) * product.ldc + row + i, sums[at + i * NR + j], add);
                    }
                }
            } else {
                store(sums, at, height, width, product.c, (long) row * product.ldc + column, product.ldc, add);
            }
        }
    }

    /// Moves the tile at `from` into `c`, or adds it there.
    static void store(float[] tile, int from, int rows, int columns, MemorySegment c, long at, int ldc, boolean add) {
        if (columns < NR) {
            for (int i = 0; i < rows; i++) {
                for (int j = 0; j < columns; j++) {
                    put(c, at + (long) i * ldc + j, tile[from + i * NR + j], add);
                }
            }
            return;
        }
        if (add) {
            for (int i = 0; i < rows; i++, at += ldc) {
                at(tile, from + i * NR).add(Simd.load(c, at)).intoMemorySegment(c, at * 4, Simd.LE);
                long next = at + Simd.LANES;
                at(tile, from + i * NR + Simd.LANES).add(Simd.load(c, next)).intoMemorySegment(c, next * 4, Simd.LE);
            }
        } else {
            for (int i = 0; i < rows; i++, at += ldc) {
                Simd.store(at(tile, from + i * NR), c, at);
                Simd.store(at(tile, from + i * NR + Simd.LANES), c, at + Simd.LANES);
            }
        }
    }

    private static FloatVector at(float[] tile, int index) {
        return FloatVector.fromArray(Simd.F, tile, index);
    }

    private static void put(MemorySegment c, long at, float value, boolean add) {
        c.set(Tensor.F32, at * 4, add ? value + c.get(Tensor.F32, at * 4) : value);
    }
}
