package llams.engine.device;

import java.util.List;
import llams.engine.plan.Program;
import llams.engine.tensor.Tensor;

/// Sees each instruction of a program while it runs. Where several run together, it sees all of them at once.
public interface Observer {
    /// The memory behind places. What lies in the slab is good until later instructions take that memory.
    interface Memory {
        Tensor at(Program.Place place);

        /// Of every byte there, the same for the same bytes on any number of threads: it tells data apart that differ by
        /// accident, and is no defence against somebody who searches for a collision.
        long hash(Program.Place place);
    }

    /// A program begins to run.
    default void begins(Program program) {}

    /// What these instructions read is there.
    default void before(List<Program.Instruction> together, Memory memory) {}

    /// What they make is there too; what they changed is no longer as it was.
    ///
    /// @param nanos that they took
    void after(List<Program.Instruction> together, Memory memory, long nanos);
}
