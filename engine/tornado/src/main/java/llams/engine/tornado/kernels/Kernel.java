package llams.engine.tornado.kernels;

import java.util.List;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.TaskGraph;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/// Every kernel, with the size of its work-groups and how it becomes a task, and the products that cuBLAS computes.
public enum Kernel {
    FILL(256, 1, t -> t.graph.task(t.id, PointwiseKernels::fillWith, t.context, t.pc, t.ints, t.consts, t.f(0), t.k)),
    ADD(256, 1,
            t -> t.graph.task(t.id, PointwiseKernels::addTwo, t.context, t.pc, t.ints, t.f(0), t.f(1), t.f(2), t.k)),
    SCALE(256, 1,
            t -> t.graph.task(t.id, PointwiseKernels::scaleBy, t.context, t.pc, t.ints, t.consts, t.f(0), t.f(1), t.k)),
    COPY(256, 1, t -> t.graph.task(t.id, PointwiseKernels::copyAll, t.context, t.pc, t.ints, t.f(0), t.f(1), t.k)),
    SWIGLU(256, 1,
            t -> t.graph.task(t.id, PointwiseKernels::swiGlu, t.context, t.pc, t.ints, t.f(0), t.f(1), t.f(2), t.k)),
    SWIGLU_ROUNDED(256, 1,
            t -> t.graph.task(t.id, PointwiseKernels::swiGluRounded, t.context, t.pc, t.ints, t.f(0), t.f(1), t.f(2),
                    t.h(3), t.k)),
    SWIGLU_GRADIENT(256, 1,
            t -> t.graph.task(t.id, PointwiseKernels::swiGluGradient, t.context, t.pc, t.ints, t.f(0), t.f(1), t.f(2),
                    t.f(3), t.f(4), t.k)),
    DROPOUT(256, 1,
            t -> t.graph.task(t.id, PointwiseKernels::dropOut, t.context, t.pc, t.ints, t.consts, t.f(0), t.f(1), t.k)),
    ADAMW(256, 1,
            t -> t.graph.task(t.id, PointwiseKernels::adamW, t.context, t.pc, t.ints, t.consts, t.f(0), t.f(1), t.f(2),
                    t.f(3), t.f(4), t.f(5), t.k)),
    RMS_NORM(NormKernels.GROUP, 1,
            t -> t.graph.task(t.id, NormKernels::rmsNorm, t.context, t.pc, t.ints, t.consts, t.f(0), t.f(1), t.f(2),
                    t.k)),
    RMS_NORM_HALF(NormKernels.GROUP, 1,
            t -> t.graph.task(t.id, NormKernels::rmsNormHalf, t.context, t.pc, t.ints, t.consts, t.f(0), t.h(1), t.f(2),
                    t.k)),
    RMS_NORM_HALF_ROUNDED(NormKernels.GROUP, 1,
            t -> t.graph.task(t.id, NormKernels::rmsNormHalfRounded, t.context, t.pc, t.ints, t.consts, t.f(0), t.h(1),
                    t.f(2), t.h(3), t.k)),
    RMS_NORM_GRADIENT(NormKernels.GROUP, 1,
            t -> t.graph.task(t.id, NormKernels::rmsNormGradient, t.context, t.pc, t.ints, t.consts, t.f(0), t.f(1),
                    t.f(2), t.f(3), t.k)),
    RMS_NORM_GRADIENT_HALF(NormKernels.GROUP, 1,
            t -> t.graph.task(t.id, NormKernels::rmsNormGradientHalf, t.context, t.pc, t.ints, t.consts, t.f(0), t.h(1),
                    t.f(2), t.f(3), t.k)),
    INVERSE_RMS(NormKernels.GROUP, 1,
            t -> t.graph.task(t.id, NormKernels::inverseRms, t.context, t.pc, t.ints, t.consts, t.f(0), t.f(1), t.k)),
    RMS_NORM_WEIGHT_GRADIENT(64, 1,
            t -> t.graph.task(t.id, NormKernels::rmsNormWeightGradient, t.context, t.pc, t.ints, t.f(0), t.f(1), t.f(2),
                    t.f(3), t.k)),
    ROPE(256, 1, t -> t.graph.task(t.id, RowKernels::rope, t.context, t.pc, t.ints, t.f(0), t.f(1), t.f(2), t.k)),
    TURN_AND_KEEP(256, 1,
            t -> t.graph.task(t.id, RowKernels::turnAndKeep, t.context, t.pc, t.ints, t.f(0), t.f(1), t.f(2), t.f(3),
                    t.f(4), t.f(5), t.f(6), t.f(7), t.k)),
    PICK_ROWS(256, 1, t -> t.graph.task(t.id, RowKernels::pickRows, t.context, t.pc, t.ints, t.f(0), t.f(1), t.k)),
    PICK_ROWS_HALF(256, 1,
            t -> t.graph.task(t.id, RowKernels::pickRowsHalf, t.context, t.pc, t.ints, t.consts, t.h(0), t.f(1), t.k)),
    PICK_ROWS_QUANTIZED(256, 1,
            t -> t.graph.task(t.id, RowKernels::pickRowsQuantized, t.context, t.pc, t.ints, t.consts, t.h(0), t.f(1),
                    t.k)),
    ADD_TO_ROWS(64, 1, t -> t.graph.task(t.id, RowKernels::addToRows, t.context, t.pc, t.ints, t.f(0), t.f(1), t.k)),
    PUT_ROWS(256, 1, t -> t.graph.task(t.id, RowKernels::putRows, t.context, t.pc, t.ints, t.f(0), t.f(1), t.k)),
    PARTIAL_SQUARES(NormKernels.GROUP, 1,
            t -> t.graph.task(t.id, NormKernels::partialSquares, t.context, t.pc, t.ints, t.f(0), t.f(1), t.k)),
    SCALED_SUM(NormKernels.GROUP, 1,
            t -> t.graph.task(t.id, NormKernels::scaledSum, t.context, t.pc, t.ints, t.f(0), t.f(1), t.f(2), t.k)),
    PRODUCT(ProductKernels.TILE, ProductKernels.TILE,
            t -> t.graph.task(t.id, ProductKernels::product, t.context, t.pc, t.ints, t.consts, t.f(0), t.f(1), t.f(2),
                    t.k)),
    PRODUCT_HALF(ProductKernels.TILE, ProductKernels.TILE,
            t -> t.graph.task(t.id, ProductKernels::productHalf, t.context, t.pc, t.ints, t.consts, t.f(0), t.h(1),
                    t.f(2), t.k)),
    PRODUCT_QUANTIZED(ProductKernels.TILE, ProductKernels.TILE,
            t -> t.graph.task(t.id, ProductKernels::productQuantized, t.context, t.pc, t.ints, t.consts, t.f(0), t.h(1),
                    t.f(2), t.k)),
    DOT_ROWS(KernelFunctions.GROUP, 1,
            t -> t.graph.task(t.id, ProductKernels::dotRows, t.context, t.pc, t.ints, t.consts, t.f(0), t.f(1), t.f(2),
                    t.k)),
    DOT_ROWS_HALF(KernelFunctions.GROUP, 1,
            t -> t.graph.task(t.id, ProductKernels::dotRowsHalf, t.context, t.pc, t.ints, t.consts, t.f(0), t.h(1),
                    t.f(2), t.k)),
    DOT_ROWS_QUANTIZED(KernelFunctions.GROUP, 1,
            t -> t.graph.task(t.id, ProductKernels::dotRowsQuantized, t.context, t.pc, t.ints, t.consts, t.f(0), t.h(1),
                    t.f(2), t.k)),
    DOT_COLUMNS(KernelFunctions.GROUP, 1,
            t -> t.graph.task(t.id, RoundingKernels::dotColumns, t.context, t.pc, t.ints, t.consts, t.f(0), t.h(1),
                    t.f(2), t.k)),
    SOFTMAX_ROWS(SoftmaxKernels.GROUP, 1,
            t -> t.graph.task(t.id, SoftmaxKernels::softmaxRows, t.context, t.pc, t.ints, t.f(0), t.f(1), t.k)),
    SOFTMAX_ROWS_GRADIENT(SoftmaxKernels.GROUP, 1,
            t -> t.graph.task(t.id, SoftmaxKernels::softmaxRowsGradient, t.context, t.pc, t.ints, t.consts, t.f(0),
                    t.f(1), t.f(2), t.f(3), t.f(4), t.k)),
    ATTEND_TO_SOME(DecodeAttentionKernels.WIDTH, DecodeAttentionKernels.HEADS,
            t -> t.graph.task(t.id, DecodeAttentionKernels::attendToSome, t.context, t.pc, t.ints, t.consts, t.f(0),
                    t.f(1), t.f(2), t.f(3), t.k)),
    JOIN_FOUND(DecodeAttentionKernels.WIDTH, DecodeAttentionKernels.HEADS,
            t -> t.graph.task(t.id, DecodeAttentionKernels::joinFound, t.context, t.pc, t.ints, t.f(0), t.f(1), t.f(2),
                    t.k)),
    JOIN_FOUND_ROUNDED(DecodeAttentionKernels.WIDTH, DecodeAttentionKernels.HEADS,
            t -> t.graph.task(t.id, DecodeAttentionKernels::joinFoundRounded, t.context, t.pc, t.ints, t.f(0), t.f(1),
                    t.f(2), t.h(3), t.k)),
    LOSS_OF_ROWS(SoftmaxKernels.GROUP, 1,
            t -> t.graph.task(t.id, SoftmaxKernels::lossOfRows, t.context, t.pc, t.ints, t.f(0), t.f(1), t.f(2), t.k)),
    ROUND(256, 1, t -> t.graph.task(t.id, RoundingKernels::roundFloats, t.context, t.pc, t.ints, t.f(0), t.h(1), t.k)),
    ROUND_HALF(256, 1,
            t -> t.graph.task(t.id, RoundingKernels::roundHalves, t.context, t.pc, t.ints, t.consts, t.h(0), t.h(1),
                    t.k)),
    ROUND_QUANTIZED(256, 1,
            t -> t.graph.task(t.id, RoundingKernels::roundQuantized, t.context, t.pc, t.ints, t.consts, t.h(0), t.h(1),
                    t.k)),
    SOFTMAX_ROWS_ROUNDED(SoftmaxKernels.GROUP, 1,
            t -> t.graph.task(t.id, SoftmaxKernels::softmaxRowsRounded, t.context, t.pc, t.ints, t.f(0), t.f(1), t.h(2),
                    t.k)),
    SOFTMAX_ROWS_GRADIENT_ROUNDED(SoftmaxKernels.GROUP, 1,
            t -> t.graph.task(t.id, SoftmaxKernels::softmaxRowsGradientRounded, t.context, t.pc, t.ints, t.consts,
                    t.f(0), t.f(1), t.f(2), t.f(3), t.f(4), t.h(5), t.h(6), t.k)),
    CUBLAS_F32(1, 1, Kernel::noTask), CUBLAS_BF16(1, 1, Kernel::noTask);

    /// What cuBLAS computes is no kernel.
    private static void noTask(Binding t) {
        throw new IllegalStateException("gpu: cuBLAS computes " + t.id + ", and no kernel");
    }

    /// The graph that a kernel becomes a task of, and its arguments.
    ///
    /// @param k the offset of the task's parameters from its graph's
    public record Binding(TaskGraph graph, String id, KernelContext context, IntArray pc, IntArray ints,
            FloatArray consts, List<TornadoNativeArray> operands, IntArray k) {
        FloatArray f(int operand) {
            return (FloatArray) operands.get(operand);
        }

        ShortArray h(int operand) {
            return (ShortArray) operands.get(operand);
        }
    }

    @FunctionalInterface
    private interface Task {
        void add(Binding binding);
    }

    public final int localX;
    public final int localY;
    private final Task task;

    Kernel(int localX, int localY, Task task) {
        this.localX = localX;
        this.localY = localY;
        this.task = task;
    }

    public void add(Binding binding) {
        task.add(binding);
    }
}
