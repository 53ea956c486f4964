package llams.cli;

import llams.engine.plan.Program;
import tools.jackson.databind.node.ObjectNode;

/// What a stage of a recipe will need.
///
/// @param memory  besides Java itself; null if unknown
/// @param bytes   on the disk; -1 if unknown
/// @param seconds NaN if unknown
record StageNeeds(Program.Memory memory, double bytes, double seconds) {
    static final StageNeeds UNKNOWN = new StageNeeds(null, -1, Double.NaN);

    /// @param held   bytes of memory
    /// @param mapped bytes of weights that are read from mapped files
    static StageNeeds of(long held, double mapped, double bytes, double seconds) {
        return new StageNeeds(new Program.Memory((long) mapped, 0, held), bytes, seconds);
    }

    void addTo(ObjectNode report) {
        if (memory != null) {
            report.put("memoryBytes", MachineMemory.allocated(memory)).put("mappedBytes", memory.weights());
        }
        if (bytes >= 0) {
            report.put("diskBytes", (long) bytes);
        }
        if (Double.isFinite(seconds)) {
            report.put("seconds", seconds);
        }
    }

    @Override
    public String toString() {
        return "memory " + memoryText() + ", "
                + (bytes < 0 ? "disk unknown" : "disk " + MachineMemory.text((long) bytes)) + ", "
                + (Double.isNaN(seconds) ? "time unknown" : "about " + RecipeForecast.time(seconds));
    }

    private String memoryText() {
        if (memory == null) {
            return "unknown";
        }
        return MachineMemory.text(MachineMemory.allocated(memory))
                + (memory.weights() == 0 ? "" : " + " + MachineMemory.text(memory.weights()) + " mapped")
                + (MachineMemory.fits(memory) ? "" : " (too much for this machine)");
    }
}
