package llams.trainer.run;

import llams.engine.plan.Program;

/// A run needs more memory than the machine has.
public final class TooLittleMemoryException extends IllegalStateException {
    private static final long serialVersionUID = 1;

    public final transient Program.Memory memory;
    /// Weights that are in memory, not mapped from a file.
    public final long weightBytes;
    /// What would need less.
    public final String remedy;

    TooLittleMemoryException(Program.Memory memory, long weightBytes, String remedy) {
        super("training needs " + (memory.state() + memory.temporaries() + weightBytes) + " bytes of memory beside the"
                + " mapped weights, and the machine has " + Forecast.machineBytes() + "; try " + remedy);
        this.memory = memory;
        this.weightBytes = weightBytes;
        this.remedy = remedy;
    }
}
