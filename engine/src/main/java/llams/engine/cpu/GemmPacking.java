package llams.engine.cpu;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import llams.engine.tensor.DType;
import llams.engine.tensor.Nf4;
import llams.engine.tensor.Q8Block;
import llams.engine.tensor.Tensor;

/// Packing: matrix blocks copied as f32 into the order in which [GemmTile] reads them, ragged edges filled with
/// zeros.
final class GemmPacking {
    private static final int NR = GemmTile.NR;
    private static final int STRIDE = GemmTile.STRIDE;
    private static final int LANES = Simd.LANES;
    /// Where in a stage the rows stand that were widened and are yet to be transposed.
    private static final int ROWS = Transpose.STAGE;
    /// Floats of a stage.
    static final int STAGE = ROWS + LANES * STRIDE;

    private GemmPacking() {}

    /// Rows `row .. row+rows-1` and columns `p0 .. p0+kc-1` of `m` `[_, ld]`, as rows `STRIDE` apart; `padded >= rows`
    /// rows are written.
    static void rows(Tensor m, int ld, int row, int rows, int padded, int p0, int kc, float[] target, int at) {
        for (int i = 0; i < rows; i++) {
            Widen.row(m, (long) (row + i) * ld + p0, kc, target, at + i * STRIDE);
        }
        for (int i = rows; i < padded; i++) {
            Arrays.fill(target, at + i * STRIDE, at + i * STRIDE + kc, 0);
        }
    }

    /// Like [#rows] for the transpose: row `i` of the result is column `row + i` of `m` `[_, ld]`, whose rows `p0 ..`
    /// are the steps. `rows` is at most `KC`; `target` needs room for a multiple of `LANES` of rows.
    static void rowsTransposed(Tensor m, int ld, int row, int rows, int p0, int kc, float[] target, int at,
            float[] stage) {
        for (int p = 0; p < kc; p += LANES) {
            if (m.dtype() == DType.F32 && rows % LANES == 0 && kc - p >= LANES) {
                Transpose.band(m.data(), (long) (p0 + p) * ld + row, ld, rows, false, target, at + p, STRIDE, stage);
            } else {
                rows(m, ld, p0 + p, Math.min(LANES, kc - p), LANES, row, rows, stage, ROWS);
                Transpose.band(stage, ROWS, STRIDE, rows, target, at + p, STRIDE, stage);
            }
        }
    }

    /// Columns `column .. column+columns-1` and rows `p0 .. p0+kc-1` of `m` `[_, ld]`, as panels of `kc` rows by `NR`
    /// columns from `target[to]` on.
    static void columns(Tensor m, int ld, int column, int columns, int p0, int kc, float[] target, int to) {
        int whole = columns / NR * NR;
        for (int p = 0; p < kc; p++) {
            long from = (long) (p0 + p) * ld + column;
            switch (m.dtype()) {
                case F32 -> spreadF32(m.data(), from, whole, kc, target, to + p * NR);
                case BF16 -> spreadBf16(m.data(), from, whole, kc, target, to + p * NR);
                case F16 -> spreadF16(m.data(), from, whole, kc, target, to + p * NR);
                case Q8_0 -> spreadQ8(m, from, whole, kc, target, to + p * NR);
                case Q4_0, Q4_K, Q5_K, Q6_K -> spreadBlocks(m, from, whole, kc, target, to + p * NR);
                case NF4 -> spreadNf4(m, from, whole, kc, target, to + p * NR);
                default -> throw Widen.notAWeight(m.dtype());
            }
            if (whole < columns) {
                int at = to + whole * kc + p * NR;
                Widen.row(m, from + whole, columns - whole, target, at);
                Arrays.fill(target, at + columns - whole, at + NR, 0);
            }
        }
    }

    private static void spreadF32(MemorySegment data, long from, int columns, int kc, float[] target, int at) {
        for (int j = 0; j < columns; j += NR, at += kc * NR) {
            Simd.load(data, from + j).intoArray(target, at);
            Simd.load(data, from + j + LANES).intoArray(target, at + LANES);
        }
    }

