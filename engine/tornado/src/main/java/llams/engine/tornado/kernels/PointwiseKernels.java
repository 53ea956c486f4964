package llams.engine.tornado.kernels;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.BFloat16;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/// Kernels with one thread per element. All kernels read their parameters from `ints` at `pc[0] + k[0]`: offsets and
/// sizes are data, so one compiled kernel serves every layer and shape; `consts` holds what parameters refer to by
/// index. Kernels must not be named like OpenCL's own functions.
final class PointwiseKernels {
    private PointwiseKernels() {}

    /// `y = constant`. Parameters: y, n, constant.
    public static void fillWith(KernelContext c, IntArray pc, IntArray ints, FloatArray consts, FloatArray y,
            IntArray k) {
        int p = pc.get(0) + k.get(0);
        int i = c.globalIdx;
        if (i < ints.get(p + 1)) {
            y.set(ints.get(p) + i, consts.get(ints.get(p + 2)));
        }
    }

    /// `y = a + b`. Parameters: a, b, y, n.
    public static void addTwo(KernelContext c, IntArray pc, IntArray ints, FloatArray a, FloatArray b, FloatArray y,
            IntArray k) {
        int p = pc.get(0) + k.get(0);
        int i = c.globalIdx;
        if (i < ints.get(p + 3)) {
            y.set(ints.get(p + 2) + i, a.get(ints.get(p) + i) + b.get(ints.get(p + 1) + i));
        }
    }

    /// `y = constant x`. Parameters: x, y, n, constant.
    public static void scaleBy(KernelContext c, IntArray pc, IntArray ints, FloatArray consts, FloatArray x,
            FloatArray y, IntArray k) {
        int p = pc.get(0) + k.get(0);
        int i = c.globalIdx;
        if (i < ints.get(p + 2)) {
            y.set(ints.get(p + 1) + i, x.get(ints.get(p) + i) * consts.get(ints.get(p + 3)));
        }
    }

    /// `y = x`. Parameters: x, y, n.
    public static void copyAll(KernelContext c, IntArray pc, IntArray ints, FloatArray x, FloatArray y, IntArray k) {
        int p = pc.get(0) + k.get(0);
        int i = c.globalIdx;
        if (i < ints.get(p + 2)) {
            y.set(ints.get(p + 1) + i, x.get(ints.get(p) + i));
        }
    }

    /// Parameters: gate, up, y, n.
    public static void swiGlu(KernelContext c, IntArray pc, IntArray ints, FloatArray gate, FloatArray up, FloatArray y,
            IntArray k) {
        int p = pc.get(0) + k.get(0);
        int i = c.globalIdx;
        if (i < ints.get(p + 3)) {
            float g = gate.get(ints.get(p) + i);
            y.set(ints.get(p + 2) + i, g / (1.0f + TornadoMath.exp(-g)) * up.get(ints.get(p + 1) + i));
        }
    }

    /// As [#swiGlu], the result also in BF16 for products that read it (with CUDA). Parameters: gate, up, y, rounded,
    /// n.
    public static void swiGluRounded(KernelContext c, IntArray pc, IntArray ints, FloatArray gate, FloatArray up,
            FloatArray y, ShortArray rounded, IntArray k) {
        int p = pc.get(0) + k.get(0);
        int i = c.globalIdx;
        if (i < ints.get(p + 4)) {
            float g = gate.get(ints.get(p) + i);
            float value = g / (1.0f + TornadoMath.exp(-g)) * up.get(ints.get(p + 1) + i);
            y.set(ints.get(p + 2) + i, value);
            rounded.set(ints.get(p + 3) + i, BFloat16.bf16FromFloat(value));
        }
    }

