package llams.engine.cpu;

import llams.engine.device.Options;
import llams.engine.device.VectorModule;
import llams.engine.tensor.DType;
import llams.engine.tensor.Nf4;
import llams.engine.tensor.Q8Block;
import llams.engine.tensor.Tensor;

/// Makes Q8_0 or NF4 of wider weights, on several threads.
public final class Quantizer implements AutoCloseable {
    private static final int TASK_ELEMENTS = 1 << 16;

    private final Parallel parallel;

    /// @throws IllegalStateException if Java was started without its vector module
    public Quantizer(Options options) {
        VectorModule.require("quantizing needs");
        parallel = Parallel.of(options);
    }

    /// Fills `target`, Q8_0 or NF4, with `source`, of the same shape and any other weight type.
    ///
    /// @throws ArithmeticException if a value is not finite or too large for a block
    public void quantize(Tensor source, Tensor target) {
        boolean isNf4 = target.dtype() == DType.NF4;
        Guard.that((isNf4 || target.dtype() == DType.Q8_0) && target.shape().equals(source.shape()),
                "quantize: target" + " is " + target.dtype() + " " + target.shape() + ", wanted "
                        + (isNf4 ? "NF4 " : "Q8_0 ") + source.shape());
        if (isNf4) {
            float[] scales = new float[Math.toIntExact(Nf4.blocks(source.elements()))];
            pieces(source, (values, first, count) -> Nf4Encoding.codes(values, first, count, scales, target));
            Nf4Encoding.scales(scales, target);
            return;
        }
        pieces(source, (values, first, count) -> {
            for (int i = 0; i < count; i += Q8Block.ELEMENTS) {
                Q8Block.encode(values, i, target.data(), DType.Q8_0.bytes(first + i));
            }
        });
    }

    @FunctionalInterface
    private interface Piece {
        /// Elements `first .. first + count - 1`, widened.
        void encode(float[] values, long first, int count);
    }

    private void pieces(Tensor source, Piece piece) {
        long elements = source.elements();
        parallel.run(Math.toIntExact(Math.ceilDiv(elements, TASK_ELEMENTS)), (task, buffers) -> {
            long first = (long) task * TASK_ELEMENTS;
            int count = (int) Math.min(TASK_ELEMENTS, elements - first);
            float[] values = buffers.floats(0, TASK_ELEMENTS);
            Widen.row(source, first, count, values, 0);
            piece.encode(values, first, count);
        });
    }

    @Override
    public void close() {
        parallel.close();
    }
}
