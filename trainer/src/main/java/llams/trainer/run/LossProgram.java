package llams.trainer.run;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import llams.engine.graph.Autodiff;
import llams.engine.graph.Graph;
import llams.engine.graph.Leaf;
import llams.engine.graph.Value;
import llams.engine.llama.Llama;
import llams.engine.llama.Sequence;
import llams.engine.plan.Program;
import llams.engine.tensor.DType;
import llams.trainer.optim.Optimizer;

/// The forward pass of a micro-batch, with or without the backward pass. Inputs: those that [MicroBatch#fill] and
/// [Objective#fill] fill. Outputs: `loss` `[1]`, and those of the objective.
final class LossProgram {
    /// What each token's loss counts: F32 `[1]`.
    static final Leaf SCALE = Leaf.input("scale", DType.F32, 1);

    private LossProgram() {}

    /// I32 `[tokens]`.
    static Leaf labels(int tokens) {
        return Leaf.input("labels", DType.I32, tokens);
    }

    /// The usual loss alone.
    static Program forward(Llama model, int tokens, int positions, long rowLength) {
        return forward(new NextToken(), new Objective.Models(model, null), tokens, positions, rowLength);
    }

    /// A loss alone.
    static Program forward(Objective objective, Objective.Models models, int tokens, int positions, long rowLength) {
        Graph g = new Graph();
        Map<String, Value> outputs = new LinkedHashMap<>();
        loss(g, objective, models, tokens, positions, rowLength, outputs);
        return Program.of(g, outputs);
    }

    /// The loss, and its gradients added to [Optimizer#gradient] of each trained leaf.
    static Program training(Objective objective, Objective.Models models, int tokens, int positions, long rowLength,
            List<Leaf> trained, boolean recompute) {
        Graph g = new Graph();
        Map<String, Value> outputs = new LinkedHashMap<>();
        Value loss = loss(g, objective, models, tokens, positions, rowLength, outputs);
        Autodiff.contributions(g, loss, trained, recompute,
                (leaf, part) -> g.accumulate(Optimizer.gradient(leaf), part, rowLength));
        return Program.of(g, outputs);
    }

    /// The loss, and every trained leaf updated by its gradient: a whole step. A further output is `squaredNorm` `[1]`
    /// of all gradients; [Optimizer#fill] fills the further inputs.
    ///
    /// @param seed as in [Optimizer#update]
    static Program updating(Objective objective, Objective.Models models, int tokens, int positions, long rowLength,
            List<Leaf> trained, boolean recompute, Optimizer optimizer, int seed) {
        Graph g = new Graph();
        Map<String, Value> outputs = new LinkedHashMap<>();
        Value loss = loss(g, objective, models, tokens, positions, rowLength, outputs);
        FusedUpdate update = new FusedUpdate(g, optimizer, seed, rowLength);
        Autodiff.contributions(g, loss, trained, recompute, update::add);
        outputs.put("squaredNorm", update.end(trained));
        return Program.of(g, outputs);
    }

    private static Value loss(Graph g, Objective objective, Objective.Models models, int tokens, int positions,
            long rowLength, Map<String, Value> outputs) {
        Sequence at = Sequence.of(models.model().config(), tokens, positions, rowLength);
        Value loss = objective.record(g, models, at, tokens, outputs);
        outputs.put("loss", loss);
        return loss;
    }
}
