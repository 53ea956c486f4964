package llams.engine.cpu;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import llams.engine.tensor.Q8Block;
import llams.engine.tensor.Tensor;

/// Packing: matrix blocks copied as f32 into the order in which [MicroKernel] reads them, ragged edges filled with zeros.
final class Panels {
    /// Floats that a `stage` needs: the larger of `NR` rows of steps and `KC` rows of a panel, and a block to transpose.
    static final int STAGE = Math.max(MicroKernel.NR * MicroKernel.STRIDE, MicroKernel.KC * MicroKernel.NR)
            + Simd.LANES * Simd.LANES;

    private static final int NR = MicroKernel.NR;
    private static final int STRIDE = MicroKernel.STRIDE;
    private static final int LANES = Simd.LANES;
    private static final int TEMPORARY = STAGE - LANES * LANES;
    /// For a step of distance `2^s`: where the lanes of the upper and the lower row of a pair come from.
    private static final int[][] UPPER = new int[Integer.numberOfTrailingZeros(LANES)][LANES];
    private static final int[][] LOWER = new int[UPPER.length][LANES];

    static {
        for (int s = 0; s < UPPER.length; s++) {
            for (int lane = 0, distance = 1 << s; lane < LANES; lane++) {
                boolean left = (lane & distance) == 0;
                UPPER[s][lane] = left ? lane : LANES + lane - distance;
                LOWER[s][lane] = left ? lane + distance : LANES + lane;
            }
        }
    }

    private Panels() {
    }

    /// Rows `row .. row+rows-1` and columns `p0 .. p0+kc-1` of `m` `[_, ld]`, as rows `STRIDE` apart; `padded >= rows` rows
    /// are written.
    static void rows(Tensor m, int ld, int row, int rows, int padded, int p0, int kc, float[] target, int at) {
        for (int i = 0; i < rows; i++) {
            Widen.row(m, (long) (row + i) * ld + p0, kc, target, at + i * STRIDE);
        }
        for (int i = rows; i < padded; i++) {
            Arrays.fill(target, at + i * STRIDE, at + i * STRIDE + kc, 0);
        }
    }

    /// Like [#rows] for the transpose: row `i` of the result is column `row + i` of `m` `[_, ld]`, whose rows `p0 ..` are
    /// the steps. `target` needs room for a multiple of `NR` rows.
    static void rowsTransposed(Tensor m, int ld, int row, int rows, int p0, int kc, float[] target, float[] stage) {
        for (int i = 0; i < rows; i += NR) {
            columns(m, ld, row + i, Math.min(NR, rows - i), p0, kc, stage);
            for (int j = 0; j < NR; j += LANES) {
                for (int p = 0; p < kc; p += LANES) {
                    transpose(stage, p * NR + j, NR, target, (i + j) * STRIDE + p, STRIDE, stage);
                }
            }
        }
    }

