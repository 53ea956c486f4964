package llams.engine.cpu;

import java.util.ArrayList;
import java.util.List;
import llams.engine.cpu.GemmPlan.Factor;
import llams.engine.cpu.GemmPlan.Sum;
import llams.engine.cpu.GemmPlan.Term;
import llams.engine.device.HostSession;
import llams.engine.graph.MatMul;
import llams.engine.tensor.Tensor;

/// Matrix products. Weights of any weight dtype are widened while they are packed (or in registers, where one token
/// meets a whole matrix); sums are f32.
final class Gemm {
    /// Up to this many are multiplied row by row: for more, the sums across lanes cost more than a tile's empty lanes.
    private static final int FEW_COLUMNS = 2;

    private Gemm() {}

    /// `c = op(a) · op(b)`, plus `c` if `accumulate`: `a` is `[m, k]` (or `[k, m]`, transposed), `b` `[k, n]` (or `[n,
    /// k]`), `c` F32 `[m, n]`; `a` and `b` are of any weight type, and not both transposed.
    static void multiply(Tensor a, boolean transposeA, Tensor b, boolean transposeB, Tensor c, boolean accumulate,
            Parallel p) {
        prepare(a, transposeA, b, transposeB, c, accumulate, p).run();
    }

    /// [#multiply], planned once for many runs.
    static Runnable prepare(Tensor a, boolean transposeA, Tensor b, boolean transposeB, Tensor c, boolean accumulate,
            Parallel p) {
        int m = a.dim(transposeA ? 1 : 0);
        int k = a.dim(transposeA ? 0 : 1);
        int n = b.dim(transposeB ? 0 : 1);
        if (m == 0 || n == 0 || k == 0) {
            return accumulate ? () -> {} : () -> c.data().fill((byte) 0);
        }
        if (!transposeA && transposeB && m <= GemvKernel.FEW) {
            List<GemvKernel.Product> sum = List.of(new GemvKernel.Product(b, n, c, 1, n, accumulate));
            return () -> GemvKernel.multiply(a, false, m, k, sum, p);
        }
        if (!transposeA && n <= FEW_COLUMNS) {
            List<GemvKernel.Product> sum = List.of(new GemvKernel.Product(a, m, c, n, 1, accumulate));
            return () -> GemvKernel.multiply(b, !transposeB, n, k, sum, p);
        }
        Factor rows = new Factor(a, transposeA ? m : k, transposeA);
        Factor columns = new Factor(b, transposeB ? k : n, !transposeB);
        // Few columns leave most of a tile's lanes empty; where the left side is to be transposed anyway, compute the
        // transpose.
        boolean transposed = transposeA && n < GemmTile.MR && m > n;
        Term term = transposed ? new Term(columns, rows, k) : new Term(rows, columns, k);
        Sum sum = new Sum(List.of(term), transposed ? m : n, c.data(), n, transposed, accumulate);
        GemmPlan plan = GemmPlan.of(transposed ? n : m, List.of(sum), p.threads());
        return () -> plan.run(p);
    }

    /// The products of these steps, one or several [MatMul]s that need not wait for each other, as one; null where it
    /// is something else or is better computed one by one.
    static Runnable together(List<HostSession.Step> steps, Parallel p) {
        for (HostSession.Step step : steps) {
            if (!(step.op() instanceof MatMul(boolean transposeA, _)) || transposeA
                    || step.inputs()[MatMul.A].elements() == 0 || step.inputs()[MatMul.B].elements() == 0
                    || isSum(step) && at(step.inputs()[MatMul.C]) != at(step.results()[0])) {
                return null;
            }
        }
        int rows = steps.getFirst().inputs()[MatMul.A].dim(0);
        if (rows <= GemvKernel.FEW) {
            return fewTogether(steps, rows, p);
        }
        List<Sum> sums = new ArrayList<>();
        for (HostSession.Step step : steps) {
            Tensor a = step.inputs()[MatMul.A];
            Tensor b = step.inputs()[MatMul.B];
            Tensor c = step.results()[0];
            int k = a.dim(1);
            int n = c.dim(1);
            if (n <= FEW_COLUMNS) {
                return null;
            }
            boolean transposeB = ((MatMul) step.op()).transposeB();
            Term term = new Term(new Factor(a, k, false), new Factor(b, transposeB ? k : n, !transposeB), k);
            if (isSum(step) && !sums.isEmpty() && sums.getLast().c().address() == at(c)) {
                sums.getLast().terms().add(term);
            } else {
                sums.add(new Sum(new ArrayList<>(List.of(term)), n, c.data(), n, false, isSum(step)));
            }
        }
        GemmPlan plan = GemmPlan.of(rows, sums, p.threads());
        return () -> plan.run(p);
    }

    /// Few rows, as in decoding: one pass over all weights that they meet, and over what adapters add.
    private static Runnable fewTogether(List<HostSession.Step> steps, int rows, Parallel p) {
        Tensor a = steps.getFirst().inputs()[MatMul.A];
        List<GemvKernel.Product> sums = new ArrayList<>();
        for (HostSession.Step step : steps) {
            Tensor left = step.inputs()[MatMul.A];
            Tensor right = step.inputs()[MatMul.B];
            Tensor c = step.results()[0];
            int n = c.dim(1);
            if (!((MatMul) step.op()).transposeB()) {
                return null;
            }
            if (isSum(step) && !sums.isEmpty() && at(sums.getLast().c()) == at(c)) {
                sums.getLast().terms().add(GemvKernel.Term.of(left, right, c));
            } else if (at(left) == at(a)) {
                sums.add(new GemvKernel.Product(right, n, c, 1, n, isSum(step), new ArrayList<>()));
            } else {
                return null;
            }
        }
        int k = a.dim(1);
        return () -> GemvKernel.multiply(a, false, rows, k, sums, p);
    }

    private static boolean isSum(HostSession.Step step) {
        return step.inputs().length > MatMul.C;
    }

    private static long at(Tensor tensor) {
        return tensor.data().address();
    }
}
