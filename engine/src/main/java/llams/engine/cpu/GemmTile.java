package llams.engine.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/// The one inner loop of every matrix product: a tile of `MR` rows by two vectors of columns stays in registers while
/// `kc` steps each load two vectors of `b` and broadcast `MR` values of `a`.
///
/// 24 accumulators fill the 32 registers of AVX-512 and of NEON. AVX2 has 16: 8 accumulators, two vectors of `b` and four
/// values of `a` fit in whatever order the compiler loads them. With 12 it loads three values of `a` at once, one
/// accumulator goes to the stack and back in every step, and the loop runs at 0.4 of its speed.
final class GemmTile {
    static final int MR = Simd.BITS == 512 || System.getProperty("os.arch").equals("aarch64") ? 12 : 4;
    /// Columns of a tile.
    static final int NR = 2 * Simd.LANES;
    /// Steps of one tile, at most: `MR` rows of `a` stay in the first-level cache while panels of `b` stream from the
    /// second. Fewer steps (256) cost more for moving each tile to `c` than they save.
    static final int KC = 512;
    /// From one row of `a` to the next. A constant, so that the loop needs one address for all of them; a cache line
    /// more than `KC`, so that the rows do not compete for the same cache sets.
    static final int STRIDE = KC + 16;

    private static final VectorSpecies<Float> F = Simd.F;
    private static final int LANES = Simd.LANES;

    private GemmTile() {}

    /// `c[i, j] += sum over p < kc of a[i, p] b[p, j]` for `i < MR`, `j < NR`. There is no variant that overwrites: a
    /// branch around the stores was enough for the compiler to give up keeping the accumulators in registers.
    ///
    /// @param a   rows `STRIDE` apart, starting at `ao`
    /// @param b   a panel: rows `NR` apart, starting at `bo`. With a variable in place of `NR` every load was checked
    ///            against the array's end, a fifth of the time of four rows
    /// @param c   rows `NR` apart, starting at `co`
    static void tile(int kc, float[] a, int ao, float[] b, int bo, float[] c, int co) {
        if (MR == 12) {
            tile12(kc, a, ao, b, bo, c, co);
        } else {
            tile4(kc, a, ao, b, bo, c, co);
        }
    }

