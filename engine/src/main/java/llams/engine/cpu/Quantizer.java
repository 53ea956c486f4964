package llams.engine.cpu;

import llams.engine.device.Options;
import llams.engine.device.VectorModule;
import llams.engine.tensor.DType;
import llams.engine.tensor.Q8Block;
import llams.engine.tensor.Tensor;

/// Makes Q8_0 of wider weights, on several threads.
public final class Quantizer implements AutoCloseable {
    private static final int TASK_BLOCKS = 1 << 11;

    private final Parallel parallel;

    /// @throws IllegalStateException if Java was started without its vector module
    public Quantizer(Options options) {
        VectorModule.require("quantizing needs");
        parallel = Parallel.of(options);
    }

    /// Fills `target`, Q8_0, with the blocks of `source`, of the same shape and any other weight type.
    ///
    /// @throws ArithmeticException if a value is not finite or too large for a block
    public void quantize(Tensor source, Tensor target) {
        Guard.that(target.dtype() == DType.Q8_0 && target.shape().equals(source.shape()),
                "quantize: target is " + target.dtype() + " " + target.shape() + ", wanted Q8_0 " + source.shape());
        long blocks = source.elements() / Q8Block.ELEMENTS;
        parallel.run(Math.toIntExact(Math.ceilDiv(blocks, TASK_BLOCKS)), (task, buffers) -> {
            long first = (long) task * TASK_BLOCKS;
            int count = (int) Math.min(TASK_BLOCKS, blocks - first);
            float[] values = buffers.floats(0, TASK_BLOCKS * Q8Block.ELEMENTS);
            Widen.row(source, first * Q8Block.ELEMENTS, count * Q8Block.ELEMENTS, values, 0);
            for (int i = 0; i < count; i++) {
                Q8Block.encode(values, i * Q8Block.ELEMENTS, target.data(), (first + i) * Q8Block.BYTES);
            }
        });
    }

    @Override
    public void close() {
        parallel.close();
    }
}
