package llams.trainer.optim;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import llams.engine.graph.AdamW;
import llams.engine.graph.Clear;
import llams.engine.graph.CompactAdamW;
import llams.engine.graph.Graph;
import llams.engine.graph.Inputs;
import llams.engine.graph.Leaf;
import llams.engine.graph.SquaredNorm;
import llams.engine.graph.TensorType;
import llams.engine.graph.Value;
import llams.engine.plan.Program;
import llams.engine.tensor.CounterRandom;
import llams.engine.tensor.DType;
import llams.engine.tensor.DynamicMap;
import llams.model.files.SettingException;
import llams.model.lora.Adapter;

/// AdamW with clipping by the global norm; see [AdamW] for the arithmetic.
///
/// @param beta1 decay of the mean of the gradients
/// @param beta2 decay of the mean of their squares
/// @param eps   added to the root of the second mean
/// @param clip       largest norm of all gradients together; 0 for no limit
/// @param isEightBit whether the running means have 8 bits, in blocks with a scale, instead of F32
/// @param weights    the type in which trained weights of a model are kept: F32, or BF16 with stochastic rounding
/// @param loraPlusRatio how many times as fast as everything else the B of every adapter learns (LoRA+, arXiv
///                      2402.12354); 1 for all alike
public record Optimizer(double beta1, double beta2, double eps, double weightDecay, double clip, boolean isEightBit,
        DType weights, double loraPlusRatio) {
    /// @throws SettingException if a number is out of its range
    public Optimizer {
        SettingException.check(beta1 >= 0 && beta1 < 1, "betas", beta1, "at least 0 and below 1");
        SettingException.check(beta2 >= 0 && beta2 < 1, "betas", beta2, "at least 0 and below 1");
        SettingException.check(weightDecay >= 0 && Double.isFinite(weightDecay), "weightDecay", weightDecay,
                "0 or more");
        SettingException.check(clip >= 0 && Double.isFinite(clip), "clip", clip, "0 or more");
        SettingException.check(weights == DType.F32 || weights == DType.BF16, "trainDtype", weights, "F32 or BF16");
        SettingException.check(loraPlusRatio > 0 && Double.isFinite(loraPlusRatio), "loraPlusRatio", loraPlusRatio,
                "above 0");
    }

    /// All in F32.
    public Optimizer(double beta1, double beta2, double eps, double weightDecay, double clip) {
        this(beta1, beta2, eps, weightDecay, clip, false, DType.F32, 1);
    }

    public static Optimizer standard() {
        return new Optimizer(BETA1, BETA2, 1e-8, 0.01, 1);
    }

    public Optimizer withBetas(double first, double second) {
        return new Optimizer(first, second, eps, weightDecay, clip, isEightBit, weights, loraPlusRatio);
    }

    public Optimizer withWeightDecay(double decay) {
        return new Optimizer(beta1, beta2, eps, decay, clip, isEightBit, weights, loraPlusRatio);
    }

    public Optimizer withClip(double norm) {
        return new Optimizer(beta1, beta2, eps, weightDecay, norm, isEightBit, weights, loraPlusRatio);
    }

    public Optimizer withEightBit(boolean wanted) {
        return new Optimizer(beta1, beta2, eps, weightDecay, clip, wanted, weights, loraPlusRatio);
    }

    public Optimizer withWeights(DType dtype) {
        return new Optimizer(beta1, beta2, eps, weightDecay, clip, isEightBit, dtype, loraPlusRatio);
    }

    public Optimizer withLoraPlusRatio(double ratio) {
        return new Optimizer(beta1, beta2, eps, weightDecay, clip, isEightBit, weights, ratio);
    }

    public static final double BETA1 = 0.9;
    public static final double BETA2 = 0.999;
    /// The learning rate and both bias corrections: F32 `[3]`.
    private static final Leaf SCHEDULE = Leaf.input("schedule", DType.F32, 3);
    /// The same and the weight decay of the step: F32 `[4]`.
    private static final Leaf COMPACT_SCHEDULE = Leaf.input("schedule", DType.F32, 4);
    /// The number of the step, from 1: I32 `[1]`.
    private static final Leaf STEP = Leaf.input("step", DType.I32, 1);

    /// Where the gradient of a parameter is summed over the micro-batches of a step.
    public static Leaf gradient(Leaf parameter) {
        return beside("gradient.", parameter, DType.F32);
    }

    /// The running mean of a parameter's gradient, in F32.
    public static Leaf firstMoment(Leaf parameter) {
        return beside("adamw.m.", parameter, DType.F32);
    }

    /// The running mean of the gradient's square, in F32.
    public static Leaf secondMoment(Leaf parameter) {
        return beside("adamw.v.", parameter, DType.F32);
    }

    private static Leaf beside(String prefix, Leaf parameter, DType dtype) {
        return new Leaf(Leaf.Kind.STATE, prefix + parameter.name(), new TensorType(dtype, parameter.shape()));
    }

    /// What is kept of a parameter's gradients from step to step: both running means, and their scales if they have 8
    /// bits.
    public List<Leaf> moments(Leaf parameter) {
        if (!isEightBit) {
            return List.of(firstMoment(parameter), secondMoment(parameter));
        }
        long blocks = DynamicMap.blocks(parameter.shape().elements());
        return List.of(beside("adamw8bit.m.", parameter, DType.U8), beside("adamw8bit.v.", parameter, DType.U8),
                Leaf.state("adamw8bit.mScales." + parameter.name(), DType.F32, blocks),
                Leaf.state("adamw8bit.vScales." + parameter.name(), DType.F32, blocks));
    }

    /// Parameters and their [#moments]: all that a run needs to continue.
    public List<Leaf> state(List<Leaf> parameters) {
        List<Leaf> state = new ArrayList<>();
        parameters.forEach(parameter -> state.addAll(moments(parameter)));
        state.addAll(parameters);
        return state;
    }

    /// The program that ends a step: updates all parameters from their summed gradients, and clears those. Its output
    /// is `squaredNorm` `[1]` of all gradients before clipping; [#fill] fills its inputs.
    ///
    /// @param seed of the rounding of BF16 weights
    public Program update(List<Leaf> parameters, int seed) {
        Graph g = new Graph();
        List<Value> norms = new ArrayList<>();
        for (Leaf parameter : parameters) {
            norms.add(g.record(new SquaredNorm(), gradient(parameter)));
        }
        Value squaredNorm = norms.stream().reduce(g::add).orElseThrow();
        for (Leaf parameter : parameters) {
            update(g, parameter, squaredNorm, seed);
        }
        return Program.of(g, Map.of("squaredNorm", squaredNorm));
    }

    /// Records the update of one parameter from its gradient, and the clearing of that.
    ///
    /// @param squaredNorm `[1]`: by which the gradient is clipped; nothing changes if it is not finite
    public void update(Graph g, Leaf parameter, Value squaredNorm, int seed) {
        AdamW rule = new AdamW(beta1, beta2, eps, weightDecay, clip);
        List<Leaf> moments = moments(parameter);
        List<Value> inputs = new ArrayList<>(
                List.of(parameter, moments.get(0), moments.get(1), gradient(parameter), squaredNorm));
        if (isCompact()) {
            inputs.addAll(List.of(schedule(parameter), STEP));
            inputs.addAll(moments.subList(2, moments.size()));
            g.record(new CompactAdamW(rule, CounterRandom.named(seed, parameter.name())), inputs.toArray(Value[]::new));
        } else {
            inputs.add(schedule(parameter));
            g.record(rule, inputs.toArray(Value[]::new));
        }
        g.record(new Clear(), gradient(parameter));
    }

    private Leaf schedule(Leaf parameter) {
        return loraPlusRatio != 1 && Adapter.isB(parameter.name()) ? ofB(schedule()) : schedule();
    }

    private Leaf schedule() {
        return isCompact() ? COMPACT_SCHEDULE : SCHEDULE;
    }

    /// The same for what learns at a rate of its own.
    private static Leaf ofB(Leaf schedule) {
        return new Leaf(schedule.kind(), schedule.name() + ".b", schedule.type());
    }

    private boolean isCompact() {
        return isEightBit || weights != DType.F32;
    }

    /// Fills the inputs of a program with updates for one step.
    ///
    /// @param step from 0
    public void fill(Inputs program, double rate, int step) {
        program.set(schedule(), schedule(rate, step));
        if (loraPlusRatio != 1) {
            program.set(ofB(schedule()), schedule(rate * loraPlusRatio, step));
        }
        if (isCompact()) {
            program.set(STEP, step + 1);
        }
    }

    private float[] schedule(double rate, int step) {
        float c1 = (float) (1 - StrictMath.pow(beta1, step + 1));
        float c2 = (float) (1 - StrictMath.pow(beta2, step + 1));
        return isCompact()
                ? new float[] {(float) rate, c1, c2, (float) (rate * weightDecay)}
                : new float[] {(float) rate, c1, c2};
    }
}
