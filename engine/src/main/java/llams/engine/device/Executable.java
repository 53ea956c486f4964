package llams.engine.device;

import java.util.function.Consumer;
import llams.engine.graph.Inputs;
import llams.engine.graph.Leaf;
import llams.engine.tensor.Tensor;

/// A program ready to be run again and again.
public interface Executable extends Inputs {
    void run();

    /// The same, and tells of each state leaf as soon as no instruction to come reads or changes it: it may then be used
    /// while the program goes on. A device need not tell of any.
    default void run(Consumer<Leaf> settled) {
        run();
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