    /// Columns `column .. column+columns-1` and rows `p0 .. p0+kc-1` of `m` `[_, ld]`, as panels of `kc` rows by `NR` columns.
    static void columns(Tensor m, int ld, int column, int columns, int p0, int kc, float[] target) {
        int whole = columns / NR * NR;
        for (int p = 0; p < kc; p++) {
            long from = (long) (p0 + p) * ld + column;
            switch (m.dtype()) {
                case F32 -> spreadF32(m.data(), from, whole, kc, target, p * NR);
                case BF16 -> spreadBf16(m.data(), from, whole, kc, target, p * NR);
                case F16 -> spreadF16(m.data(), from, whole, kc, target, p * NR);
                case Q8_0 -> spreadQ8(m, from, whole, kc, target, p * NR);
                case F64, I64, I32, I16, I8, U8, BOOL -> throw Widen.notAWeight(m.dtype());
            }
            if (whole < columns) {
                int at = whole * kc + p * NR;
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

    /// A panel is a block or a part of one, unless the first column is the middle of a task's share of odd rows.
    private static void spreadQ8(Tensor m, long from, int columns, int kc, float[] target, int at) {
        if (from % NR != 0) {
            for (int j = 0; j < columns; j += NR, at += kc * NR) {
                Widen.row(m, from + j, NR, target, at);
            }
            return;
        }
        MemorySegment data = m.data();
        for (int j = 0; j < columns; j += NR, at += kc * NR) {
            long block = (from + j) / Q8Block.ELEMENTS * Q8Block.BYTES;
            long q = block + Q8Block.FIRST + (from + j) % Q8Block.ELEMENTS;
            FloatVector scale = Simd.q8Scale(data, block);
            Simd.q8Lower(data, q).mul(scale).intoArray(target, at);
            Simd.q8Upper(data, q).mul(scale).intoArray(target, at + LANES);
        }
    }

    /// Like [#columns] for the transpose: column `j` of the result is row `column + j` of `m` `[_, ld]`, whose columns
    /// `p0 ..` are the steps. `target` needs room for `LANES` more rows of a panel.
    static void columnsTransposed(Tensor m, int ld, int column, int columns, int p0, int kc, float[] target,
            float[] stage) {
        for (int panel = 0; panel < columns; panel += NR) {
            rows(m, ld, column + panel, Math.min(NR, columns - panel), NR, p0, kc, stage, 0);
            for (int p = 0; p < kc; p += LANES) {
                transpose(stage, p, STRIDE, target, panel * kc + p * NR, NR, stage);
                transpose(stage, LANES * STRIDE + p, STRIDE, target, panel * kc + p * NR + LANES, NR, stage);
            }
        }
    }

    /// `target[i * targetStride + j] = source[j * sourceStride + i]` for `j < rows`, `i < columns`. Works in whole blocks, so
    /// both are read and written up to the next multiples of `LANES`.
    static void transposed(float[] source, int sourceStride, int rows, int columns, float[] target, int targetStride,
            float[] stage) {
        for (int j = 0; j < rows; j += LANES) {
            for (int i = 0; i < columns; i += LANES) {
                transpose(source, j * sourceStride + i, sourceStride, target, i * targetStride + j, targetStride, stage);
            }
        }
    }

    /// A block of `LANES` by `LANES` floats: at each step, of distance `LANES / 2 .. 1`, pairs of rows exchange the lanes whose
    /// index differs in that bit. Two steps are made in one pass over the block.
    private static void transpose(float[] source, int from, int sourceStride, float[] target, int to, int targetStride,
            float[] stage) {
        switch (LANES) {
            case 4 -> exchangeTwice(1, source, from, sourceStride, target, to, targetStride);
            case 8 -> {
                exchange(2, source, from, sourceStride, stage, TEMPORARY, LANES);
                exchangeTwice(1, stage, TEMPORARY, LANES, target, to, targetStride);
            }
            default -> {
                exchangeTwice(3, source, from, sourceStride, stage, TEMPORARY, LANES);
                exchangeTwice(1, stage, TEMPORARY, LANES, target, to, targetStride);
            }
        }
    }

    private static void exchange(int s, float[] source, int from, int sourceStride, float[] target, int to,
            int targetStride) {
        int distance = 1 << s;
        IntVector upper = IntVector.fromArray(Simd.I, UPPER[s], 0);
        IntVector lower = IntVector.fromArray(Simd.I, LOWER[s], 0);
        for (int pair = 0; pair < LANES / 2; pair++) {
            int row = (pair & -distance) << 1 | pair & distance - 1;
            IntVector a = ints(source, from + row * sourceStride);
            IntVector b = ints(source, from + (row + distance) * sourceStride);
            put(upper.selectFrom(a, b), target, to + row * targetStride);
            put(lower.selectFrom(a, b), target, to + (row + distance) * targetStride);
        }
    }

    /// The steps of distance `2^s` and of half of that.
    private static void exchangeTwice(int s, float[] source, int from, int sourceStride, float[] target, int to,
            int targetStride) {
        int distance = 1 << s;
        int half = distance / 2;
        IntVector upper = IntVector.fromArray(Simd.I, UPPER[s], 0);
        IntVector lower = IntVector.fromArray(Simd.I, LOWER[s], 0);
        IntVector upperHalf = IntVector.fromArray(Simd.I, UPPER[s - 1], 0);
        IntVector lowerHalf = IntVector.fromArray(Simd.I, LOWER[s - 1], 0);
        for (int group = 0; group < LANES / 4; group++) {
            int row = (group & -half) << 2 | group & half - 1;
            IntVector a = ints(source, from + row * sourceStride);
            IntVector b = ints(source, from + (row + half) * sourceStride);
            IntVector c = ints(source, from + (row + distance) * sourceStride);
            IntVector d = ints(source, from + (row + distance + half) * sourceStride);
            IntVector ac = upper.selectFrom(a, c);
            IntVector ca = lower.selectFrom(a, c);
            IntVector bd = upper.selectFrom(b, d);
            IntVector db = lower.selectFrom(b, d);
            put(upperHalf.selectFrom(ac, bd), target, to + row * targetStride);
            put(lowerHalf.selectFrom(ac, bd), target, to + (row + half) * targetStride);
            put(upperHalf.selectFrom(ca, db), target, to + (row + distance) * targetStride);
            put(lowerHalf.selectFrom(ca, db), target, to + (row + distance + half) * targetStride);
        }
    }

    private static IntVector ints(float[] source, int at) {
        return FloatVector.fromArray(Simd.F, source, at).reinterpretAsInts();
    }

    private static void put(IntVector v, float[] target, int at) {
        v.reinterpretAsFloats().intoArray(target, at);
    }
}
