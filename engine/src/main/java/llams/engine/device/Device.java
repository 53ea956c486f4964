package llams.engine.device;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import llams.engine.plan.Program;
import llams.engine.tensor.Tensor;

/// Something that runs programs. Found as a service: a module that provides one needs no mention here.
public interface Device {
    /// As given to `--device`.
    String name();

    /// What it is, for people: width, cores, memory.
    String description();

    /// What its numbers depend on: where this is the same, results are, bit for bit.
    default String arithmetic() {
        return name();
    }

    /// The class whose code runs an instruction, for those who want to read it; null if it is not known.
    default Class<?> kernel(Program.Instruction instruction) {
        return null;
    }

    /// Empty if it can be used here, else why not and what would help.
    Optional<String> unavailable();

    /// Hears which programs will soon run together, and gets ready for them in the background; returns at once.
    default void expect(List<Program> programs) {}

    /// Starts work with these resident tensors, by leaf name. The tensors stay the caller's and must outlive the
    /// session; a device with memory of its own copies them once.
    Session open(Map<String, Tensor> resident, Options options);

    /// The same with this device's own options.
    default Session open(Map<String, Tensor> resident) {
        return open(resident, options());
    }

    /// Options of sessions that are opened without any.
    default Options options() {
        return Options.standard();
    }

    /// This device with other options of its own.
    default Device with(Options options) {
        return new ConfiguredDevice(this, options);
    }
}
