package llams.engine.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;

/// The one inner loop of every matrix product: a tile of `MR` rows by two vectors of columns stays in registers while
/// `kc` steps each load two vectors of `b` and broadcast `MR` values of `a`.
///
/// 24 accumulators fill the 32 registers of AVX-512 and of NEON; 12 fit the 16 registers of AVX2.
final class MicroKernel {
    static final int MR = Simd.BITS == 512 || System.getProperty("os.arch").equals("aarch64") ? 12 : 6;
    /// Columns of a tile.
    static final int NR = 2 * Simd.LANES;
    /// The most steps of one tile: `MR` rows of `a` stay in the first-level cache while panels of `b` stream from the second.
    /// Fewer steps (256) cost more for moving each tile to `c` than they save.
    static final int KC = 512;
    /// From one row of `a` to the next. A constant, so that the loop needs one address for all of them; a cache line more
    /// than `KC`, so that the rows do not compete for the same cache sets.
    static final int STRIDE = KC + 16;

    private static final VectorSpecies<Float> F = Simd.F;
    private static final int LANES = Simd.LANES;

    private MicroKernel() {
    }

    /// `c[i, j] += sum over p < kc of a[i, p] b[p, j]` for `i < MR`, `j < NR`. There is no variant that overwrites: a branch
    /// around the stores was enough for the compiler to give up keeping the accumulators in registers.
    ///
    /// @param a   rows `STRIDE` apart, starting at `ao`
    /// @param b   rows `ldb` apart, starting at `bo`
    /// @param c   rows `ldc` apart, starting at `co`
    static void tile(int kc, float[] a, int ao, float[] b, int bo, int ldb, float[] c, int co, int ldc) {
        if (MR == 12) {
            tile12(kc, a, ao, b, bo, ldb, c, co, ldc);
        } else {
            tile6(kc, a, ao, b, bo, ldb, c, co, ldc);
        }
    }

    private static void tile12(int kc, float[] a, int ao, float[] b, int bo, int ldb, float[] c, int co, int ldc) {
        FloatVector c00 = FloatVector.fromArray(F, c, co);
        FloatVector c01 = FloatVector.fromArray(F, c, co + LANES);
        FloatVector c10 = FloatVector.fromArray(F, c, co + ldc);
        FloatVector c11 = FloatVector.fromArray(F, c, co + ldc + LANES);
        FloatVector c20 = FloatVector.fromArray(F, c, co + 2 * ldc);
        FloatVector c21 = FloatVector.fromArray(F, c, co + 2 * ldc + LANES);
        FloatVector c30 = FloatVector.fromArray(F, c, co + 3 * ldc);
        FloatVector c31 = FloatVector.fromArray(F, c, co + 3 * ldc + LANES);
        FloatVector c40 = FloatVector.fromArray(F, c, co + 4 * ldc);
        FloatVector c41 = FloatVector.fromArray(F, c, co + 4 * ldc + LANES);
        FloatVector c50 = FloatVector.fromArray(F, c, co + 5 * ldc);
        FloatVector c51 = FloatVector.fromArray(F, c, co + 5 * ldc + LANES);
        FloatVector c60 = FloatVector.fromArray(F, c, co + 6 * ldc);
        FloatVector c61 = FloatVector.fromArray(F, c, co + 6 * ldc + LANES);
        FloatVector c70 = FloatVector.fromArray(F, c, co + 7 * ldc);
        FloatVector c71 = FloatVector.fromArray(F, c, co + 7 * ldc + LANES);
        FloatVector c80 = FloatVector.fromArray(F, c, co + 8 * ldc);
        FloatVector c81 = FloatVector.fromArray(F, c, co + 8 * ldc + LANES);
        FloatVector c90 = FloatVector.fromArray(F, c, co + 9 * ldc);
        FloatVector c91 = FloatVector.fromArray(F, c, co + 9 * ldc + LANES);
        FloatVector ca0 = FloatVector.fromArray(F, c, co + 10 * ldc);
        FloatVector ca1 = FloatVector.fromArray(F, c, co + 10 * ldc + LANES);
        FloatVector cb0 = FloatVector.fromArray(F, c, co + 11 * ldc);
        FloatVector cb1 = FloatVector.fromArray(F, c, co + 11 * ldc + LANES);
        for (int p = ao, end = ao + kc; p < end; p++) {
            FloatVector b0 = FloatVector.fromArray(F, b, bo);
            FloatVector b1 = FloatVector.fromArray(F, b, bo + LANES);
            bo += ldb;
            FloatVector a0 = FloatVector.broadcast(F, a[p]);
            c00 = a0.fma(b0, c00);
            c01 = a0.fma(b1, c01);
            a0 = FloatVector.broadcast(F, a[p + STRIDE]);
            c10 = a0.fma(b0, c10);
            c11 = a0.fma(b1, c11);
            a0 = FloatVector.broadcast(F, a[p + 2 * STRIDE]);
            c20 = a0.fma(b0, c20);
            c21 = a0.fma(b1, c21);
            a0 = FloatVector.broadcast(F, a[p + 3 * STRIDE]);
            c30 = a0.fma(b0, c30);
            c31 = a0.fma(b1, c31);
            a0 = FloatVector.broadcast(F, a[p + 4 * STRIDE]);
            c40 = a0.fma(b0, c40);
            c41 = a0.fma(b1, c41);
            a0 = FloatVector.broadcast(F, a[p + 5 * STRIDE]);
            c50 = a0.fma(b0, c50);
            c51 = a0.fma(b1, c51);
            a0 = FloatVector.broadcast(F, a[p + 6 * STRIDE]);
            c60 = a0.fma(b0, c60);
            c61 = a0.fma(b1, c61);
            a0 = FloatVector.broadcast(F, a[p + 7 * STRIDE]);
            c70 = a0.fma(b0, c70);
            c71 = a0.fma(b1, c71);
            a0 = FloatVector.broadcast(F, a[p + 8 * STRIDE]);
            c80 = a0.fma(b0, c80);
            c81 = a0.fma(b1, c81);
            a0 = FloatVector.broadcast(F, a[p + 9 * STRIDE]);
            c90 = a0.fma(b0, c90);
            c91 = a0.fma(b1, c91);
            a0 = FloatVector.broadcast(F, a[p + 10 * STRIDE]);
            ca0 = a0.fma(b0, ca0);
            ca1 = a0.fma(b1, ca1);
            a0 = FloatVector.broadcast(F, a[p + 11 * STRIDE]);
            cb0 = a0.fma(b0, cb0);
            cb1 = a0.fma(b1, cb1);
        }
        c00.intoArray(c, co);
        c01.intoArray(c, co + LANES);
        c10.intoArray(c, co + ldc);
        c11.intoArray(c, co + ldc + LANES);
        c20.intoArray(c, co + 2 * ldc);
        c21.intoArray(c, co + 2 * ldc + LANES);
        c30.intoArray(c, co + 3 * ldc);
        c31.intoArray(c, co + 3 * ldc + LANES);
        c40.intoArray(c, co + 4 * ldc);
        c41.intoArray(c, co + 4 * ldc + LANES);
        c50.intoArray(c, co + 5 * ldc);
        c51.intoArray(c, co + 5 * ldc + LANES);
        c60.intoArray(c, co + 6 * ldc);
        c61.intoArray(c, co + 6 * ldc + LANES);
        c70.intoArray(c, co + 7 * ldc);
        c71.intoArray(c, co + 7 * ldc + LANES);
        c80.intoArray(c, co + 8 * ldc);
        c81.intoArray(c, co + 8 * ldc + LANES);
        c90.intoArray(c, co + 9 * ldc);
        c91.intoArray(c, co + 9 * ldc + LANES);
        ca0.intoArray(c, co + 10 * ldc);
        ca1.intoArray(c, co + 10 * ldc + LANES);
        cb0.intoArray(c, co + 11 * ldc);
        cb1.intoArray(c, co + 11 * ldc + LANES);
    }