    private static void spreadBf16(MemorySegment data, long from, int columns, int kc, float[] target, int at) {
        for (int j = 0; j < columns; j += NR, at += kc * NR) {
            Simd.loadBf16(data, from + j).intoArray(target, at);
            Simd.loadBf16(data, from + j + LANES).intoArray(target, at + LANES);
        }
    }

    private static void spreadF16(MemorySegment data, long from, int columns, int kc, float[] target, int at) {
        for (int j = 0; j < columns; j += NR, at += kc * NR) {
            Simd.loadF16(data, from + j).intoArray(target, at);
            Simd.loadF16(data, from + j + LANES).intoArray(target, at + LANES);
        }
    }

    /// Of any type, each panel's part of the row by itself.
    private static void spreadBlocks(Tensor m, long from, int columns, int kc, float[] target, int at) {
        for (int j = 0; j < columns; j += NR, at += kc * NR) {
            Widen.row(m, from + j, NR, target, at);
        }
    }

    /// A panel is a block or a part of one, unless the first column is the middle of a task's share of odd rows.
    private static void spreadQ8(Tensor m, long from, int columns, int kc, float[] target, int at) {
        if (from % NR != 0) {
            spreadBlocks(m, from, columns, kc, target, at);
            return;
        }
        MemorySegment data = m.data();
        for (int j = 0; j < columns; j += NR, at += kc * NR) {
            long block = (from + j) / Q8Block.ELEMENTS * Q8Block.BYTES;
            long q = block + Q8Block.FIRST + (from + j) % Q8Block.ELEMENTS;
            FloatVector scale = Simd.q8Scale(data, block);
            Simd.q8(data, q).mul(scale).intoArray(target, at);
            Simd.q8(data, q + LANES).mul(scale).intoArray(target, at + LANES);
        }
    }

    /// Of NF4, a panel is a quarter of a block, an eighth or half of one, or as in [#spreadQ8] parts of two.
    private static void spreadNf4(Tensor m, long from, int columns, int kc, float[] target, int at) {
        if (from % NR != 0) {
            spreadBlocks(m, from, columns, kc, target, at);
            return;
        }
        MemorySegment data = m.data();
        long elements = m.elements();
        for (int j = 0; j < columns;) {
            long block = (from + j) / Nf4.BLOCK;
            int end = (int) Math.min(columns, (block + 1) * Nf4.BLOCK - from);
            FloatVector scale = FloatVector.broadcast(Simd.F, Nf4.scale(data, elements, block));
            for (; j < end; j += NR, at += kc * NR) {
                long codes = (from + j) / 2;
                Simd.nf4(data, codes).mul(scale).intoArray(target, at);
                Simd.nf4(data, codes + LANES / 2).mul(scale).intoArray(target, at + LANES);
            }
        }
    }

    /// Like [#columns] for the transpose: column `j` of the result is row `column + j` of `m` `[_, ld]`, whose columns
    /// `p0 ..` are the steps. `target` needs room for `LANES` more rows of a panel.
    static void columnsTransposed(Tensor m, int ld, int column, int columns, int p0, int kc, float[] target, int to,
            float[] stage) {
        for (int j = 0; j < Math.ceilDiv(columns, NR) * NR; j += LANES) {
            int at = to + j / NR * NR * kc + j % NR;
            long from = (long) (column + j) * ld + p0;
            boolean whole = columns - j >= LANES;
            if (whole && m.dtype() == DType.F32 && kc % LANES == 0) {
                Transpose.band(m.data(), from, ld, kc, false, target, at, NR, stage);
            } else if (whole && m.dtype() == DType.BF16 && kc % (2 * LANES) == 0 && from % 2 == 0 && ld % 2 == 0) {
                Transpose.band(m.data(), from / 2, ld / 2, kc / 2, true, target, at, NR, stage);
            } else {
                rows(m, ld, column + j, Math.clamp(columns - j, 0, LANES), LANES, p0, kc, stage, ROWS);
                Transpose.band(stage, ROWS, STRIDE, kc, target, at, NR, stage);
            }
        }
    }
}
