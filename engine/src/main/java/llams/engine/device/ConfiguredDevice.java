package llams.engine.device;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import llams.engine.plan.Program;
import llams.engine.tensor.Tensor;

/// See [Device#with].
record ConfiguredDevice(Device device, Options options) implements Device {
    @Override
    public String name() {
        return device.name();
    }

    @Override
    public String description() {
        return device.description();
    }

    @Override
    public String arithmetic() {
        return device.arithmetic();
    }

    @Override
    public Class<?> kernel(Program.Instruction instruction) {
        return device.kernel(instruction);
    }

    @Override
    public Optional<String> unavailable() {
        return device.unavailable();
    }

    @Override
    public void expect(List<Program> programs) {
        device.expect(programs);
    }

    @Override
    public Session open(Map<String, Tensor> resident, Options other) {
        return device.open(resident, other);
    }
}