    /// Parameters: gate, up, dy, dGate, dUp, n.
    public static void swiGluGradient(KernelContext c, IntArray pc, IntArray ints, FloatArray gate, FloatArray up,
            FloatArray dy, FloatArray dGate, FloatArray dUp, IntArray k) {
        int p = pc.get(0) + k.get(0);
        int i = c.globalIdx;
        if (i < ints.get(p + 5)) {
            float g = gate.get(ints.get(p) + i);
            float u = up.get(ints.get(p + 1) + i);
            float d = dy.get(ints.get(p + 2) + i);
            float sigmoid = 1.0f / (1.0f + TornadoMath.exp(-g));
            dUp.set(ints.get(p + 4) + i, d * g * sigmoid);
            dGate.set(ints.get(p + 3) + i, d * u * sigmoid * (1.0f + g * (1.0f - sigmoid)));
        }
    }

    /// Parameters: x, y, n, seed (in `ints`), key of the stream, threshold below which an element's 24 bits drop it,
    /// scale of what is kept (a constant). The hash is the other devices', so a run continued elsewhere drops the same
    /// elements.
    public static void dropOut(KernelContext c, IntArray pc, IntArray ints, FloatArray consts, FloatArray x,
            FloatArray y, IntArray k) {
        int p = pc.get(0) + k.get(0);
        int i = c.globalIdx;
        if (i < ints.get(p + 2)) {
            int seed0 = ints.get(ints.get(p + 3));
            int seed1 = ints.get(ints.get(p + 3) + 1);
            int key = mixed(mixed(mixed(seed0 ^ 0x5bd1e995) + seed1) + ints.get(p + 4));
            int hash = mixed(mixed(i + seed0) ^ key);
            float value = 0.0f;
            if ((hash >> 8 & 0xffffff) >= ints.get(p + 5)) {
                value = x.get(ints.get(p) + i) * consts.get(ints.get(p + 6));
            }
            y.set(ints.get(p + 1) + i, value);
        }
    }

    /// Unsigned shifts are written as masks: the OpenCL backend compiles them to signed ones.
    private static int mixed(int h) {
        int a = (h ^ (h >> 15 & 0x1ffff)) * 0x21f0aaad;
        int b = (a ^ (a >> 15 & 0x1ffff)) * 0xd35a2d97;
        return b ^ (b >> 15 & 0x1ffff);
    }

    /// Parameters: param, m, v, gradient, squaredNorm, schedule, n, and from constant `p + 7` on: beta1, 1 - beta1,
    /// beta2, 1 - beta2, eps, weight decay, clip.
    public static void adamW(KernelContext c, IntArray pc, IntArray ints, FloatArray consts, FloatArray param,
            FloatArray m, FloatArray v, FloatArray gradient, FloatArray squaredNorm, FloatArray schedule, IntArray k) {
        int p = pc.get(0) + k.get(0);
        int i = c.globalIdx;
        float norm = TornadoMath.sqrt(squaredNorm.get(ints.get(p + 4)));
        // Also false for NaN: a gradient that is not finite changes nothing.
        if (i < ints.get(p + 6) && norm < 3.4e38f) {
            int f = ints.get(p + 7);
            float clip = consts.get(f + 6);
            float g = gradient.get(ints.get(p + 3) + i);
            if (clip > 0.0f && norm > clip) {
                g = g * (clip / (norm + 1e-6f));
            }
            int s = ints.get(p + 5);
            float rate = schedule.get(s);
            float mean = consts.get(f) * m.get(ints.get(p + 1) + i) + consts.get(f + 1) * g;
            float square = consts.get(f + 2) * v.get(ints.get(p + 2) + i) + consts.get(f + 3) * g * g;
            m.set(ints.get(p + 1) + i, mean);
            v.set(ints.get(p + 2) + i, square);
            float step = mean / schedule.get(s + 1)
                    / (TornadoMath.sqrt(square / schedule.get(s + 2)) + consts.get(f + 4));
            float old = param.get(ints.get(p) + i);
            param.set(ints.get(p) + i, old - rate * consts.get(f + 5) * old - rate * step);
        }
    }
}
