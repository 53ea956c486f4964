package llams.engine.tornado.lowering;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import llams.engine.graph.Add;
import llams.engine.graph.SquaredNorm;
import llams.engine.plan.Program.Instruction;
import llams.engine.plan.Program.Place;
import llams.engine.tornado.kernels.Kernel;
import llams.engine.tornado.kernels.NormKernels;
import llams.engine.tornado.launch.Ref;

/// A squared norm, or the sum of many gradients' squared norms, as clipping needs it: one launch per stretch of
/// adjacent memory.
///
/// @param tensors the operands
/// @param sum     the result
/// @param length  the number of instructions replaced
record SquaredNormLowering(List<Place> tensors, Place sum, int length) {
    /// Matches the start of these instructions.
    ///
    /// @param outputs the program's
    static Optional<SquaredNormLowering> of(List<Instruction> instructions, Collection<Place> outputs) {
        List<Place> tensors = new ArrayList<>();
        Map<Place, Integer> norms = new HashMap<>();
        Set<Place> between = new HashSet<>();
        int at = 0;
        for (; at < instructions.size() && instructions.get(at).op() instanceof SquaredNorm; at++) {
            tensors.add(instructions.get(at).inputs().getFirst());
            norms.put(instructions.get(at).results().getFirst(), 1);
        }
        between.addAll(norms.keySet());
        boolean isOneEach = tensors.size() > 1 && norms.size() == tensors.size();
        for (; isOneEach && at < instructions.size() && norms.size() > 1; at++) {
            Instruction add = instructions.get(at);
            if (!(add.op() instanceof Add) || !norms.keySet().containsAll(add.inputs())
                    || add.inputs().getFirst().equals(add.inputs().getLast())) {
                return Optional.empty();
            }
            int all = norms.remove(add.inputs().getFirst()) + norms.remove(add.inputs().getLast());
            norms.put(add.results().getFirst(), all);
            between.add(add.results().getFirst());
        }
        if (!isOneEach || norms.size() > 1) {
            return Optional.empty();
        }
        Place sum = norms.keySet().iterator().next();
        between.remove(sum);
        boolean isReadElsewhere = outputs.stream().anyMatch(between::contains)
                || instructions.subList(at, instructions.size())
                        .stream()
                        .anyMatch(instruction -> instruction.inputs().stream().anyMatch(between::contains));
        return isReadElsewhere ? Optional.empty() : Optional.of(new SquaredNormLowering(tensors, sum, at));
    }

    void lower(Lowering lowering) {
        List<UpdateLowering.Stretch> stretches = UpdateLowering.joined(tensors.stream()
                .map(tensor -> new UpdateLowering.Stretch(null, List.of(lowering.ref(tensor)), 1,
                        Math.toIntExact(tensor.type().shape().elements())))
                .toList());
        int partials = Math.multiplyExact(stretches.size(), NormKernels.PARTIALS);
        Ref partial = lowering.scratch(partials);
        for (int i = 0; i < stretches.size(); i++) {
            lowering.launch(Kernel.PARTIAL_SQUARES, NormKernels.PARTIALS,
                    List.of(stretches.get(i).operands().getFirst(), partial.plus((long) i * NormKernels.PARTIALS)),
                    stretches.get(i).count());
        }
        lowering.launch(Kernel.SCALED_SUM, 1, List.of(partial, lowering.constant(1), lowering.ref(sum)), partials);
    }
}
