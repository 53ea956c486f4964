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
        return program(model, tokens, positions, rowLength, List.of(), false);
    }

    /// The loss, and its gradients added to [Optimizer#gradient] of each trained leaf.
    static Program training(Llama model, int tokens, int positions, long rowLength, List<Leaf> trained,
            boolean recompute) {
        return program(model, tokens, positions, rowLength, trained, recompute);
    }

    private static Program program(Llama model, int tokens, int positions, long rowLength, List<Leaf> trained,
            boolean recompute) {
        Graph g = new Graph();
        Sequence at = Sequence.of(model.config(), tokens, positions, rowLength);
        Value hidden = model.forward(g, Sequence.ids(tokens), at, null);
        List<Result> loss = model.loss(g, hidden, labels(tokens), SCALE);
        if (!trained.isEmpty()) {
            Autodiff.contributions(g, loss.getFirst(), trained, recompute,
                    (leaf, part) -> g.accumulate(Optimizer.gradient(leaf), part, rowLength));
        }
        Map<String, Value> outputs = new LinkedHashMap<>();
        outputs.put("loss", loss.get(0));
        outputs.put("tokenLoss", loss.get(1));
        return Program.of(g, outputs);
    }
}
