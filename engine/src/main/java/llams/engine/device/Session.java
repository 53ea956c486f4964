package llams.engine.device;

import llams.engine.graph.Program;
import llams.engine.tensor.Tensor;

/// Programs that share weights, state and memory for temporaries; one runs at a time.
public interface Session extends AutoCloseable {
    /// @throws IllegalArgumentException if a weight or state leaf of the program is not resident or has another type
    Executable compile(Program program);

    /// The present contents of a state leaf.
    Tensor read(String name);

    @Override
    void close();
}
