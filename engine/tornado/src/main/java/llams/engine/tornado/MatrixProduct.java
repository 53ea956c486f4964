package llams.engine.tornado;

import java.util.List;
import llams.engine.tornado.DeviceLayout.Ref;

/// `c = alpha a b (+ c)` for a batch of matrices, every stride in elements: element `(i, l)` of `a` is at `i * rowA + l
/// * colA`, `(l, j)` of `b` at `l * rowB + j * colB`, row i of `c` at `i * rowC`, its columns side by side. Batch `z`
/// is `inner` number `z % inners` of `outer` number `z / inners`, each with its strides; `groupB` inners in a row read
/// the same `b`.
///
/// @param widening of `b`, null if it is F32
record MatrixProduct(Ref a, Ref b, Ref c, int m, int n, int k, int rowA, int colA, int rowB, int colB, int rowC, int outers,
        int inners, int outerA, int innerA, int outerB, int innerB, int groupB, int outerC, int innerC, double alpha,
        boolean accumulate, Widening widening) {
    /// Products with at most so many rows are dot products, a group of threads each.
    static final int FEW_ROWS = 4;

    /// `a` is `[m, k]` or, transposed, `[k, m]`; `b` `[k, n]` or `[n, k]`; `c` `[m, n]`.
    static MatrixProduct of(Ref a, boolean transposeA, Ref b, boolean transposeB, Ref c, int m, int n, int k,
            boolean accumulate, Widening widening) {
        return new MatrixProduct(a, b, c, m, n, k, transposeA ? 1 : k, transposeA ? m : 1, transposeB ? 1 : n,
                transposeB ? k : 1, n, 1, 1, 0, 0, 0, 0, 1, 0, 0, 1, accumulate, widening);
    }

    boolean isFewRows() {
        return m <= FEW_ROWS && colA == 1 && rowB == 1 && outers * inners == 1;
    }

    /// The same of other memory, laid out alike: F32, or BF16 both.
    MatrixProduct of(Ref otherA, Ref otherB) {
        return new MatrixProduct(otherA, otherB, c, m, n, k, rowA, colA, rowB, colB, rowC, outers, inners, outerA, innerA,
                outerB, innerB, groupB, outerC, innerC, alpha, accumulate, null);
    }

    private String what(String op) {
        return op + " " + m + "x" + n + "x" + k + (outers * inners == 1 ? "" : " by " + outers * inners);
    }

    /// As a library's; both sides must be of one type.
    Launch libraryLaunch(String op) {
        Kernel kernel = a.block().kind == DeviceBlock.Kind.SHORTS ? Kernel.CUBLAS_BF16 : Kernel.CUBLAS_F32;
        return new Launch(kernel, List.of(a.block(), b.block(), c.block()), new int[0], 1, 1, 1, what(op), this);
    }

    /// A few rows by a weight in BF16, as a kernel of ours for CUDA.
    Launch rowsLaunch(ConstantTable constants, String op) {
        int groups = (n + RoundingKernels.COLUMNS - 1) / RoundingKernels.COLUMNS;
        return new Launch(Kernel.DOT_COLUMNS, List.of(a.block(), b.block(), c.block()), parameters(constants), groups,
                m, 1, what(op), null);
    }

    private int[] parameters(ConstantTable constants) {
        return new int[] {a.offset(), b.offset(), c.offset(), m, n, k, rowA, colA, rowB, colB, rowC, inners, outerA,
                innerA, outerB, innerB, groupB, outerC, innerC, constants.index((float) alpha), accumulate ? 1 : 0,
                widening == null ? 0 : widening.bits(), widening == null ? 0 : widening.scales(),
                widening == null ? 0 : widening.ones()};
    }

    /// As a kernel of ours.
    Launch launch(ConstantTable constants, String op) {
        int[] parameters = parameters(constants);
        List<DeviceBlock> blocks = List.of(a.block(), b.block(), c.block());
        if (isFewRows()) {
            return new Launch(
                    Widening.choose(widening, Kernel.DOT_ROWS, Kernel.DOT_ROWS_HALF, Kernel.DOT_ROWS_QUANTIZED), blocks,
                    parameters, n, m, 1, what(op), null);
        }
        int tile = ProductKernels.TILE;
        return new Launch(Widening.choose(widening, Kernel.PRODUCT, Kernel.PRODUCT_HALF, Kernel.PRODUCT_QUANTIZED),
                blocks, parameters, (n + tile - 1) / tile, (m + tile - 1) / tile, outers * inners, what(op), null);
    }
}
