package llams.engine.plan;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import llams.engine.graph.Accumulate;
import llams.engine.graph.AccumulateEmbeddingGradient;
import llams.engine.graph.AccumulateLinearCrossEntropy;
import llams.engine.graph.AccumulateMatMul;
import llams.engine.graph.Add;
import llams.engine.graph.EmbeddingGradient;
import llams.engine.graph.LinearCrossEntropy;
import llams.engine.graph.MatMul;
import llams.engine.graph.Node;
import llams.engine.graph.Result;
import llams.engine.graph.Value;

/// A product whose only reader adds it to something is computed onto that: `c + a b` becomes one [MatMul] with three
/// inputs, `state += a b` one [AccumulateMatMul]. The residual stream, adapters and gradients of shared inputs are such
/// sums; each fusion saves writing the product and reading it twice. The gradients of the embedding and of the output
/// head, as large as their weights, are likewise added to their state where they are made.
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
        Map<Node, Node> productOf = new HashMap<>();
        Map<Node, Value> stateOfLoss = new HashMap<>();
        for (Node node : nodes) {
            Node product = absorbable(node);
            if (product != null && absorbed.add(product)) {
                productOf.put(node, product);
            }
            Node loss = accumulatedLoss(node, nodes);
            if (loss != null && stateOfLoss.putIfAbsent(loss, node.inputs.getFirst()) == null) {
                absorbed.add(node);
            }
        }
        List<Node> fused = new ArrayList<>();
        for (Node node : nodes) {
            if (!absorbed.contains(node)) {
                Node product = productOf.get(node);
                Node made = product != null
                        ? merged(node, product)
                        : stateOfLoss.containsKey(node) ? lossInto(node, stateOfLoss.get(node)) : copy(node);
                for (int i = 0; i < made.results.size(); i++) {
                    replacements.put(node.results.get(i), made.results.get(i));
                }
                fused.add(made);
            }
        }
        return new Fused(fused, replacements);
    }

    /// The product that a sum reads alone, or null. It is computed where the sum stood, so nothing in between may
    /// change what it reads.
    private Node absorbable(Node node) {
        List<Value> summands = switch (node.op) {
            case Add() -> node.inputs.reversed();
            case Accumulate() -> List.of(node.inputs.get(1));
            default -> List.of();
        };
        for (Value summand : summands) {
            if (summand instanceof Result result && isProduct(result.node, node) && uses.isReadOnce(summand)
                    && uses.isConstantFor(result.node)) {
                return result.node;
            }
        }
        return null;
    }

    private static boolean isProduct(Node node, Node sum) {
        return node.op instanceof MatMul && node.inputs.size() == 2
                || node.op instanceof EmbeddingGradient && sum.op instanceof Accumulate;
    }

    /// The loss whose weight gradient this node, its only reader, adds to a state; or null. The state is then changed
    /// where the loss stands, so nothing in between may read or change it.
    private Node accumulatedLoss(Node node, List<Node> nodes) {
        if (node.op instanceof Accumulate && node.inputs.get(1) instanceof Result part
                && part.node.op instanceof LinearCrossEntropy && part.index == LinearCrossEntropy.WEIGHT_GRADIENT
                && uses.isReadOnce(part)) {
            List<Node> between = nodes.subList(nodes.indexOf(part.node), nodes.indexOf(node));
            return between.stream().anyMatch(other -> other.inputs.contains(node.inputs.getFirst())) ? null : part.node;
        }
        return null;
    }

    private Node lossInto(Node loss, Value state) {
        List<Value> inputs = new ArrayList<>(loss.inputs.stream().map(this::replaced).toList());
        inputs.add(state);
        return new Node(new AccumulateLinearCrossEntropy(), inputs, loss.block);
    }

    private Node merged(Node sum, Node product) {
        if (product.op instanceof EmbeddingGradient) {
            return new Node(new AccumulateEmbeddingGradient(),
                    List.of(sum.inputs.get(0), replaced(product.inputs.get(0)), replaced(product.inputs.get(1))),
                    sum.block);
        }
        MatMul matMul = (MatMul) product.op;
        Value a = replaced(product.inputs.get(0));
        Value b = replaced(product.inputs.get(1));
        if (sum.op instanceof Accumulate) {
            return new Node(new AccumulateMatMul(matMul.transposeA(), matMul.transposeB()),
                    List.of(sum.inputs.get(0), a, b), sum.block);
        }
        boolean isSecond = sum.inputs.get(1).equals(product.results.getFirst());
        return new Node(matMul, List.of(a, b, replaced(sum.inputs.get(isSecond ? 0 : 1))), sum.block);
    }

    private Node copy(Node node) {
        List<Value> inputs = node.inputs.stream().map(this::replaced).toList();
        return inputs.equals(node.inputs) ? node : new Node(node.op, inputs, node.block);
    }

    private Value replaced(Value value) {
        return replacements.getOrDefault(value, value);
    }
}
