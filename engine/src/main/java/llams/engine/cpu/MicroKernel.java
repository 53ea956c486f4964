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
    /// The most steps of one tile, chosen so that `MR` rows of `a` and a panel of `b` fit the first-level cache.
    static final int KC = 256;
    /// From one row of `a` to the next. A constant, so that the loop needs one address for all of them; a cache line more
    /// than `KC`, so that the rows do not compete for the same cache sets.
    static final int STRIDE = KC + 16;

    private static final VectorSpecies<Float> F = Simd.F;
    private static final int LANES = Simd.LANES;

    private MicroKernel() {
    }

    /// `c[i, j] (+)= sum over p < kc of a[i, p] b[p, j]` for `i < MR`, `j < NR`.
    ///
    /// @param a   rows `STRIDE` apart, starting at `ao`
    /// @param b   rows `ldb` apart, starting at `bo`
    /// @param c   rows `ldc` apart, starting at `co`
    /// @param add adds to `c` instead of overwriting it
    static void tile(int kc, float[] a, int ao, float[] b, int bo, int ldb, float[] c, int co, int ldc, boolean add) {
        if (MR == 12) {
            tile12(kc, a, ao, b, bo, ldb, c, co, ldc, add);
        } else {
            tile6(kc, a, ao, b, bo, ldb, c, co, ldc, add);
        }
    }

    private static void put(FloatVector v0, FloatVector v1, float[] c, int at, boolean add) {
        if (add) {
            v0.add(FloatVector.fromArray(F, c, at)).intoArray(c, at);
            v1.add(FloatVector.fromArray(F, c, at + LANES)).intoArray(c, at + LANES);
        } else {
            v0.intoArray(c, at);
            v1.intoArray(c, at + LANES);
        }
    }

    private static void tile12(int kc, float[] a, int ao, float[] b, int bo, int ldb, float[] c, int co, int ldc,
            boolean add) {
        FloatVector c00 = FloatVector.zero(F);
        FloatVector c01 = c00;
        FloatVector c10 = c00;
        FloatVector c11 = c00;
        FloatVector c20 = c00;
        FloatVector c21 = c00;
        FloatVector c30 = c00;
        FloatVector c31 = c00;
        FloatVector c40 = c00;
        FloatVector c41 = c00;
        FloatVector c50 = c00;
        FloatVector c51 = c00;
        FloatVector c60 = c00;
        FloatVector c61 = c00;
        FloatVector c70 = c00;
        FloatVector c71 = c00;
        FloatVector c80 = c00;
        FloatVector c81 = c00;
        FloatVector c90 = c00;
        FloatVector c91 = c00;
        FloatVector ca0 = c00;
        FloatVector ca1 = c00;
        FloatVector cb0 = c00;
        FloatVector cb1 = c00;
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
        put(c00, c01, c, co, add);
        put(c10, c11, c, co + ldc, add);
        put(c20, c21, c, co + 2 * ldc, add);
        put(c30, c31, c, co + 3 * ldc, add);
        put(c40, c41, c, co + 4 * ldc, add);
        put(c50, c51, c, co + 5 * ldc, add);
        put(c60, c61, c, co + 6 * ldc, add);
        put(c70, c71, c, co + 7 * ldc, add);
        put(c80, c81, c, co + 8 * ldc, add);
        put(c90, c91, c, co + 9 * ldc, add);
        put(ca0, ca1, c, co + 10 * ldc, add);
        put(cb0, cb1, c, co + 11 * ldc, add);
    }

    private static void tile6(int kc, float[] a, int ao, float[] b, int bo, int ldb, float[] c, int co, int ldc,
            boolean add) {
        FloatVector c00 = FloatVector.zero(F);
        FloatVector c01 = c00;
        FloatVector c10 = c00;
        FloatVector c11 = c00;
        FloatVector c20 = c00;
        FloatVector c21 = c00;
        FloatVector c30 = c00;
        FloatVector c31 = c00;
        FloatVector c40 = c00;
        FloatVector c41 = c00;
        FloatVector c50 = c00;
        FloatVector c51 = c00;
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
        put(c00, c01, c, co, add);
        put(c10, c11, c, co + ldc, add);
        put(c20, c21, c, co + 2 * ldc, add);
        put(c30, c31, c, co + 3 * ldc, add);
        put(c40, c41, c, co + 4 * ldc, add);
        put(c50, c51, c, co + 5 * ldc, add);
    }
}