    private static void tile6(int kc, float[] a, int ao, float[] b, int bo, int ldb, float[] c, int co, int ldc) {
        FloatVector c00 = FloatVector.fromArray(F, c, co);
        FloatVector c01 = FloatVector.fromArray(F, c, co + LANES);
        FloatVector c10 = FloatVector.fromArray(F, c, co + ldc);
        FloatVector c11 = FloatVector.fromArray(F, c, co + ldc + LANES);
        FloatVector c20 = FloatVector.fromArray(F, c, co + 2 * ldc);
        FloatVector c21 = FloatVector.fromArray(F, c, co + 2 * ldc + LANES);
        FloatVector c30 = FloatVector.fromArray(F, c, co + 3 * ldc);
        FloatVector c31 = FloatVector.fromArray(F, c, co + 3 * ldc + LANES);
        FloatVector c40 = FloatVector.fromArray(F, c, co + 4 * ldc);
        FloatVector c41 = FloatVector.fromArray(F, c, co + 4 * ldc + LANES);
        FloatVector c50 = FloatVector.fromArray(F, c, co + 5 * ldc);
        FloatVector c51 = FloatVector.fromArray(F, c, co + 5 * ldc + LANES);
        for (int p = ao, end = ao + kc; p < end; p++) {
            FloatVector b0 = FloatVector.fromArray(F, b, bo);
            FloatVector b1 = FloatVector.fromArray(F, b, bo + LANES);
            bo += ldb;
            FloatVector a0 = FloatVector.broadcast(F, a[p]);
            c00 = a0.fma(b0, c00);
            c01 = a0.fma(b1, c01);
            a0 = FloatVector.broadcast(F, a[p + STRIDE]);
            c10 = a0.fma(b0, c10);
            c11 = a0.fma(b1, c11);
            a0 = FloatVector.broadcast(F, a[p + 2 * STRIDE]);
            c20 = a0.fma(b0, c20);
            c21 = a0.fma(b1, c21);
            a0 = FloatVector.broadcast(F, a[p + 3 * STRIDE]);
            c30 = a0.fma(b0, c30);
            c31 = a0.fma(b1, c31);
            a0 = FloatVector.broadcast(F, a[p + 4 * STRIDE]);
            c40 = a0.fma(b0, c40);
            c41 = a0.fma(b1, c41);
            a0 = FloatVector.broadcast(F, a[p + 5 * STRIDE]);
            c50 = a0.fma(b0, c50);
            c51 = a0.fma(b1, c51);
        }
        c00.intoArray(c, co);
        c01.intoArray(c, co + LANES);
        c10.intoArray(c, co + ldc);
        c11.intoArray(c, co + ldc + LANES);
        c20.intoArray(c, co + 2 * ldc);
        c21.intoArray(c, co + 2 * ldc + LANES);
        c30.intoArray(c, co + 3 * ldc);
        c31.intoArray(c, co + 3 * ldc + LANES);
        c40.intoArray(c, co + 4 * ldc);
        c41.intoArray(c, co + 4 * ldc + LANES);
        c50.intoArray(c, co + 5 * ldc);
        c51.intoArray(c, co + 5 * ldc + LANES);
    }
}
