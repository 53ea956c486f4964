package llams.engine.cpu;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// Transposes bands of `LANES` rows. A block of `LANES` by `LANES` is transposed in steps of distance `LANES / 2 .. 1`,
/// in each of which pairs of rows exchange the lanes whose index differs in that bit. The first two steps go along a
/// whole band, from four rows at a time into a stage; the others follow from there.
final class Transpose {
    /// Floats of a stage.
    static final int STAGE = Simd.LANES * GemmTile.STRIDE;

    private static final int LANES = Simd.LANES;
    private static final int STRIDE = GemmTile.STRIDE;
    /// From one to the next of four rows that exchange lanes in the first two steps.
    private static final int QUARTER = LANES / 4;
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

    private Transpose() {}

    /// `target[i * targetStride + j] = source[j * sourceStride + i]` for `j < rows`, `i < columns`. Works in whole
    /// blocks, so both are read and written up to the next multiples of `LANES`; `columns` is at most `KC`.
    static void floats(float[] source, int sourceStride, int rows, int columns, float[] target, int targetStride,
            float[] stage) {
        for (int j = 0; j < rows; j += LANES) {
            band(source, j * sourceStride, sourceStride, columns, target, j, targetStride, stage);
        }
    }

    /// One band, from `source[from]` to `target[to]`; see [#floats].
    static void band(float[] source, int from, int sourceStride, int columns, float[] target, int to, int targetStride,
            float[] stage) {
        far(source, from, sourceStride, columns, stage);
        near(stage, columns, target, to, targetStride);
    }

    /// The same for rows of elements of 4 bytes, the first of them at element `from`; `columns` is a multiple of
    /// `LANES`. With `pairs`, an element is two bf16 values, and becomes two floats, one below the other.
    static void band(MemorySegment source, long from, long sourceStride, int columns, boolean pairs, float[] target,
            int to, int targetStride, float[] stage) {
        far(source, from, sourceStride, columns, stage);
        if (pairs) {
            nearPairs(stage, columns, target, to, targetStride);
        } else {
            near(stage, columns, target, to, targetStride);
        }
    }

    /// Of four rows `QUARTER` apart, first those two quarters apart exchange lanes, then neighbours. One method with all
    /// of it, too long to be inlined, so that it is compiled by itself: as part of an attention's loops its vectors went
    /// to the heap, for those exceed what the compiler inlines.
    private static void far(float[] source, int from, int sourceStride, int columns, float[] stage) {
        int distance = QUARTER * sourceStride;
        IntVector upper = origins(UPPER, UPPER.length - 1);
        IntVector lower = origins(LOWER, UPPER.length - 1);
        IntVector upperHalf = origins(UPPER, UPPER.length - 2);
        IntVector lowerHalf = origins(LOWER, UPPER.length - 2);
        for (int r = 0; r < QUARTER; r++) {
            int a = from + r * sourceStride;
            int b = a + distance;
            int c = b + distance;
            int d = c + distance;
            int to = r * STRIDE;
            for (int p = 0; p < columns; p += LANES) {
                IntVector rowA = ints(source, a + p);
                IntVector rowB = ints(source, b + p);
                IntVector rowC = ints(source, c + p);
                IntVector rowD = ints(source, d + p);
                IntVector ac = upper.selectFrom(rowA, rowC);
                IntVector ca = lower.selectFrom(rowA, rowC);
                IntVector bd = upper.selectFrom(rowB, rowD);
                IntVector db = lower.selectFrom(rowB, rowD);
                put(upperHalf.selectFrom(ac, bd), stage, to + p);
                put(lowerHalf.selectFrom(ac, bd), stage, to + p + QUARTER * STRIDE);
                put(upperHalf.selectFrom(ca, db), stage, to + p + 2 * QUARTER * STRIDE);
                put(lowerHalf.selectFrom(ca, db), stage, to + p + 3 * QUARTER * STRIDE);
            }
        }
    }

    // Written twice: loops over arrays seen as segments, in one process with others, would check for each kind of
    // memory.
    private static void far(MemorySegment source, long from, long sourceStride, int columns, float[] stage) {
        long distance = QUARTER * sourceStride;
        IntVector upper = origins(UPPER, UPPER.length - 1);
        IntVector lower = origins(LOWER, UPPER.length - 1);
        IntVector upperHalf = origins(UPPER, UPPER.length - 2);
        IntVector lowerHalf = origins(LOWER, UPPER.length - 2);
        for (int r = 0; r < QUARTER; r++) {
            long a = from + r * sourceStride;
            long b = a + distance;
            long c = b + distance;
            long d = c + distance;
            int to = r * STRIDE;
            for (int p = 0; p < columns; p += LANES) {
                IntVector rowA = ints(source, a + p);
                IntVector rowB = ints(source, b + p);
                IntVector rowC = ints(source, c + p);
                IntVector rowD = ints(source, d + p);
                IntVector ac = upper.selectFrom(rowA, rowC);
                IntVector ca = lower.selectFrom(rowA, rowC);
                IntVector bd = upper.selectFrom(rowB, rowD);
                IntVector db = lower.selectFrom(rowB, rowD);
                put(upperHalf.selectFrom(ac, bd), stage, to + p);
                put(lowerHalf.selectFrom(ac, bd), stage, to + p + QUARTER * STRIDE);
                put(upperHalf.selectFrom(ca, db), stage, to + p + 2 * QUARTER * STRIDE);
                put(lowerHalf.selectFrom(ca, db), stage, to + p + 3 * QUARTER * STRIDE);
            }
        }
    }

