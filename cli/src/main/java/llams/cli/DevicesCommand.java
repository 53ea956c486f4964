package llams.cli;

import java.util.Optional;
import java.util.concurrent.Callable;
import jdk.incubator.vector.VectorShape;
import llams.engine.device.Device;
import llams.engine.device.Devices;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// `llams devices`: where programs can run.
@Command(
        name = "devices",
        description = "Show which devices can be used, and why the others cannot.",
        footer = {"", "Examples:", "  llams devices", "  llams devices --json"})
final class DevicesCommand implements Callable<Integer> {
    @ParentCommand
    Console console;

    @Option(names = "--json", description = "Print one JSON object.")
    boolean json;

    @Override
    public Integer call() {
        int cores = Runtime.getRuntime().availableProcessors();
        long memoryBytes = MachineMemory.machineBytes();
        Optional<String> noCpu = device("cpu").flatMap(Device::unavailable);
        Optional<Device> gpu = device("gpu");
        Optional<String> noGpu = gpu.map(Device::unavailable)
                .orElse(Optional.of("the program was started without it; see docs/gpu.md"));
        if (json) {
            ObjectNode root = JsonNodeFactory.instance.objectNode();
            ObjectNode first = root.putObject("cpu").put("usable", noCpu.isEmpty());
            noCpu.ifPresentOrElse(reason -> first.put("reason", reason), () -> first.put("vectorBits", vectorBits()));
            first.put("cores", cores).put("memoryBytes", memoryBytes);
            ObjectNode second = root.putObject("gpu").put("usable", noGpu.isEmpty());
            noGpu.ifPresent(reason -> second.put("reason", reason));
            console.out.println(root);
        } else {
            console.out.println(noCpu.map(reason -> "cpu  not usable: " + reason)
                    .orElseGet(() -> "cpu  usable: %d cores, %d-bit vectors, %s memory".formatted(cores, vectorBits(),
                            MachineMemory.text(memoryBytes))));
            console.out.println(noGpu.map(reason -> "gpu  not usable: " + reason)
                    .orElseGet(() -> "gpu  usable: " + gpu.orElseThrow().description()));
        }
        return Console.DONE;
    }

    private static Optional<Device> device(String name) {
        return Devices.all().stream().filter(device -> device.name().equals(name)).findAny();
    }

    /// Only where the CPU's kernels have the module that knows.
    private static int vectorBits() {
        return VectorShape.preferredShape().vectorBitSize();
    }
}
