package llams.engine.graph;

import java.util.List;
import llams.engine.tensor.CounterRandom;
import llams.engine.tensor.DType;
import llams.engine.tensor.DynamicMap;

/// An update by the rule of [AdamW] where the parameter is BF16, or the moments have 8 bits, or both. What is computed is
/// F32, every operation rounded: `m = beta1 m + (1 - beta1) g`; `v = beta2 v + ((1 - beta2) g) g`; `p -= decay p`; `p -=
/// (lr (m / c1)) / (sqrt(v / c2) + eps)`, with the moments as they are before they are stored.
///
/// 8-bit moments are codes of [DynamicMap], signed for `m` and unsigned for `v`, and a scale for each of its blocks.
///
/// A BF16 parameter has no copy in F32. A step is often smaller than half of what its last bit stands for, and would be
/// lost by rounding to nearest. So it is rounded up or down by chance, in proportion to what is cut off: 16 random bits
/// are added to the 16 bits below it. Element `i` of step `t` takes them from `bits((t << 32) + (i >>> 2))`, the `i %
/// 4`th 16 from the lowest on.
///
/// Inputs: `param` (updated), F32 or BF16; `m`, `v` (updated) of its shape, both F32 or both U8; `gradient`, F32 of its
/// shape; `squaredNorm` as in [AdamW]; `schedule` `[4]`: the learning rate `lr`, `c1`, `c2` and `decay`, `lr
/// weightDecay`; `step` I32 `[1]`, t from 1. Of 8-bit moments also the scales, `mScales` and `vScales` F32 `[blocks]`
/// (updated).
///
/// @param rule     the constants
/// @param rounding of a BF16 parameter
public record CompactAdamW(AdamW rule, CounterRandom rounding) implements Effect {
    public static final int PARAM = 0, M = 1, V = 2, GRADIENT = 3, SQUARED_NORM = 4, SCHEDULE = 5, STEP = 6,
            M_SCALES = 7, V_SCALES = 8;

    /// Whether inputs of this number have 8-bit moments.
    public static boolean isEightBit(int inputs) {
        return inputs > M_SCALES;
    }

    @Override
    public List<TensorType> results(List<Value> inputs) {
        Value param = inputs.get(PARAM);
        boolean isEightBit = isEightBit(inputs.size());
        Require.that(param.dtype() == DType.F32 || param.dtype() == DType.BF16,
                "compact adamw: param must be F32 or BF16, not %s", param.type());
        TensorType moment = new TensorType(isEightBit ? DType.U8 : DType.F32, param.shape());
        Require.type("compact adamw", "m", inputs.get(M), moment);
        Require.type("compact adamw", "v", inputs.get(V), moment);
        Require.type("compact adamw", "gradient", inputs.get(GRADIENT), new TensorType(DType.F32, param.shape()));
        Require.scalar("compact adamw", "squaredNorm", inputs.get(SQUARED_NORM));
        Require.type("compact adamw", "schedule", inputs.get(SCHEDULE), TensorType.f32(4));
        Require.ints("compact adamw", "step", inputs.get(STEP), 1);
        if (isEightBit) {
            TensorType scales = TensorType.f32(DynamicMap.blocks(param.shape().elements()));
            Require.type("compact adamw", "mScales", inputs.get(M_SCALES), scales);
            Require.type("compact adamw", "vScales", inputs.get(V_SCALES), scales);
        }
        return List.of();
    }
}
