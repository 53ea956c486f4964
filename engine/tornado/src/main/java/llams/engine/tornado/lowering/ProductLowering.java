package llams.engine.tornado.lowering;

import java.util.List;
import llams.engine.graph.Accumulate;
import llams.engine.graph.LinearCrossEntropy;
import llams.engine.graph.MatMul;
import llams.engine.plan.Program.InSlab;
import llams.engine.plan.Program.Instruction;
import llams.engine.plan.Program.Place;
import llams.engine.tensor.DType;
import llams.engine.tornado.kernels.Kernel;
import llams.engine.tornado.kernels.ProductKernels;
import llams.engine.tornado.kernels.RoundingKernels;
import llams.engine.tornado.kernels.Widening;
import llams.engine.tornado.launch.DeviceBlock;
import llams.engine.tornado.launch.Launch;
import llams.engine.tornado.launch.MatrixProduct;
import llams.engine.tornado.launch.Ref;

/// Turns matrix products into launches: portable kernels, or cuBLAS after what prepares its operands.
final class ProductLowering {
    private final Lowering lowering;
    private final ProductMode products;
    private final ScratchRegion rounded;
    private final boolean isRowKernelChosen = ProductMode.isRowKernelChosen();
    /// What `rounded` holds in BF16 at its start: consecutive products often share their left operand.
    private Ref source;
    private int count;
    /// What the current op leaves there besides its result.
    private Ref left;
    private int leftCount;

    ProductLowering(Lowering lowering, ProductMode products, ScratchRegion rounded) {
        this.lowering = lowering;
        this.products = products;
        this.rounded = rounded;
    }

    /// True if products of computed values, as in attention, also take BF16.
    boolean isRounded() {
        return products == ProductMode.BF16;
    }

    /// Adds any product; `a` is F32.
    void add(MatrixProduct p) {
        if (p.m() == 0 || p.n() == 0) {
            return;
        }
        Widening weight = p.widening();
        boolean isForKernel = products == ProductMode.KERNELS
                || weight != null && p.isFewRows() && !(products == ProductMode.BF16 && weight.isBFloat16());
        if (isForRowKernel(p)) {
            addRows(p);
        } else if (isForKernel) {
            addKernel(p);
        } else if (weight == null) {
            addLibrary(p);
        } else if (products == ProductMode.F32) {
            add(p.of(p.a(), widened(p.b(), Math.multiplyExact(p.k(), p.n()), weight)));
        } else {
            Ref left = roundedLeft(p.a(), Math.multiplyExact(p.m(), p.k()));
            Ref right = weight.isBFloat16() ? p.b() : roundedWeight(p.b(), Math.multiplyExact(p.k(), p.n()), weight);
            addLibrary(p.of(left, right));
        }
    }

    private boolean isForRowKernel(MatrixProduct p) {
        return isRowKernelChosen && products == ProductMode.BF16 && p.isFewRows() && p.widening() != null
                && p.widening().isBFloat16();
    }

    /// By cuBLAS; both sides must be of one type.
    private void addLibrary(MatrixProduct p) {
        boolean isHalf = p.a().block().kind == DeviceBlock.Kind.SHORTS;
        add(isHalf ? Kernel.CUBLAS_BF16 : Kernel.CUBLAS_F32, p, new int[0], 1, 1, 1, p);
    }

    /// A few rows by a weight in BF16, by the kernel for CUDA.
    private void addRows(MatrixProduct p) {
        int groups = (p.n() + RoundingKernels.COLUMNS - 1) / RoundingKernels.COLUMNS;
        add(Kernel.DOT_COLUMNS, p, parameters(p), groups, p.m(), 1, null);
    }

