package llams.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import llams.engine.llama.LlamaConfig;
import llams.model.create.NewModel;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/// `llams init`: a model with random weights.
@Command(
        name = "init",
        description = {"Write a model with random weights.",
                "Its shape is a published one (llama3-8b, llama3.1-8b, llama3.2-1b, llama3.2-3b) or comes"
                        + " from a config.json. Use it to try things out, to measure, and to train from scratch."},
        footer = {"", "Examples:", "  llams init --config llama3.2-1b --out random-1b",
                "  llams init --config my/config.json --tokenizer tokenizer.json --out tiny"})
final class InitCommand implements Callable<Integer> {
    enum WeightType {
        bf16("bfloat16"), f32("float32"), f16("float16");

        /// As `config.json` has it.
        final String configName;

        WeightType(String configName) {
            this.configName = configName;
        }
    }

    @ParentCommand
    Console console;

    @Spec
    CommandSpec spec;

    @Option(
            names = "--config",
            paramLabel = "NAME_OR_FILE",
            required = true,
            completionCandidates = CompletionValues.ModelNames.class,
            description = "Required: a known shape, a config.json or a directory with one.")
    String config;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            required = true,
            description = "Required: a new directory for the model.")
    Path out;

    @Option(
            names = "--dtype",
            paramLabel = "TYPE",
            description = "Type of the weights: bf16, f32 or f16 (default: as in config.json, else bf16).")
    WeightType dtype;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "0",
            description = "Random seed (default: ${DEFAULT-VALUE}).")
    long seed;

    @Option(
            names = "--tokenizer",
            paramLabel = "DIR_OR_FILE",
            description = "Tokenizer to copy into the model: a tokenizer.json, a tokenizer.model or a directory with"
                    + " one.")
    Path tokenizer;

    @Override
    public Integer call() throws IOException {
        LlamaConfig shape = ModelShape.of(config, spec);
        if (dtype != null) {
            shape = shape.withMetadata(shape.metadata().withDtype(dtype.configName));
        }
        try (ByteMeter progress = new ByteMeter(console.err, "writing")) {
            NewModel.write(shape, seed, tokenizer, out, progress);
        }
        console.out.printf(Locale.ROOT, "%s: %,d parameters, %s, %s%n", out, shape.parameters(), NewModel.dtype(shape),
                MachineMemory.text(NewModel.dtype(shape).bytes(shape.parameters())));
        return Console.DONE;
    }
}
