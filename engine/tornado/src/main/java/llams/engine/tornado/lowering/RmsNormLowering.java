package llams.engine.tornado.lowering;

import java.util.List;
import llams.engine.graph.RmsNorm;
import llams.engine.plan.Program.Instruction;
import llams.engine.plan.Program.Place;
import llams.engine.tornado.kernels.Kernel;
import llams.engine.tornado.kernels.Widening;
import llams.engine.tornado.launch.Ref;

/// RMS norms and their gradients, with F32 or 16-bit weights, a work-group per row.
final class RmsNormLowering {
    private final Lowering lowering;
    /// The index of the constant.
    private final int eps;

    RmsNormLowering(Lowering lowering, float eps) {
        this.lowering = lowering;
        this.eps = lowering.constants().index(eps);
    }

    /// @param next the instructions that follow
    void forward(List<Place> in, Place y, List<Instruction> next) {
        Place x = in.get(RmsNorm.X);
        Place weight = in.get(RmsNorm.WEIGHT);
        List<Ref> refs = List.of(lowering.ref(x), lowering.ref(weight), lowering.ref(y));
        Widening w = Lowering.widening(weight);
        if (w != null && lowering.products().isLeftNext(y, next)) {
            Ref rounded = lowering.products().leftBeside(refs.getLast(), Lowering.elements(y));
            rows(Kernel.RMS_NORM_HALF_ROUNDED, x, List.of(refs.get(0), refs.get(1), refs.get(2), rounded), w);
        } else {
            rows(w == null ? Kernel.RMS_NORM : Kernel.RMS_NORM_HALF, x, refs, w);
        }
    }

    void backward(List<Place> in, Place dx) {
        Place x = in.get(RmsNorm.X);
        Place weight = in.get(RmsNorm.WEIGHT);
        Place dy = in.get(RmsNorm.Gradient.DY);
        Widening w = Lowering.widening(weight);
        rows(w == null ? Kernel.RMS_NORM_GRADIENT : Kernel.RMS_NORM_GRADIENT_HALF, x,
                List.of(lowering.ref(x), lowering.ref(weight), lowering.ref(dy), lowering.ref(dx)), w);
    }

    void weightGradient(List<Place> in, Ref dWeight) {
        Place x = in.get(RmsNorm.WeightGradient.X);
        Place dy = in.get(RmsNorm.WeightGradient.DY);
        int tokens = Lowering.dim(x, 0);
        int dim = Lowering.dim(x, 1);
        Ref inverse = lowering.scratch(tokens);
        rows(Kernel.INVERSE_RMS, x, List.of(lowering.ref(x), inverse), null);
        lowering.launchElements(Kernel.RMS_NORM_WEIGHT_GRADIENT, dim,
                List.of(lowering.ref(x), inverse, lowering.ref(dy), dWeight), dim, tokens);
    }

    void addWeightGradient(List<Place> in, Ref state) {
        int dim = Lowering.dim(in.get(RmsNorm.WeightGradient.X), 1);
        Ref gradient = lowering.scratch(dim);
        weightGradient(in, gradient);
        lowering.launchElements(Kernel.ADD, dim, List.of(state, gradient, state), dim);
    }

    /// @param w the weight's widening, null if it is F32 or there is none
    private void rows(Kernel kernel, Place x, List<Ref> refs, Widening w) {
        int dim = Lowering.dim(x, 1);
        if (w == null) {
            lowering.launch(kernel, Lowering.dim(x, 0), refs, dim, eps);
        } else {
            lowering.launch(kernel, Lowering.dim(x, 0), refs, dim, eps, w.bits(), w.scales(), w.ones());
        }
    }
}