    /// By a portable kernel.
    private void addKernel(MatrixProduct p) {
        if (p.isFewRows()) {
            add(Widening.choose(p.widening(), Kernel.DOT_ROWS, Kernel.DOT_ROWS_HALF, Kernel.DOT_ROWS_QUANTIZED), p,
                    parameters(p), p.n(), p.m(), 1, null);
            return;
        }
        int tile = ProductKernels.TILE;
        add(Widening.choose(p.widening(), Kernel.PRODUCT, Kernel.PRODUCT_HALF, Kernel.PRODUCT_QUANTIZED), p,
                parameters(p), (p.n() + tile - 1) / tile, (p.m() + tile - 1) / tile, p.outers() * p.inners(), null);
    }

    private void add(Kernel kernel, MatrixProduct p, int[] parameters, int groupsX, int groupsY, int groupsZ,
            MatrixProduct forLibrary) {
        int batch = p.outers() * p.inners();
        String what = lowering.what() + " " + p.m() + "x" + p.n() + "x" + p.k() + (batch == 1 ? "" : " by " + batch);
        lowering.add(new Launch(kernel, List.of(p.a().block(), p.b().block(), p.c().block()), parameters, groupsX,
                groupsY, groupsZ, what, forLibrary));
    }

    private int[] parameters(MatrixProduct p) {
        Widening w = p.widening();
        return new int[] {p.a().offset(), p.b().offset(), p.c().offset(), p.m(), p.n(), p.k(), p.rowA(), p.colA(),
                p.rowB(), p.colB(), p.rowC(), p.inners(), p.outerA(), p.innerA(), p.outerB(), p.innerB(), p.groupB(),
                p.outerC(), p.innerC(), lowering.constants().index((float) p.alpha()), p.accumulate() ? 1 : 0,
                w == null ? 0 : w.bits(), w == null ? 0 : w.scales(), w == null ? 0 : w.ones()};
    }

    /// Weights widened to F32, in scratch memory.
    Ref widened(Ref x, int n, Widening weight) {
        Ref wide = lowering.scratch(n);
        // Picks row 0 of a table with one row: the ids are the zeros at the start of the integers.
        lowering.launchElements(
                Widening.choose(weight, Kernel.PICK_ROWS, Kernel.PICK_ROWS_HALF, Kernel.PICK_ROWS_QUANTIZED), n,
                List.of(x, wide), n, n, 0, weight.bits(), weight.scales(), weight.ones());
        return wide;
    }

    /// Other weights rounded to BF16.
    private Ref roundedWeight(Ref x, int n, Widening weight) {
        Ref half = lowering.halves(n);
        lowering.launchElements(Widening.choose(weight, Kernel.ROUND, Kernel.ROUND_HALF, Kernel.ROUND_QUANTIZED), n,
                List.of(x, half), n, weight.bits(), weight.scales(), weight.ones());
        return half;
    }

    /// F32 numbers rounded to BF16.
    Ref rounded(Ref x, int n) {
        Ref half = lowering.halves(n);
        lowering.launchElements(Kernel.ROUND, n, List.of(x, half), n);
        return half;
    }

    /// Where an op that computes `n` numbers at `y` may also leave them in BF16 for the products that follow.
    Ref leftBeside(Ref y, int n) {
        rounded.clear();
        forget();
        left = y;
        leftCount = n;
        return rounded.take(n);
    }

    /// True if `x` is the left operand of the first of these products that rounds it.
    boolean isLeftNext(Place x, List<Instruction> next) {
        for (Instruction instruction : next) {
            switch (instruction.op()) {
                case MatMul _ -> {
                    DType right = instruction.inputs().get(MatMul.B).type().dtype();
                    if (right != DType.F32) {
                        return isRounded() && instruction.inputs().get(MatMul.A).equals(x) && right == DType.BF16
                                && !(isRowKernelChosen && Lowering.dim(x, 0) <= MatrixProduct.FEW_ROWS);
                    }
                }
                case LinearCrossEntropy _,Accumulate(LinearCrossEntropy _, _) -> {
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

    /// Forgets what is rounded, as memory may have changed.
    void forget() {
        source = null;
    }

    /// After an op: forgets what is rounded if these results overwrote it, and notes what the op has left.
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
