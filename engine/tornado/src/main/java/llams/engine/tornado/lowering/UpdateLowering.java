package llams.engine.tornado.lowering;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import llams.engine.graph.AdamW;
import llams.engine.graph.Clear;
import llams.engine.plan.Program.Instruction;
import llams.engine.plan.Program.Place;
import llams.engine.tornado.kernels.Kernel;
import llams.engine.tornado.launch.DeviceBlock;
import llams.engine.tornado.launch.Ref;

/// Turns the updates of many parameters, and the clearing of their gradients, into launches over adjacent memory: an
/// adapter has hundreds of parameters, each too small to be worth a launch.
final class UpdateLowering {
    /// The operands of an update that have the parameter's shape: it, both moments, the gradient.
    private static final int SHAPED = 4;

    private final Lowering lowering;

    /// Operands of one launch: `count` elements of the first `shaped`, from these positions on.
    record Stretch(AdamW op, List<Ref> operands, int shaped, int count) {
        boolean isFollowedBy(Stretch next) {
            boolean follows = op == null ? next.op == null : op.equals(next.op);
            for (int i = 0; follows && i < operands.size(); i++) {
                Ref mine = operands.get(i);
                Ref other = next.operands.get(i);
                long shift = i < shaped ? DeviceBlock.aligned(count) : 0;
                follows = mine.block() == other.block() && mine.offset() + shift == other.offset();
            }
            return follows && DeviceBlock.aligned(count) + next.count <= Lowering.ELEMENTS_LIMIT;
        }

        Stretch with(Stretch next) {
            return new Stretch(op, operands, shaped, (int) DeviceBlock.aligned(count) + next.count);
        }
    }

    UpdateLowering(Lowering lowering) {
        this.lowering = lowering;
    }

    /// How many of these instructions, from the first on, are updates and clearings that may be reordered into all
    /// updates, then all clearings.
    static int length(List<Instruction> instructions) {
        Set<Place> cleared = new HashSet<>();
        int length = 0;
        for (Instruction instruction : instructions) {
            boolean isUpdate = instruction.op() instanceof AdamW;
            if (!isUpdate && !(instruction.op() instanceof Clear)
                    || isUpdate && instruction.inputs().stream().anyMatch(cleared::contains)) {
                break;
            }
            if (!isUpdate) {
                cleared.add(instruction.inputs().get(Clear.STATE));
            }
            length++;
        }
        return length;
    }

    void lower(List<Instruction> instructions) {
        List<Stretch> updates = new ArrayList<>();
        List<Stretch> clearings = new ArrayList<>();
        for (Instruction instruction : instructions) {
            List<Ref> operands = instruction.inputs().stream().map(lowering::ref).toList();
            int count = Math.toIntExact(instruction.inputs().getFirst().type().shape().elements());
            if (instruction.op() instanceof AdamW op) {
                updates.add(new Stretch(op, operands, SHAPED, count));
            } else {
                clearings.add(new Stretch(null, operands, 1, count));
            }
        }
        for (Stretch stretch : joined(updates)) {
            lower(stretch);
        }
        for (Stretch stretch : joined(clearings)) {
            lowering.fill(stretch.operands.getFirst(), stretch.count, 0);
        }
    }

    private void lower(Stretch update) {
        AdamW op = update.op;
        int first = lowering.constants()
                .index((float) op.beta1(), (float) (1 - op.beta1()), (float) op.beta2(), (float) (1 - op.beta2()),
                        (float) op.eps(), (float) op.weightDecay(), (float) op.clip());
        lowering.launchElements(Kernel.ADAMW, update.count, update.operands, update.count, first);
    }

    static List<Stretch> joined(List<Stretch> stretches) {
        List<DeviceBlock> blocks = stretches.stream()
                .map(stretch -> stretch.operands.getFirst().block())
                .distinct()
                .toList();
        List<Stretch> sorted = new ArrayList<>(stretches);
        sorted.sort(Comparator.<Stretch>comparingInt(stretch -> blocks.indexOf(stretch.operands.getFirst().block()))
                .thenComparingInt(stretch -> stretch.operands.getFirst().offset()));
        List<Stretch> joined = new ArrayList<>();
        for (Stretch stretch : sorted) {
            if (!joined.isEmpty() && joined.getLast().isFollowedBy(stretch)) {
                joined.set(joined.size() - 1, joined.getLast().with(stretch));
            } else {
                joined.add(stretch);
            }
        }
        return joined;
    }
}