    private static void tile12(int kc, float[] a, int ao, float[] b, int bo, float[] c, int co) {
        FloatVector c00 = FloatVector.zero(F);
        FloatVector c01 = FloatVector.zero(F);
        FloatVector c10 = FloatVector.zero(F);
        FloatVector c11 = FloatVector.zero(F);
        FloatVector c20 = FloatVector.zero(F);
        FloatVector c21 = FloatVector.zero(F);
        FloatVector c30 = FloatVector.zero(F);
        FloatVector c31 = FloatVector.zero(F);
        FloatVector c40 = FloatVector.zero(F);
        FloatVector c41 = FloatVector.zero(F);
        FloatVector c50 = FloatVector.zero(F);
        FloatVector c51 = FloatVector.zero(F);
        FloatVector c60 = FloatVector.zero(F);
        FloatVector c61 = FloatVector.zero(F);
        FloatVector c70 = FloatVector.zero(F);
        FloatVector c71 = FloatVector.zero(F);
        FloatVector c80 = FloatVector.zero(F);
        FloatVector c81 = FloatVector.zero(F);
        FloatVector c90 = FloatVector.zero(F);
        FloatVector c91 = FloatVector.zero(F);
        FloatVector ca0 = FloatVector.zero(F);
        FloatVector ca1 = FloatVector.zero(F);
        FloatVector cb0 = FloatVector.zero(F);
        FloatVector cb1 = FloatVector.zero(F);
        for (int p = 0; p < kc; p++) {
            FloatVector b0 = FloatVector.fromArray(F, b, bo + p * NR);
            FloatVector b1 = FloatVector.fromArray(F, b, bo + p * NR + LANES);
            FloatVector a0 = FloatVector.broadcast(F, a[ao + p]);
            c00 = a0.fma(b0, c00);
            c01 = a0.fma(b1, c01);
            a0 = FloatVector.broadcast(F, a[ao + p + STRIDE]);
            c10 = a0.fma(b0, c10);
            c11 = a0.fma(b1, c11);
            a0 = FloatVector.broadcast(F, a[ao + p + 2 * STRIDE]);
            c20 = a0.fma(b0, c20);
            c21 = a0.fma(b1, c21);
            a0 = FloatVector.broadcast(F, a[ao + p + 3 * STRIDE]);
            c30 = a0.fma(b0, c30);
            c31 = a0.fma(b1, c31);
            a0 = FloatVector.broadcast(F, a[ao + p + 4 * STRIDE]);
            c40 = a0.fma(b0, c40);
            c41 = a0.fma(b1, c41);
            a0 = FloatVector.broadcast(F, a[ao + p + 5 * STRIDE]);
            c50 = a0.fma(b0, c50);
            c51 = a0.fma(b1, c51);
            a0 = FloatVector.broadcast(F, a[ao + p + 6 * STRIDE]);
            c60 = a0.fma(b0, c60);
            c61 = a0.fma(b1, c61);
            a0 = FloatVector.broadcast(F, a[ao + p + 7 * STRIDE]);
            c70 = a0.fma(b0, c70);
            c71 = a0.fma(b1, c71);
            a0 = FloatVector.broadcast(F, a[ao + p + 8 * STRIDE]);
            c80 = a0.fma(b0, c80);
            c81 = a0.fma(b1, c81);
            a0 = FloatVector.broadcast(F, a[ao + p + 9 * STRIDE]);
            c90 = a0.fma(b0, c90);
            c91 = a0.fma(b1, c91);
            a0 = FloatVector.broadcast(F, a[ao + p + 10 * STRIDE]);
            ca0 = a0.fma(b0, ca0);
            ca1 = a0.fma(b1, ca1);
            a0 = FloatVector.broadcast(F, a[ao + p + 11 * STRIDE]);
            cb0 = a0.fma(b0, cb0);
            cb1 = a0.fma(b1, cb1);
        }
        c00.add(FloatVector.fromArray(F, c, co)).intoArray(c, co);
        c01.add(FloatVector.fromArray(F, c, co + LANES)).intoArray(c, co + LANES);
        c10.add(FloatVector.fromArray(F, c, co + NR)).intoArray(c, co + NR);
        c11.add(FloatVector.fromArray(F, c, co + NR + LANES)).intoArray(c, co + NR + LANES);
        c20.add(FloatVector.fromArray(F, c, co + 2 * NR)).intoArray(c, co + 2 * NR);
        c21.add(FloatVector.fromArray(F, c, co + 2 * NR + LANES)).intoArray(c, co + 2 * NR + LANES);
        c30.add(FloatVector.fromArray(F, c, co + 3 * NR)).intoArray(c, co + 3 * NR);
        c31.add(FloatVector.fromArray(F, c, co + 3 * NR + LANES)).intoArray(c, co + 3 * NR + LANES);
        c40.add(FloatVector.fromArray(F, c, co + 4 * NR)).intoArray(c, co + 4 * NR);
        c41.add(FloatVector.fromArray(F, c, co + 4 * NR + LANES)).intoArray(c, co + 4 * NR + LANES);
        c50.add(FloatVector.fromArray(F, c, co + 5 * NR)).intoArray(c, co + 5 * NR);
        c51.add(FloatVector.fromArray(F, c, co + 5 * NR + LANES)).intoArray(c, co + 5 * NR + LANES);
        c60.add(FloatVector.fromArray(F, c, co + 6 * NR)).intoArray(c, co + 6 * NR);
        c61.add(FloatVector.fromArray(F, c, co + 6 * NR + LANES)).intoArray(c, co + 6 * NR + LANES);
        c70.add(FloatVector.fromArray(F, c, co + 7 * NR)).intoArray(c, co + 7 * NR);
        c71.add(FloatVector.fromArray(F, c, co + 7 * NR + LANES)).intoArray(c, co + 7 * NR + LANES);
        c80.add(FloatVector.fromArray(F, c, co + 8 * NR)).intoArray(c, co + 8 * NR);
        c81.add(FloatVector.fromArray(F, c, co + 8 * NR + LANES)).intoArray(c, co + 8 * NR + LANES);
        c90.add(FloatVector.fromArray(F, c, co + 9 * NR)).intoArray(c, co + 9 * NR);
        c91.add(FloatVector.fromArray(F, c, co + 9 * NR + LANES)).intoArray(c, co + 9 * NR + LANES);
        ca0.add(FloatVector.fromArray(F, c, co + 10 * NR)).intoArray(c, co + 10 * NR);
        ca1.add(FloatVector.fromArray(F, c, co + 10 * NR + LANES)).intoArray(c, co + 10 * NR + LANES);
        cb0.add(FloatVector.fromArray(F, c, co + 11 * NR)).intoArray(c, co + 11 * NR);
        cb1.add(FloatVector.fromArray(F, c, co + 11 * NR + LANES)).intoArray(c, co + 11 * NR + LANES);
    }

