package llams.cli;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import llams.engine.device.Device;
import llams.engine.llama.LlamaConfig;
import llams.engine.plan.Program;
import llams.engine.tensor.DType;
import llams.model.lora.LoraConfig;
import llams.trainer.measure.Workload;
import llams.trainer.optim.Optimizer;
import llams.trainer.run.Forecast;
import llams.trainer.watch.Machine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// `llams measure`: how fast one thing is on one device, in this very process.
@Command(
        name = "measure",
        description = {"Measure one workload on a device, with random weights.",
                "product: tokens times a weight, --size MxNxK. prefill: reading a prompt of --tokens."
                        + " decode: generating up to --tokens, one at a time. lora: a training step on --tokens with a"
                        + " rank-8 adapter on all projections. full: a training step on every weight, in f32. 'llams"
                        + " bench' measures only the processor, but more carefully."},
        footer = {"", "Examples:", "  llams measure product --size 2048x14336x4096 --device gpu",
                "  llams measure lora --config llama3.2-1b --tokens 512 --recompute --json"})
final class MeasureCommand implements Callable<Integer> {
    enum What {
        product, prefill, decode, lora, full
    }

    enum Weights {
        f32, bf16, f16, nf4
    }

    @ParentCommand
    Console console;

    @Spec
    CommandSpec spec;

    @Mixin
    ComputeOptions compute;

    @Parameters(paramLabel = "WHAT", description = "product, prefill, decode, lora or full.")
    What what;

    @Option(
            names = "--config",
            paramLabel = "NAME_OR_FILE",
            defaultValue = "llama3.2-1b",
            completionCandidates = CompletionValues.ModelNames.class,
            description = "The model's shape, as for init (default: ${DEFAULT-VALUE}).")
    String config;

    @Option(
            names = "--size",
            paramLabel = "MxNxK",
            defaultValue = "2048x8192x2048",
            description = "For product: M tokens, N outputs, K inputs (default: ${DEFAULT-VALUE}).")
    String size;

    @Option(
            names = "--dtype",
            paramLabel = "TYPE",
            defaultValue = "bf16",
            description = "Type of weights that are not trained: f32, bf16, f16, or nf4, with bf16 for embedding and head"
                    + " (default: ${DEFAULT-VALUE}).")
    Weights dtype;

    @Option(names = "--tokens", paramLabel = "N", defaultValue = "2048", description = "Default: ${DEFAULT-VALUE}.")
    int tokens;

    @Option(names = "--recompute", description = "When training, recompute activations instead of keeping them.")
    boolean recompute;

    @Mixin
    OptimizerOptions optimizer;

    @Option(
            names = "--seconds",
            paramLabel = "N",
            defaultValue = "5",
            description = "Repeat for at least N seconds, and at least twice (default: ${DEFAULT-VALUE}).")
    double seconds;

    @Option(names = "--json", description = "Print one JSON object.")
    boolean json;

    @Override
    public Integer call() throws IOException {
        long start = System.nanoTime();
        long program = Forecast.programBytes();
        Workload workload = workload();
        Program.Memory memory = workload.memory();
        // Random weights are in memory like everything else.
        MachineMemory.check(memory, memory.weights(), switch (what) {
            case product -> "a smaller --size";
            case prefill, decode -> "fewer --tokens or a smaller model";
            case lora, full -> "fewer --tokens, --recompute or a smaller model";
        });
        Device device = compute.open();
        try (Arena arena = Arena.ofShared(); Workload.Running measured = workload.start(device, arena)) {
            measured.run();
            double first = (System.nanoTime() - start) / 1e9;
            // The second may still compile for what the first has changed.
            measured.run();
            List<Double> times = new ArrayList<>();
            for (long from = System.nanoTime(); times.size() < 2 || System.nanoTime() - from < seconds * 1e9;) {
                long before = System.nanoTime();
                measured.run();
                times.add((System.nanoTime() - before) / 1e9);
            }
            print(times.stream().sorted().toList().get(times.size() / 2), times.size(), first, workload.work(),
                    memory.total() + program);
        }
        return Console.DONE;
    }

    private Workload workload() throws IOException {
        if (what == What.product) {
            int[] sizes = sizes();
            return new Workload.Product(sizes[0], sizes[1], sizes[2], dtype());
        }
        LlamaConfig shape = ModelShape.of(config, spec);
        if (tokens < 2 || tokens > shape.maxPositions()) {
            throw new ParameterException(spec.commandLine(),
                    "--tokens must be between 2 and the model's " + shape.maxPositions() + ", not " + tokens);
        }
        return switch (what) {
            case product -> throw new AssertionError("has no model");
            case prefill -> new Workload.Prefill(shape, dtype(), tokens);
            case decode -> new Workload.Decode(shape, dtype(), tokens);
            case lora -> Workload.Step.lora(shape, dtype(), LoraConfig.standard(), 1, tokens, recompute);
            case full -> Workload.Step.full(shape, 1, tokens, recompute, optimizer.of(Optimizer.standard()));
        };
    }

    private DType dtype() {
        return DType.valueOf(dtype.name().toUpperCase(Locale.ROOT));
    }

    private int[] sizes() {
        if (!size.matches("[1-9]\\d{0,8}x[1-9]\\d{0,8}x[1-9]\\d{0,8}")) {
            throw new ParameterException(spec.commandLine(),
                    "--size must be MxNxK, such as 2048x8192x2048, not " + size);
        }
        String[] words = size.split("x");
        return new int[] {Integer.parseInt(words[0]), Integer.parseInt(words[1]), Integer.parseInt(words[2])};
    }

    private void print(double median, int calls, double first, double work, long bytes) {
        double rate = work / median;
        if (json) {
            ObjectNode object = JsonNodeFactory.instance.objectNode();
            object.put("what", what.name())
                    .put("device", compute.used)
                    .put("seconds", median)
                    .put("calls", calls)
                    .put("firstSeconds", first)
                    .put(what == What.product ? "flops" : "tokensPerSecond", rate)
                    .put("memoryBytes", bytes)
                    .put("peakBytes", Machine.peakBytes());
            console.out.println(object);
        } else if (what == What.product) {
            console.out.printf(Locale.ROOT, "%s: %.3f TFLOP/s, %.3f ms (median of %d; the first after %.1f s)%n", size,
                    rate / 1e12, median * 1e3, calls, first);
        } else {
            console.out.printf(Locale.ROOT, "%s: %.1f tokens/s, %.2f ms (median of %d; the first after %.1f s)%n", what,
                    rate, median * 1e3, calls, first);
        }
    }
}
