package llams.trainer.run;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import llams.engine.graph.Autodiff;
import llams.engine.graph.Graph;
import llams.engine.graph.Leaf;
import llams.engine.graph.Result;
import llams.engine.graph.Value;
import llams.engine.llama.Llama;
import llams.engine.llama.Sequence;
import llams.engine.plan.Program;
import llams.engine.tensor.DType;
import llams.trainer.optim.Optimizer;

/// The forward pass of a micro-batch, with or without the backward pass. Inputs: those that [MicroBatch#fill] fills.
/// Outputs: `loss` `[1]`, `tokenLoss` `[tokens]`.
final class LossProgram {
    /// What each token's loss counts: F32 `[1]`.
    static final Leaf SCALE = Leaf.input("scale", DType.F32, 1);

    private LossProgram() {}

    /// I32 `[tokens]`.
    static Leaf labels(int tokens) {
        return Leaf.input("labels", DType.I32, tokens);
    }

    /// The loss alone.
    static Program forward(Llama model, int tokens, int positions, long rowLength) {
        Graph g = new Graph();
        return Program.of(g, outputs(forward(g, model, tokens, positions, rowLength)));
    }

    /// The loss, and its gradients added to [Optimizer#gradient] of each trained leaf.
    static Program training(Llama model, int tokens, int positions, long rowLength, List<Leaf> trained,
            boolean recompute) {
        Graph g = new Graph();
        List<Result> loss = forward(g, model, tokens, positions, rowLength);
        Autodiff.contributions(g, loss.getFirst(), trained, recompute,
                (leaf, part) -> g.accumulate(Optimizer.gradient(leaf), part, rowLength));
        return Program.of(g, outputs(loss));
    }

    /// The loss, and every trained leaf updated by its gradient: a whole step. A further output is `squaredNorm` `[1]`
    /// of all gradients; [Optimizer#fill] fills the further inputs.
    ///
    /// @param seed as in [Optimizer#update]
    static Program updating(Llama model, int tokens, int positions, long rowLength, List<Leaf> trained,
            boolean recompute, Optimizer optimizer, int seed) {
        Graph g = new Graph();
        List<Result> loss = forward(g, model, tokens, positions, rowLength);
        FusedUpdate update = new FusedUpdate(g, optimizer, seed, rowLength);
        Autodiff.contributions(g, loss.getFirst(), trained, recompute, update::add);
        Map<String, Value> outputs = outputs(loss);
        outputs.put("squaredNorm", update.end(trained));
        return Program.of(g, outputs);
    }

    private static List<Result> forward(Graph g, Llama model, int tokens, int positions, long rowLength) {
        Sequence at = Sequence.of(model.config(), tokens, positions, rowLength);
        Value hidden = model.forward(g, Sequence.ids(tokens), at, null);
        return model.loss(g, hidden, labels(tokens), SCALE);
    }

    private static Map<String, Value> outputs(List<Result> loss) {
        Map<String, Value> outputs = new LinkedHashMap<>();
        outputs.put("loss", loss.get(0));
        outputs.put("tokenLoss", loss.get(1));
        return outputs;
    }
}
