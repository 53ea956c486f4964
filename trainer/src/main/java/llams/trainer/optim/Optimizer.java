package llams.trainer.optim;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import llams.engine.graph.AdamW;
import llams.engine.graph.Clear;
import llams.engine.graph.Graph;
import llams.engine.graph.Leaf;
import llams.engine.graph.SquaredNorm;
import llams.engine.graph.TensorType;
import llams.engine.graph.Value;
import llams.engine.plan.Program;
import llams.engine.tensor.DType;

/// AdamW with clipping by the global norm; see [AdamW] for the arithmetic.
///
/// @param clip largest norm of all gradients together; 0 for no limit
public record Optimizer(double beta1, double beta2, double eps, double weightDecay, double clip) {
    /// The learning rate and both bias corrections: F32 `[3]`.
    public static final Leaf SCHEDULE = Leaf.input("schedule", DType.F32, 3);

    /// Where the gradient of a parameter is summed over the micro-batches of a step.
    public static Leaf gradient(Leaf parameter) {
        return beside("gradient.", parameter);
    }

    /// The running mean of a parameter's gradient.
    public static Leaf firstMoment(Leaf parameter) {
        return beside("adamw.m.", parameter);
    }

    /// The running mean of its square.
    public static Leaf secondMoment(Leaf parameter) {
        return beside("adamw.v.", parameter);
    }

    private static Leaf beside(String prefix, Leaf parameter) {
        return new Leaf(Leaf.Kind.STATE, prefix + parameter.name(), new TensorType(DType.F32, parameter.shape()));
    }

    /// The program that ends a step: updates all parameters from their summed gradients, and clears those. Its input is
    /// [#SCHEDULE], its output `squaredNorm` `[1]` of all gradients before clipping.
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
                    squaredNorm, SCHEDULE);
            g.record(new Clear(), gradient(parameter));
        }
        return Program.of(g, Map.of("squaredNorm", squaredNorm));
    }

    /// The contents of [#SCHEDULE] for one step.
    ///
    /// @param step from 0
    public float[] schedule(double rate, int step) {
        return new float[] {(float) rate, (float) (1 - Math.pow(beta1, step + 1)),
                (float) (1 - Math.pow(beta2, step + 1))};
    }
}
