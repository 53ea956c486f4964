package llams.trainer.run;

import java.util.Map;
import java.util.Optional;
import llams.engine.device.Device;
import llams.engine.device.Options;
import llams.engine.device.Session;
import llams.engine.tensor.Tensor;

/// A device whose sessions a test opens in its own way.
record OtherwiseOpened(Device device, Opening opening) implements Device {
    interface Opening {
        Session open(Device device, Map<String, Tensor> resident, Options options);
    }

    @Override
    public String name() {
        return device.name();
    }

    @Override
    public String description() {
        return device.description();
    }

    @Override
    public Optional<String> unavailable() {
        return device.unavailable();
    }

    @Override
    public Session open(Map<String, Tensor> resident, Options options) {
        return opening.open(device, resident, options);
    }
}
