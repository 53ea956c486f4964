package llams.trainer.run;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import llams.engine.device.Observer;
import llams.engine.device.Session;
import llams.engine.graph.Leaf;
import llams.engine.graph.SquaredNorm;
import llams.engine.plan.Program;
import llams.trainer.optim.Optimizer;

/// Hashes every gradient of a step, complete and before clipping: where its norm is taken, and before it is used up.
/// Costs one more read of the gradients.
final class GradientHashes implements Observer {
    private final Map<String, Long> hashes = new HashMap<>();

    private GradientHashes() {}

    /// Those of all programs of a session; null if its device does not show what it computes.
    static GradientHashes in(Session session) {
        GradientHashes hashes = new GradientHashes();
        try {
            session.observe(hashes);
            return hashes;
        } catch (UnsupportedOperationException _) {
            return null;
        }
    }

    @Override
    public void before(List<Program.Instruction> together, Memory memory) {
        for (Program.Instruction instruction : together) {
            if (instruction.op() instanceof SquaredNorm
                    && instruction.inputs().get(SquaredNorm.X) instanceof Program.OfLeaf(Leaf gradient)) {
                hashes.put(gradient.name(), memory.hash(instruction.inputs().getFirst()));
            }
        }
    }

    @Override
    public void after(List<Program.Instruction> together, Memory memory, long nanos) {}

    /// Of all gradients of the newest step, with their names, in the order of these leaves; for all workers to call if
    /// each has some.
    String ofStep(List<Leaf> trained, Workers workers) {
        int[] owners = workers.owners(trained);
        // Halves, which doubles hold exactly.
        double[][] halves = new double[workers.collective().size()][2 * owners.length];
        for (int i = 0; i < owners.length; i++) {
            Long hash = hashes.get(Optimizer.gradient(trained.get(i)).name());
            if (hash != null) {
                halves[owners[i]][2 * i] = (int) (hash >> 32);
                halves[owners[i]][2 * i + 1] = hash.intValue();
            }
        }
        if (workers.areMomentsShared()) {
            workers.gather(halves, 1, 2 * owners.length);
        }
        MessageDigest digest = StepReceipt.digest();
        for (int i = 0; i < owners.length; i++) {
            digest.update(trained.get(i).name().getBytes(StandardCharsets.UTF_8));
            digest.update(ByteBuffer.allocate(Long.BYTES)
                    .putInt((int) halves[owners[i]][2 * i])
                    .putInt((int) halves[owners[i]][2 * i + 1])
                    .flip());
        }
        hashes.clear();
        return StepReceipt.hex(digest);
    }
}
