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
        int vectorBits = VectorShape.preferredShape().vectorBitSize();
        int cores = Runtime.getRuntime().availableProcessors();
        long memoryBytes = MachineMemory.machineBytes();
        Optional<Device> gpu = Devices.all().stream().filter(device -> device.name().equals("gpu")).findAny();
        Optional<String> noGpu = gpu.map(Device::unavailable)
                .orElse(Optional.of("the program was started without it; see docs/gpu.md"));
        if (json) {
            ObjectNode root = JsonNodeFactory.instance.objectNode();
            root.putObject("cpu")
                    .put("usable", true)
                    .put("vectorBits", vectorBits)
                    .put("cores", cores)
                    .put("memoryBytes", memoryBytes);
            ObjectNode second = root.putObject("gpu").put("usable", noGpu.isEmpty());
            noGpu.ifPresent(reason -> second.put("reason", reason));
            console.out.println(root);
        } else {
            console.out.printf("cpu  usable: %d cores, %d-bit vectors, %s memory%n", cores, vectorBits,
                    MachineMemory.text(memoryBytes));
            console.out.println(noGpu.map(reason -> "gpu  not usable: " + reason)
                    .orElseGet(() -> "gpu  usable: " + gpu.orElseThrow().description()));
        }
        return Console.DONE;
    }
}
