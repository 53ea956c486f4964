package llams.trainer.optim;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import llams.engine.device.Executable;
import llams.engine.graph.AdamW;
import llams.engine.graph.Clear;
import llams.engine.graph.Graph;
import llams.engine.graph.Leaf;
import llams.engine.graph.SquaredNorm;
import llams.engine.graph.TensorType;
import llams.engine.graph.Value;
import llams.engine.plan.Program;
import llams.engine.tensor.DType;
import llams.model.files.SettingException;
import llams.model.lora.Adapter;

/// AdamW with clipping by the global norm; see [AdamW] for the arithmetic.
///
/// @param beta1 decay of the mean of the gradients
/// @param beta2 decay of the mean of their squares
/// @param eps   added to the root of the second mean
/// @param clip largest norm of all gradients together; 0 for no limit
/// @param loraPlusRatio how many times as fast as everything else the B of every adapter learns (LoRA+, arXiv
///                      2402.12354); 1 for all alike
public record Optimizer(double beta1, double beta2, double eps, double weightDecay, double clip, double loraPlusRatio) {
    /// @throws SettingException if a number is out of its range
    public Optimizer {
        SettingException.check(beta1 >= 0 && beta1 < 1, "betas", beta1, "at least 0 and below 1");
        SettingException.check(beta2 >= 0 && beta2 < 1, "betas", beta2, "at least 0 and below 1");
        SettingException.check(weightDecay >= 0 && Double.isFinite(weightDecay), "weightDecay", weightDecay,
                "0 or more");
        SettingException.check(clip >= 0 && Double.isFinite(clip), "clip", clip, "0 or more");
        SettingException.check(loraPlusRatio > 0 && Double.isFinite(loraPlusRatio), "loraPlusRatio", loraPlusRatio,
                "above 0");
    }

    public Optimizer(double beta1, double beta2, double eps, double weightDecay, double clip) {
        this(beta1, beta2, eps, weightDecay, clip, 1);
    }

    public static Optimizer standard() {
        return new Optimizer(BETA1, BETA2, 1e-8, 0.01, 1);
    }

    public Optimizer withBetas(double first, double second) {
        return new Optimizer(first, second, eps, weightDecay, clip, loraPlusRatio);
    }

    public Optimizer withWeightDecay(double decay) {
        return new Optimizer(beta1, beta2, eps, decay, clip, loraPlusRatio);
    }

    public Optimizer withClip(double norm) {
        return new Optimizer(beta1, beta2, eps, weightDecay, norm, loraPlusRatio);
    }

    public Optimizer withLoraPlusRatio(double ratio) {
        return new Optimizer(beta1, beta2, eps, weightDecay, clip, ratio);
    }

    public static final double BETA1 = 0.9;
    public static final double BETA2 = 0.999;
    /// The learning rate and both bias corrections: F32 `[3]`.
    private static final Leaf SCHEDULE = Leaf.input("schedule", DType.F32, 3);
    /// The same for what learns at a rate of its own.
    private static final Leaf SCHEDULE_OF_B = Leaf.input("schedule.b", DType.F32, 3);

    /// Where the gradient of a parameter is summed over the micro-batches of a step.
    public static Leaf gradient(Leaf parameter) {
        return beside("gradient.", parameter);
    }

    /// The running mean of a parameter's gradient.
    public static Leaf firstMoment(Leaf parameter) {
        return beside("adamw.m.", parameter);
    }

    /// The running mean of the gradient's square.
    public static Leaf secondMoment(Leaf parameter) {
        return beside("adamw.v.", parameter);
    }

    private static Leaf beside(String prefix, Leaf parameter) {
        return new Leaf(Leaf.Kind.STATE, prefix + parameter.name(), new TensorType(DType.F32, parameter.shape()));
    }

    /// The program that ends a step: updates all parameters from their summed gradients, and clears those. Its inputs
    /// are those that [#fill] fills, its output `squaredNorm` `[1]` of all gradients before clipping.
    public Program update(List<Leaf> parameters) {
        Graph g = new Graph();
        List<Value> norms = new ArrayList<>();
        for (Leaf parameter : parameters) {
            norms.add(g.record(new SquaredNorm(), gradient(parameter)));
        }
        Value squaredNorm = norms.stream().reduce(g::add).orElseThrow();
        AdamW adamW = new AdamW(beta1, beta2, eps, weightDecay, clip);
        for (Leaf parameter : parameters) {
            g.record(adamW, parameter, firstMoment(parameter), secondMoment(parameter), gradient(parameter),
                    squaredNorm, schedule(parameter));
            g.record(new Clear(), gradient(parameter));
        }
        return Program.of(g, Map.of("squaredNorm", squaredNorm));
    }

    private Leaf schedule(Leaf parameter) {
        return loraPlusRatio != 1 && Adapter.isB(parameter.name()) ? SCHEDULE_OF_B : SCHEDULE;
    }

    /// Fills the inputs of [#update] for one step.
    ///
    /// @param step from 0
    public void fill(Executable update, double rate, int step) {
        update.set(SCHEDULE, schedule(rate, step));
        if (loraPlusRatio != 1) {
            update.set(SCHEDULE_OF_B, schedule(rate * loraPlusRatio, step));
        }
    }

    private float[] schedule(double rate, int step) {
        return new float[] {(float) rate, (float) (1 - StrictMath.pow(beta1, step + 1)),
                (float) (1 - StrictMath.pow(beta2, step + 1))};
    }
}
