package llams.engine.cpu;

import java.util.Arrays;
import llams.engine.tensor.Tensor;

/// Packing: matrix blocks copied as f32 into the order in which [MicroKernel] reads them, ragged edges filled with zeros.
final class Panels {
    private static final int NR = MicroKernel.NR;
    private static final int STRIDE = MicroKernel.STRIDE;

    private Panels() {
    }

    /// Rows `row .. row+rows-1` and columns `p0 .. p0+kc-1` of `m` `[_, ld]`, as rows `STRIDE` apart; `padded >= rows` rows
    /// are written.
    static void rows(Tensor m, int ld, int row, int rows, int padded, int p0, int kc, float[] target) {
        for (int i = 0; i < rows; i++) {
            Widen.row(m, (long) (row + i) * ld + p0, kc, target, i * STRIDE);
        }
        for (int i = rows; i < padded; i++) {
            Arrays.fill(target, i * STRIDE, i * STRIDE + kc, 0);
        }
    }

    /// Like [#rows] for the transpose: row `i` of the result is column `row + i` of `m` `[_, ld]`, whose rows `p0 ..` are
    /// the steps. `stage` holds `kc * padded` floats.
    static void rowsTransposed(Tensor m, int ld, int row, int rows, int padded, int p0, int kc, float[] target,
            float[] stage) {
        for (int p = 0; p < kc; p++) {
            Widen.row(m, (long) (p0 + p) * ld + row, rows, stage, p * padded);
            Arrays.fill(stage, p * padded + rows, (p + 1) * padded, 0);
        }
        for (int i = 0; i < padded; i++) {
            for (int p = 0; p < kc; p++) {
                target[i * STRIDE + p] = stage[p * padded + i];
            }
        }
    }

    /// Columns `column .. column+columns-1` and rows `p0 .. p0+kc-1` of `m` `[_, ld]`, as panels of `kc` rows by `NR` columns.
    static void columns(Tensor m, int ld, int column, int columns, int p0, int kc, float[] target) {
        for (int panel = 0; panel < columns; panel += NR) {
            int width = Math.min(NR, columns - panel);
            int at = panel * kc;
            for (int p = 0; p < kc; p++, at += NR) {
                Widen.row(m, (long) (p0 + p) * ld + column + panel, width, target, at);
                Arrays.fill(target, at + width, at + NR, 0);
            }
        }
    }

    /// Like [#columns] for the transpose: column `j` of the result is row `column + j` of `m` `[_, ld]`, whose columns
    /// `p0 ..` are the steps. `stage` holds `NR * STRIDE` floats.
    static void columnsTransposed(Tensor m, int ld, int column, int columns, int p0, int kc, float[] target,
            float[] stage) {
        for (int panel = 0; panel < columns; panel += NR) {
            int width = Math.min(NR, columns - panel);
            rows(m, ld, column + panel, width, NR, p0, kc, stage);
            transpose(stage, kc, target, panel * kc);
        }
    }

    private static void transpose(float[] stage, int kc, float[] target, int at) {
        for (int j = 0; j < NR; j += 4) {
            int from = j * STRIDE;
            int to = at + j;
            for (int p = 0; p < kc; p++, from++, to += NR) {
                target[to] = stage[from];
                target[to + 1] = stage[from + STRIDE];
                target[to + 2] = stage[from + 2 * STRIDE];
                target[to + 3] = stage[from + 3 * STRIDE];
            }
        }
    }
}
