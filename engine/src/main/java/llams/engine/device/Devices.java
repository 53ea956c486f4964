package llams.engine.device;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.ServiceLoader;

/// Finds devices.
public final class Devices {
    private Devices() {}

    /// All devices that this program was built or started with, usable or not.
    public static List<Device> all() {
        List<Device> devices = new ArrayList<>();
        ServiceLoader.load(Device.class).forEach(devices::add);
        devices.sort(Comparator.comparing(Device::name));
        return devices;
    }

    /// The device of this name; `auto` is the GPU if there is a usable one, else the CPU.
    ///
    /// @throws IllegalArgumentException if there is none, or it cannot be used: says why
    public static Device byName(String name) {
        List<Device> all = all();
        if (name.equals("auto")) {
            return all.stream()
                    .filter(device -> device.name().equals("gpu") && device.unavailable().isEmpty())
                    .findAny()
                    .orElseGet(() -> byName("cpu"));
        }
        Device device = all.stream()
                .filter(candidate -> candidate.name().equals(name))
                .findAny()
                .orElseThrow(() -> new IllegalArgumentException("device \"" + name + "\" is not part of this build,"
                        + " which has " + String.join(", ", all.stream().map(Device::name).toList())));
        device.unavailable().ifPresent(reason -> {
            throw new IllegalArgumentException("device \"" + name + "\" cannot be used: " + reason);
        });
        return device;
    }
}
