package llams.engine.plan;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import llams.engine.graph.Accumulate;
import llams.engine.graph.Add;
import llams.engine.graph.Embedding;
import llams.engine.graph.LinearCrossEntropy;
import llams.engine.graph.LinearDistillation;
import llams.engine.graph.MatMul;
import llams.engine.graph.Node;
import llams.engine.graph.Origin;
import llams.engine.graph.Result;
import llams.engine.graph.RmsNorm;
import llams.engine.graph.ScaleColumns;
import llams.engine.graph.Value;

/// What is only added to something is computed onto that: the product in `c + a b` becomes a [MatMul] with three inputs,
/// a summand of `state += ...` part of its [Accumulate]. The residual stream, adapters and gradients are such sums; each
/// fusion saves writing the summand and reading it twice, and gradients as large as the embedding or the output head
/// never exist beside their state.
final class Fusion {
    private final Uses uses;
    private final Map<Value, Value> replacements = new HashMap<>();

    private Fusion(Uses uses) {
        this.uses = uses;
    }

    /// @param nodes   live nodes in their order
    /// @param outputs values that must stay, replaced where their op was
    /// @return the nodes in their order; an output that was replaced is found by [Fused#of]
    static Fused fuse(List<Node> nodes, Collection<? extends Value> outputs) {
        return new Fusion(Uses.of(nodes, outputs)).apply(nodes);
    }

    /// @param replacements results of dropped nodes to those that stand for them
    record Fused(List<Node> nodes, Map<Value, Value> replacements) {
        Value of(Value value) {
            return replacements.getOrDefault(value, value);
        }
    }

    private Fused apply(List<Node> nodes) {
        Set<Node> absorbed = new HashSet<>();
        Map<Node, Node> summandOf = new HashMap<>();
        Map<Node, Node> sumOfLoss = new HashMap<>();
        for (Node node : nodes) {
            Node summand = absorbable(node);
            if (summand != null && absorbed.add(summand)) {
                summandOf.put(node, summand);
            }
            Node loss = accumulatedLoss(node, nodes);
            if (loss != null && sumOfLoss.putIfAbsent(loss, node) == null) {
                absorbed.add(node);
            }
        }
        List<Node> fused = new ArrayList<>();
        for (Node node : nodes) {
            if (!absorbed.contains(node)) {
                Node summand = summandOf.get(node);
                Node made = summand != null
                        ? sum(node, summand)
                        : sumOfLoss.containsKey(node) ? accumulate(node, sumOfLoss.get(node)) : copy(node);
                for (int i = 0; i < made.results.size(); i++) {
                    replacements.put(node.results.get(i), made.results.get(i));
                }
                fused.add(made);
            }
        }
        return new Fused(fused, replacements);
    }

    /// The summand that this node reads alone and can compute itself, or null. It is then computed where the sum stood,
    /// so nothing in between may change what it reads.
    private Node absorbable(Node node) {
        List<Value> summands = switch (node.op) {
            case Add() -> List.of(node.inputs.get(Add.B), node.inputs.get(Add.A));
            case Accumulate(Accumulate.Given(), _) -> List.of(node.inputs.get(Accumulate.Given.X));
            default -> List.of();
        };
        for (Value summand : summands) {
            if (summand instanceof Result result && isSummand(result.node, node) && uses.isReadOnce(summand)
                    && uses.canMove(result.node, node)) {
                return result.node;
            }
        }
        return null;
    }

    private static boolean isSummand(Node node, Node sum) {
        return node.op instanceof MatMul && node.inputs.size() == MatMul.C || sum.op instanceof Accumulate
                && (node.op instanceof Embedding.Gradient || node.op instanceof RmsNorm.WeightGradient
                        || node.op instanceof ScaleColumns.MagnitudeGradient);
    }

    /// The loss whose weight gradient this node, its only reader, adds to a state; or null. The state is then changed
    /// where the loss stands, so nothing in between may read or change it.
    private Node accumulatedLoss(Node node, List<Node> nodes) {
        if (node.op instanceof Accumulate(Accumulate.Given(), _)
                && node.inputs.get(Accumulate.Given.X) instanceof Result part && isGradientOfHead(part)
                && uses.isReadOnce(part)) {
            List<Node> between = nodes.subList(nodes.indexOf(part.node), nodes.indexOf(node));
            Value state = Accumulate.state(node.inputs);
            return between.stream().anyMatch(other -> other.inputs.contains(state)) ? null : part.node;
        }
        return null;
    }

    private static boolean isGradientOfHead(Result part) {
        return part.node.op instanceof LinearCrossEntropy && part.index == LinearCrossEntropy.DWEIGHT
                || part.node.op instanceof LinearDistillation && part.index == LinearDistillation.DWEIGHT;
    }

    private Node sum(Node sum, Node summand) {
        if (sum.op instanceof Accumulate) {
            return accumulate(summand, sum);
        }
        boolean isB = sum.inputs.get(Add.B).equals(summand.results.getFirst());
        List<Value> inputs = new ArrayList<>(replaced(summand.inputs));
        inputs.add(replaced(sum.inputs.get(isB ? Add.A : Add.B)));
        return new Node(summand.op, inputs, sum.block, new Origin.Fused(List.of(sum, summand)));
    }

    private Node accumulate(Node summand, Node sum) {
        long rowLength = ((Accumulate) sum.op).rowLength();
        return new Node(new Accumulate((Accumulate.Summand) summand.op, rowLength),
                Accumulate.inputs(replaced(summand.inputs), Accumulate.state(sum.inputs)), summand.block,
                new Origin.Fused(List.of(summand, sum)));
    }

    private Node copy(Node node) {
        List<Value> inputs = replaced(node.inputs);
        return inputs.equals(node.inputs)
                ? node
                : new Node(node.op, inputs, node.block, new Origin.Fused(List.of(node)));
    }

    private List<Value> replaced(List<Value> values) {
        return values.stream().map(this::replaced).toList();
    }

    private Value replaced(Value value) {
        return replacements.getOrDefault(value, value);
    }
}