    /// What is left: with 16 lanes the steps of distance 2 and 1, with 8 that of 1, with 4 none.
    private static void near(float[] stage, int columns, float[] target, int to, int targetStride) {
        IntVector upper = origins(UPPER, LANES == 16 ? 1 : 0);
        IntVector lower = origins(LOWER, LANES == 16 ? 1 : 0);
        IntVector upperHalf = origins(UPPER, 0);
        IntVector lowerHalf = origins(LOWER, 0);
        for (int r = 0; r < LANES; r += 4) {
            int from = r * STRIDE;
            int at = to + r * targetStride;
            for (int p = 0; p < columns; p += LANES) {
                IntVector a = ints(stage, from + p);
                IntVector b = ints(stage, from + STRIDE + p);
                IntVector c = ints(stage, from + 2 * STRIDE + p);
                IntVector d = ints(stage, from + 3 * STRIDE + p);
                IntVector ac = LANES == 16 ? upper.selectFrom(a, c) : a;
                IntVector ca = LANES == 16 ? lower.selectFrom(a, c) : c;
                IntVector bd = LANES == 16 ? upper.selectFrom(b, d) : b;
                IntVector db = LANES == 16 ? lower.selectFrom(b, d) : d;
                int out = at + p * targetStride;
                put(LANES >= 8 ? upperHalf.selectFrom(ac, bd) : ac, target, out);
                put(LANES >= 8 ? lowerHalf.selectFrom(ac, bd) : bd, target, out + targetStride);
                put(LANES >= 8 ? upperHalf.selectFrom(ca, db) : ca, target, out + 2 * targetStride);
                put(LANES >= 8 ? lowerHalf.selectFrom(ca, db) : db, target, out + 3 * targetStride);
            }
        }
    }

    // Written twice: with 16 lanes, a loop with both kinds of stores exceeds what the compiler inlines.
    private static void nearPairs(float[] stage, int columns, float[] target, int to, int targetStride) {
        IntVector upper = origins(UPPER, LANES == 16 ? 1 : 0);
        IntVector lower = origins(LOWER, LANES == 16 ? 1 : 0);
        IntVector upperHalf = origins(UPPER, 0);
        IntVector lowerHalf = origins(LOWER, 0);
        int step = 2 * targetStride;
        for (int r = 0; r < LANES; r += 4) {
            int from = r * STRIDE;
            int at = to + r * step;
            for (int p = 0; p < columns; p += LANES) {
                IntVector a = ints(stage, from + p);
                IntVector b = ints(stage, from + STRIDE + p);
                IntVector c = ints(stage, from + 2 * STRIDE + p);
                IntVector d = ints(stage, from + 3 * STRIDE + p);
                IntVector ac = LANES == 16 ? upper.selectFrom(a, c) : a;
                IntVector ca = LANES == 16 ? lower.selectFrom(a, c) : c;
                IntVector bd = LANES == 16 ? upper.selectFrom(b, d) : b;
                IntVector db = LANES == 16 ? lower.selectFrom(b, d) : d;
                int out = at + p * step;
                putPair(LANES >= 8 ? upperHalf.selectFrom(ac, bd) : ac, target, out, targetStride);
                putPair(LANES >= 8 ? lowerHalf.selectFrom(ac, bd) : bd, target, out + step, targetStride);
                putPair(LANES >= 8 ? upperHalf.selectFrom(ca, db) : ca, target, out + 2 * step, targetStride);
                putPair(LANES >= 8 ? lowerHalf.selectFrom(ca, db) : db, target, out + 3 * step, targetStride);
            }
        }
    }

    private static IntVector origins(int[][] of, int s) {
        return IntVector.fromArray(Simd.I, of[s], 0);
    }

    private static IntVector ints(MemorySegment source, long at) {
        return IntVector.fromMemorySegment(Simd.I, source, at * 4, Simd.LE);
    }

    private static IntVector ints(float[] source, int at) {
        return FloatVector.fromArray(Simd.F, source, at).reinterpretAsInts();
    }

    private static void putPair(IntVector v, float[] target, int at, int stride) {
        put(v.lanewise(VectorOperators.LSHL, 16), target, at);
        put(v.and(0xffff0000), target, at + stride);
    }

    private static void put(IntVector v, float[] target, int at) {
        v.reinterpretAsFloats().intoArray(target, at);
    }
}
