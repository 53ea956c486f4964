package llams.engine.device;

import java.util.Map;
import llams.engine.graph.Leaf;
import llams.engine.plan.Program;
import llams.engine.tensor.Tensor;

/// Programs that share weights, state and memory for temporaries; one runs at a time.
public interface Session extends AutoCloseable {
    /// @throws IllegalArgumentException if a weight or state leaf of the program is not resident or has another type
    Executable compile(Program program);

    /// The present contents of a state leaf.
    Tensor read(String name);

    /// Shows one more observer every instruction of every run from now on. The numbers are the same, bit for bit.
    ///
    /// @throws UnsupportedOperationException if the device does not run instruction by instruction
    default void observe(Observer observer) {
        throw new UnsupportedOperationException("only the processor shows what it computes");
    }

    @Override
    void close();

    /// The tensor behind a weight or state leaf, for sessions to look it up.
    ///
    /// @throws IllegalArgumentException as [#compile]
    static Tensor resident(Map<String, Tensor> resident, Leaf leaf) {
        Tensor tensor = resident.get(leaf.name());
        if (tensor == null) {
            throw new IllegalArgumentException("\"" + leaf.name() + "\" is not resident in this session");
        }
        if (tensor.dtype() != leaf.dtype() || !tensor.shape().equals(leaf.shape())) {
            throw new IllegalArgumentException("\"" + leaf.name() + "\" is resident as " + tensor.dtype() + " "
                    + tensor.shape() + ", but the program takes " + leaf.type());
        }
        return tensor;
    }
}
