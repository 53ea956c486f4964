package llams.engine.device;

import llams.engine.tensor.Tensor;

/// A program ready to be run again and again.
public interface Executable {
    /// The memory of an input leaf, to be filled before a run; it keeps its contents between runs.
    Tensor input(String name);

    void run();

    /// The contents of an output after a run, good until any program of the session runs again.
    Tensor output(String name);

    /// Whether [#close] gives memory back before the session ends; where not, a program is best kept.
    default boolean givesBack() {
        return false;
    }

    /// Gives back what the program alone holds. It is not run any more, and its inputs and outputs are gone.
    default void close() {}
}