    private static void tile4(int kc, float[] a, int ao, float[] b, int bo, float[] c, int co) {
        FloatVector c00 = FloatVector.zero(F);
        FloatVector c01 = FloatVector.zero(F);
        FloatVector c10 = FloatVector.zero(F);
        FloatVector c11 = FloatVector.zero(F);
        FloatVector c20 = FloatVector.zero(F);
        FloatVector c21 = FloatVector.zero(F);
        FloatVector c30 = FloatVector.zero(F);
        FloatVector c31 = FloatVector.zero(F);
        for (int p = 0; p < kc; p++) {
            FloatVector b0 = FloatVector.fromArray(F, b, bo + p * NR);
            FloatVector b1 = FloatVector.fromArray(F, b, bo + p * NR + LANES);
            FloatVector a0 = FloatVector.broadcast(F, a[ao + p]);
            c00 = a0.fma(b0, c00);
            c01 = a0.fma(b1, c01);
            a0 = FloatVector.broadcast(F, a[ao + p + STRIDE]);
            c10 = a0.fma(b0, c10);
            c11 = a0.fma(b1, c11);
            a0 = FloatVector.broadcast(F, a[ao + p + 2 * STRIDE]);
            c20 = a0.fma(b0, c20);
            c21 = a0.fma(b1, c21);
            a0 = FloatVector.broadcast(F, a[ao + p + 3 * STRIDE]);
            c30 = a0.fma(b0, c30);
            c31 = a0.fma(b1, c31);
        }
        c00.add(FloatVector.fromArray(F, c, co)).intoArray(c, co);
        c01.add(FloatVector.fromArray(F, c, co + LANES)).intoArray(c, co + LANES);
        c10.add(FloatVector.fromArray(F, c, co + NR)).intoArray(c, co + NR);
        c11.add(FloatVector.fromArray(F, c, co + NR + LANES)).intoArray(c, co + NR + LANES);
        c20.add(FloatVector.fromArray(F, c, co + 2 * NR)).intoArray(c, co + 2 * NR);
        c21.add(FloatVector.fromArray(F, c, co + 2 * NR + LANES)).intoArray(c, co + 2 * NR + LANES);
        c30.add(FloatVector.fromArray(F, c, co + 3 * NR)).intoArray(c, co + 3 * NR);
        c31.add(FloatVector.fromArray(F, c, co + 3 * NR + LANES)).intoArray(c, co + 3 * NR + LANES);
    }

