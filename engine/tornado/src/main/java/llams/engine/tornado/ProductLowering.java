package llams.engine.tornado;

import java.util.List;
import llams.engine.graph.Accumulate;
import llams.engine.graph.LinearCrossEntropy;
import llams.engine.graph.MatMul;
import llams.engine.plan.Program.InSlab;
import llams.engine.plan.Program.Instruction;
import llams.engine.plan.Program.Place;
import llams.engine.tensor.DType;
import llams.engine.tornado.Places.Ref;

/// Turns products into launches: kernels of ours, or the library's after what makes its inputs.
final class ProductLowering {
    private final Lowering lowering;
    private final Products products;
    private final Scratch rounded;
    private final boolean areRowsOurs = Products.areRowsOurs();
    /// What `rounded` holds in BF16 at its start: several products in a row have the same left side.
    private Ref source;
    private int count;
    /// What the op at hand leaves there besides its result.
    private Ref left;
    private int leftCount;

    ProductLowering(Lowering lowering, Products products, Scratch rounded) {
        this.lowering = lowering;
        this.products = products;
        this.rounded = rounded;
    }

    /// True if products of what is computed, as those of attention, are of BF16 too.
    boolean isRounded() {
        return products == Products.BF16;
    }

    /// Any product; `a` is F32.
    void add(Product p) {
        if (p.m() == 0 || p.n() == 0) {
            return;
        }
        Widening weight = p.widening();
        boolean isOurs = products == Products.KERNELS
                || weight != null && p.isFewRows() && !(products == Products.BF16 && weight.isBFloat16());
        if (isRowOfOurs(p)) {
            lowering.add(p.rowsLaunch(lowering.constants(), lowering.what()));
        } else if (isOurs) {
            lowering.add(p.launch(lowering.constants(), lowering.what()));
        } else if (weight == null) {
            lowering.add(p.libraryLaunch(lowering.what()));
        } else if (products == Products.F32) {
            add(p.of(p.a(), widened(p.b(), Math.multiplyExact(p.k(), p.n()), weight)));
        } else {
            Ref left = roundedLeft(p.a(), Math.multiplyExact(p.m(), p.k()));
            Ref right = weight.isBFloat16() ? p.b() : roundedWeight(p.b(), Math.multiplyExact(p.k(), p.n()), weight);
            lowering.add(p.of(left, right).libraryLaunch(lowering.what()));
        }
    }

    private boolean isRowOfOurs(Product p) {
        return areRowsOurs && products == Products.BF16 && p.isFewRows() && p.widening() != null
                && p.widening().isBFloat16();
    }

    /// Weights as F32, in scratch memory.
    Ref widened(Ref x, int n, Widening weight) {
        Ref wide = lowering.scratch(n);
        // All of it is row 0 of a table with one row: the ids are the zeros at the start of the integers.
        lowering.launchElements(
                Widening.choose(weight, Kernel.PICK_ROWS, Kernel.PICK_ROWS_HALF, Kernel.PICK_ROWS_QUANTIZED), n,
                List.of(x, wide), n, n, 0, weight.bits(), weight.scales(), weight.ones());
        return wide;
    }

    /// Other weights as BF16.
    private Ref roundedWeight(Ref x, int n, Widening weight) {
        Ref half = lowering.halves(n);
        lowering.launchElements(Widening.choose(weight, Kernel.ROUND, Kernel.ROUND_HALF, Kernel.ROUND_QUANTIZED), n,
                List.of(x, half), n, weight.bits(), weight.scales(), weight.ones());
        return half;
    }

    /// Numbers as BF16.
    Ref rounded(Ref x, int n) {
        Ref half = lowering.halves(n);
        lowering.launchElements(Kernel.ROUND, n, List.of(x, half), n);
        return half;
    }

    /// Where an op that makes `n` numbers at `y` may leave them in BF16 too, as what comes next multiplies them.
    Ref leftBeside(Ref y, int n) {
        rounded.clear();
        forget();
        left = y;
        leftCount = n;
        return rounded.take(n);
    }

    /// True if the first product of these instructions that rounds its left side takes it from `x`.
    boolean isLeftNext(Place x, List<Instruction> next) {
        for (Instruction instruction : next) {
            switch (instruction.op()) {
                case MatMul _ -> {
                    DType right = instruction.inputs().get(MatMul.B).type().dtype();
                    if (right != DType.F32) {
                        return isRounded() && instruction.inputs().get(MatMul.A).equals(x) && right == DType.BF16
                                && !(areRowsOurs && Lowering.dim(x, 0) <= Product.FEW_ROWS);
                    }
                }
                case LinearCrossEntropy _,Accumulate(LinearCrossEntropy _) -> {
                    return false;
                }
                default -> {}
            }
        }
        return false;
    }

    private Ref roundedLeft(Ref x, int n) {
        rounded.clear();
        Ref half = rounded.take(n);
        if (!x.equals(source) || n != count) {
            lowering.launchElements(Kernel.ROUND, n, List.of(x, half), n);
            source = x;
            count = n;
        }
        return half;
    }

    /// Forgets what is rounded: memory has changed somewhere.
    void forget() {
        source = null;
    }

    /// After an op: forgets what is rounded, if these results stand in its memory, and takes note of what the op has
    /// left.
    void written(List<Place> results) {
        for (Place result : results) {
            Ref at = lowering.ref(result);
            if (source != null && at != null && at.block() == source.block() && result instanceof InSlab
                    && at.offset() < (long) source.offset() + count
                    && source.offset() < at.offset() + result.type().shape().elements()) {
                forget();
            }
        }
        if (left != null) {
            source = left;
            count = leftCount;
            left = null;
        }
    }
}
