package llams.engine.tornado.launch;

import llams.engine.tornado.kernels.Widening;

/// `c = alpha a b (+ c)` for a batch of matrices, every stride in elements: element `(i, l)` of `a` is at `i * rowA + l
/// * colA`, `(l, j)` of `b` at `l * rowB + j * colB`, row i of `c` at `i * rowC`, its columns side by side. Batch `z`
/// is `inner` number `z % inners` of `outer` number `z / inners`, each with its strides; `groupB` inners in a row read
/// the same `b`.
///
/// @param widening of `b`, null if it is F32
public record MatrixProduct(Ref a, Ref b, Ref c, int m, int n, int k, int rowA, int colA, int rowB, int colB, int rowC,
        int outers, int inners, int outerA, int innerA, int outerB, int innerB, int groupB, int outerC, int innerC,
        double alpha, boolean accumulate, Widening widening) {
    /// Up to this many rows, each element is a dot product by a work-group of its own.
    public static final int FEW_ROWS = 4;

    /// `a` is `[m, k]` or, transposed, `[k, m]`; `b` `[k, n]` or `[n, k]`; `c` `[m, n]`.
    public static MatrixProduct of(Ref a, boolean transposeA, Ref b, boolean transposeB, Ref c, int m, int n, int k,
            boolean accumulate, Widening widening) {
        return new MatrixProduct(a, b, c, m, n, k, transposeA ? 1 : k, transposeA ? m : 1, transposeB ? 1 : n,
                transposeB ? k : 1, n, 1, 1, 0, 0, 0, 0, 1, 0, 0, 1, accumulate, widening);
    }

    public boolean isFewRows() {
        return m <= FEW_ROWS && colA == 1 && rowB == 1 && outers * inners == 1;
    }

    /// The same product of other operands with the same layout: both F32 or both BF16.
    public MatrixProduct of(Ref otherA, Ref otherB) {
        return new MatrixProduct(otherA, otherB, c, m, n, k, rowA, colA, rowB, colB, rowC, outers, inners, outerA,
                innerA, outerB, innerB, groupB, outerC, innerC, alpha, accumulate, null);
    }
}