    /// [#tile] for the first `LANES` columns only, where `MR` alone hides the latency.
    static void narrow(int kc, float[] a, int ao, float[] b, int bo, float[] c, int co) {
        if (MR == 12) {
            narrow12(kc, a, ao, b, bo, c, co);
        } else {
            tile4(kc, a, ao, b, bo, c, co);
        }
    }

    private static void narrow12(int kc, float[] a, int ao, float[] b, int bo, float[] c, int co) {
        FloatVector c0 = FloatVector.zero(F);
        FloatVector c1 = FloatVector.zero(F);
        FloatVector c2 = FloatVector.zero(F);
        FloatVector c3 = FloatVector.zero(F);
        FloatVector c4 = FloatVector.zero(F);
        FloatVector c5 = FloatVector.zero(F);
        FloatVector c6 = FloatVector.zero(F);
        FloatVector c7 = FloatVector.zero(F);
        FloatVector c8 = FloatVector.zero(F);
        FloatVector c9 = FloatVector.zero(F);
        FloatVector ca = FloatVector.zero(F);
        FloatVector cb = FloatVector.zero(F);
        for (int p = 0; p < kc; p++) {
            FloatVector b0 = FloatVector.fromArray(F, b, bo + p * NR);
            c0 = FloatVector.broadcast(F, a[ao + p]).fma(b0, c0);
            c1 = FloatVector.broadcast(F, a[ao + p + STRIDE]).fma(b0, c1);
            c2 = FloatVector.broadcast(F, a[ao + p + 2 * STRIDE]).fma(b0, c2);
            c3 = FloatVector.broadcast(F, a[ao + p + 3 * STRIDE]).fma(b0, c3);
            c4 = FloatVector.broadcast(F, a[ao + p + 4 * STRIDE]).fma(b0, c4);
            c5 = FloatVector.broadcast(F, a[ao + p + 5 * STRIDE]).fma(b0, c5);
            c6 = FloatVector.broadcast(F, a[ao + p + 6 * STRIDE]).fma(b0, c6);
            c7 = FloatVector.broadcast(F, a[ao + p + 7 * STRIDE]).fma(b0, c7);
            c8 = FloatVector.broadcast(F, a[ao + p + 8 * STRIDE]).fma(b0, c8);
            c9 = FloatVector.broadcast(F, a[ao + p + 9 * STRIDE]).fma(b0, c9);
            ca = FloatVector.broadcast(F, a[ao + p + 10 * STRIDE]).fma(b0, ca);
            cb = FloatVector.broadcast(F, a[ao + p + 11 * STRIDE]).fma(b0, cb);
        }
        c0.add(FloatVector.fromArray(F, c, co)).intoArray(c, co);
        c1.add(FloatVector.fromArray(F, c, co + NR)).intoArray(c, co + NR);
        c2.add(FloatVector.fromArray(F, c, co + 2 * NR)).intoArray(c, co + 2 * NR);
        c3.add(FloatVector.fromArray(F, c, co + 3 * NR)).intoArray(c, co + 3 * NR);
        c4.add(FloatVector.fromArray(F, c, co + 4 * NR)).intoArray(c, co + 4 * NR);
        c5.add(FloatVector.fromArray(F, c, co + 5 * NR)).intoArray(c, co + 5 * NR);
        c6.add(FloatVector.fromArray(F, c, co + 6 * NR)).intoArray(c, co + 6 * NR);
        c7.add(FloatVector.fromArray(F, c, co + 7 * NR)).intoArray(c, co + 7 * NR);
        c8.add(FloatVector.fromArray(F, c, co + 8 * NR)).intoArray(c, co + 8 * NR);
        c9.add(FloatVector.fromArray(F, c, co + 9 * NR)).intoArray(c, co + 9 * NR);
        ca.add(FloatVector.fromArray(F, c, co + 10 * NR)).intoArray(c, co + 10 * NR);
        cb.add(FloatVector.fromArray(F, c, co + 11 * NR)).intoArray(c, co + 11 * NR);
    }
}
