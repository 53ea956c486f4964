package llams.engine.graph;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// A product whose only reader adds it to something is computed onto that: `c + a b` becomes one [MatMul] with three inputs,
/// `state += a b` one [AccumulateMatMul]. The residual stream, adapters and gradients of shared inputs are such sums; each
/// fusion saves writing the product and reading it twice.
final class Fusion {
    private final Map<Value, Integer> uses = new HashMap<>();
    private final Set<Value> changed = new HashSet<>();
    private final Map<Value, Value> replacements = new HashMap<>();

    private Fusion() {
    }

    /// @param nodes   live nodes in their order
    /// @param outputs values that must stay, replaced where their op was
    /// @return the nodes in their order; an output that was replaced is found by [Fused#of]
    static Fused fuse(List<Node> nodes, Collection<? extends Value> outputs) {
        Fusion fusion = new Fusion();
        for (Value output : outputs) {
            // Asked for from outside: never a product that may disappear.
            fusion.uses.merge(output, 2, Integer::sum);
        }
        for (Node node : nodes) {
            node.inputs.forEach(input -> fusion.uses.merge(input, 1, Integer::sum));
            if (node.op instanceof Effect) {
                node.inputs.stream().filter(Leaf.class::isInstance).forEach(fusion.changed::add);
            }
        }
        return fusion.apply(nodes);
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
        for (Node node : nodes) {
            Node product = absorbable(node);
            if (product != null && absorbed.add(product)) {
                productOf.put(node, product);
            }
        }
        List<Node> fused = new ArrayList<>();
        for (Node node : nodes) {
            if (!absorbed.contains(node)) {
                Node product = productOf.get(node);
                Node made = product == null ? copy(node) : merged(node, product);
                for (int i = 0; i < node.results.size(); i++) {
                    replacements.put(node.results.get(i), made.results.get(i));
                }
                fused.add(made);
            }
        }
        return new Fused(fused, replacements);
    }

    /// The product that a sum reads alone, or null. It is computed where the sum stood, so nothing in between may change
    /// what it reads.
    private Node absorbable(Node node) {
        List<Value> summands = switch (node.op) {
            case Add() -> node.inputs.reversed();
            case Accumulate() -> List.of(node.inputs.get(1));
            default -> List.of();
        };
        for (Value summand : summands) {
            if (summand instanceof Result result && result.node.op instanceof MatMul && result.node.inputs.size() == 2
                    && uses.get(summand) == 1 && result.node.inputs.stream().noneMatch(changed::contains)) {
                return result.node;
            }
        }
        return null;
    }

    private Node merged(Node sum, Node product) {
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
