package llams.engine.device;

import llams.engine.graph.Inputs;
import llams.engine.tensor.Tensor;

/// A program ready to be run again and again.
public interface Executable extends Inputs {
    void run();

    /// Runs, and shows an observer every instruction: the numbers are the same, bit for bit.
    ///
    /// @throws UnsupportedOperationException if the device does not run instruction by instruction
    default void run(Observer observer) {
        throw new UnsupportedOperationException("only the processor shows what it computes");
    }

    /// The contents of an output after a run, good until any program of the session runs again.
    Tensor output(String name);

    /// True if [#close] frees memory before the session ends; otherwise a program is best kept.
    default boolean givesBack() {
        return false;
    }

    /// Frees what the program alone holds. It cannot be run any more, and its inputs and outputs are gone.
    default void close() {}
}
