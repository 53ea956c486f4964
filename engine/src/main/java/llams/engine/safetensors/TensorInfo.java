package llams.engine.safetensors;

import llams.engine.tensor.DType;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;

/// What is known of a tensor before its data: an entry of a checkpoint's header, or a line of a writer's plan.
///
/// @param name  as in the checkpoint: `model.layers.0.self_attn.q_proj.weight`
/// @param shape dimensions, outermost first: `[out, in]` for a linear layer
public record TensorInfo(String name, DType dtype, Shape shape) {

    /// Length of the data.
    public long bytes() {
        return Tensor.byteSize(dtype, shape);
    }

    /// As `BF16 [4096, 14336]`.
    public String form() {
        return dtype + " " + shape;
    }
}
