package llams.cli;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import llams.engine.llama.LlamaConfig;
import llams.engine.plan.Program;
import llams.engine.tensor.DType;
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
        description = {"Measure one thing on a device, with a random model.",
                "product: a weight times tokens, --size MxNxK. prefill: reading --tokens. decode: writing one by one,"
                        + " up to --tokens."
                        + " lora: a training step on --tokens with an adapter of rank 8 on all projections. full: one"
                        + " on every weight, in f32."
                        + " 'llams bench' measures the processor alone, and more carefully."},
        footer = {"", "Examples:", "  llams measure product --size 2048x14336x4096 --device gpu",
                "  llams measure lora --config llama3.2-1b --tokens 512 --recompute --json"})
final class MeasureCommand implements Callable<Integer> {
    enum What {
        product, prefill, decode, lora, full
    }

    enum Weights {
        f32, bf16, f16
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
            completionCandidates = Candidates.ModelShapes.class,
            description = "The model's shape, as for init (default: ${DEFAULT-VALUE}).")
    String config;

    @Option(
            names = "--size",
            paramLabel = "MxNxK",
            defaultValue = "2048x8192x2048",
            description = "Of a product: M tokens, N results, sums of K (default: ${DEFAULT-VALUE}).")
    String size;

    @Option(
            names = "--dtype",
            paramLabel = "TYPE",
            defaultValue = "bf16",
            description = "Of weights that are not trained: f32, bf16 or f16 (default: ${DEFAULT-VALUE}).")
    Weights dtype;

    @Option(names = "--tokens", paramLabel = "N", defaultValue = "2048", description = "Default: ${DEFAULT-VALUE}.")
    int tokens;

    @Option(names = "--recompute", description = "In training, make activations again instead of keeping them.")
    boolean recompute;

    @Option(
            names = "--seconds",
            paramLabel = "N",
            defaultValue = "5",
            description = "Repeat for at least so long, and twice (default: ${DEFAULT-VALUE}).")
    double seconds;

    @Option(names = "--json", description = "Print one JSON object.")
    boolean json;

    @Override
    public Integer call() throws IOException {
        long start = System.nanoTime();
        try (Arena arena = Arena.ofShared(); Measured measured = measured(arena)) {
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
            print(times.stream().sorted().toList().get(times.size() / 2), times.size(), first, measured);
        }
        return Console.DONE;
    }

    private Measured measured(Arena arena) throws IOException {
        if (what == What.product) {
            check(Measured.productMemory(sizes(), dtype()), "a smaller --size");
            return Measured.product(compute.open(), arena, sizes(), dtype());
        }
        LlamaConfig shape = Shapes.of(config, spec);
        if (tokens < 2 || tokens > shape.maxPositions()) {
            throw new ParameterException(spec.commandLine(),
                    "--tokens must be between 2 and the model's " + shape.maxPositions() + ", not " + tokens);
        }
        check(switch (what) {
            case product -> throw new AssertionError("has no model");
            case prefill, decode -> Measured.generatorMemory(shape, dtype(), tokens);
            case lora -> Measured.loraMemory(shape, dtype(), tokens, recompute);
            case full -> Measured.fullMemory(shape, tokens, recompute);
        }, what == What.lora || what == What.full
                ? "fewer --tokens, --recompute or a smaller model"
                : "fewer --tokens or a smaller model");
        Measured.RandomModel model = Measured.RandomModel.create(arena, shape, what == What.full ? DType.F32 : dtype());
        return switch (what) {
            case product -> throw new AssertionError("has no model");
            case prefill -> Measured.prefill(compute.open(), model, tokens);
            case decode -> Measured.decode(compute.open(), model, tokens);
            case lora -> Measured.lora(compute.open(), arena, model, tokens, recompute);
            case full -> Measured.full(compute.open(), model, tokens, recompute);
        };
    }

    /// Random weights are in memory like everything else.
    private static void check(Program.Memory memory, String remedy) {
        Memory.check(memory, memory.weights(), remedy);
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

    private void print(double median, int calls, double first, Measured measured) {
        double rate = measured.work() / median;
        if (json) {
            ObjectNode object = JsonNodeFactory.instance.objectNode();
            object.put("what", what.name())
                    .put("device", compute.used)
                    .put("seconds", median)
                    .put("calls", calls)
                    .put("firstSeconds", first)
                    .put(what == What.product ? "flops" : "tokensPerSecond", rate);
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
