package llams.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import llams.engine.device.Device;
import llams.engine.io.AtomicFiles;
import llams.engine.llama.LlamaConfig;
import llams.engine.llama.Parameters;
import llams.engine.tensor.DType;
import llams.engine.tensor.Tensor;
import llams.engine.weights.LlamaWeights;
import llams.model.lora.LoraConfig;
import llams.trainer.explain.ExplainJson;
import llams.trainer.explain.ExplainPage;
import llams.trainer.explain.ExplainText;
import llams.trainer.explain.Explained;
import llams.trainer.explain.Work;
import llams.trainer.measure.RandomModel;
import llams.trainer.run.TrainSettings;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/// `llams explain`: what a model's programs consist of.
@Command(
        name = "explain",
        sortOptions = false,
        description = {"Show what a model computes, instruction by instruction.",
                "The recorded graph after planning: operations with what they read and make, what they compute and move, how"
                        + " long each value stays in memory, what was fused, and the source file of each kernel. --html"
                        + " writes a page, folded by layer, with the memory over time."},
        footer = {"", "Examples:", "  llams explain -m model --tokens 512 --html prompt.html",
                "  llams explain -m model --tokens 512 --lora --time",
                "  llams explain --config llama3-8b --tokens 2048 --full --recompute"})
final class ExplainCommand implements Callable<Integer> {
    @ParentCommand
    Console console;

    @Spec
    CommandSpec spec;

    @Option(
            names = {"-m", "--model"},
            paramLabel = "DIR_OR_FILE",
            description = "The model's directory, or a GGUF file.")
    Path model;

    @Mixin
    WeightsOption weights;

    @Option(
            names = "--config",
            paramLabel = "NAME_OR_FILE",
            completionCandidates = CompletionValues.ModelNames.class,
            description = "Instead of -m: a model's shape, as for init.")
    String config;

    @Option(
            names = "--tokens",
            paramLabel = "N",
            defaultValue = "512",
            description = "Tokens of the prompt or of a sequence (default: ${DEFAULT-VALUE}).")
    int tokens;

    /// What is done with them.
    static final class What {
        @Option(names = "--decode", description = "Writing token N after the others, instead of reading a prompt.")
        boolean decode;

        @Option(names = "--lora", description = "A training step with an adapter on all projections.")
        boolean lora;

        @Option(names = "--full", description = "A training step on every weight.")
        boolean full;
    }

    @ArgGroup
    What what = new What();

    @Option(names = "--rank", paramLabel = "R", description = "With --lora: its rank (default: 8).")
    Integer rank;

    @Option(
            names = "--batch",
            paramLabel = "N",
            description = "When training: sequences of a micro-batch (default: 1).")
    Integer batch;

    @Option(names = "--recompute", description = "When training: recompute activations instead of keeping them.")
    boolean recompute;

    @Option(
            names = "--time",
            description = "Also measure each instruction on this machine, with the model's weights or random ones.")
    boolean time;

    @Option(names = "--html", paramLabel = "FILE", description = "Write a page.")
    Path html;

    @Option(names = "--json", description = "Print one JSON object.")
    boolean json;

    @Mixin
    ComputeOptions compute;

    @Override
    public Integer call() throws IOException {
        usage((model == null) != (config == null), "give a model with -m DIR, or a shape with --config NAME");
        usage(rank == null || what.lora, "--rank is for --lora");
        usage(rank == null || rank > 0, "--rank must be at least 1, not " + rank);
        usage(batch == null && !recompute || what.lora || what.full,
                "--batch and --recompute are for training steps: --lora or --full");
        usage(batch == null || batch > 0, "--batch must be at least 1, not " + batch);
        usage(html == null || !Files.isDirectory(html), "--html must be a file, and " + html + " is a directory");
        Device device = compute.open();
        if (model == null) {
            LlamaConfig shape = ModelShape.of(config, spec);
            show(shape, RandomModel.frozen(DType.BF16), Map.of(), device);
            return Console.DONE;
        }
        try (LlamaWeights opened = weights.open(model, device.options())) {
            show(opened.config, opened.frozen(), opened.resident(), device);
        }
        return Console.DONE;
    }

    private void show(LlamaConfig shape, Parameters leaves, Map<String, Tensor> tensors, Device device)
            throws IOException {
        boolean isStep = what.lora || what.full;
        usage(tokens >= (isStep ? 2 : 1) && tokens <= shape.maxPositions(), "--tokens must be between "
                + (isStep ? 2 : 1) + " and the model's " + shape.maxPositions() + ", not " + tokens);
        Work work = isStep
                ? Work.step(shape, leaves, settings())
                : what.decode ? Work.token(shape, leaves, tokens) : Work.prompt(shape, leaves, tokens);
        Explained explained;
        if (time) {
            long bytes = work.parts().stream().mapToLong(part -> part.program().memory().total()).max().orElse(0);
            usage(bytes < MachineMemory.machineBytes(), "--time needs " + MachineMemory.text(bytes)
                    + " of memory, and this machine has " + MachineMemory.text(MachineMemory.machineBytes()));
            explained = Explained.measured(work, device, tensors, 1);
        } else {
            explained = Explained.of(work, device);
        }
        if (html != null) {
            AtomicFiles.write(html, ExplainPage.of(explained).getBytes(StandardCharsets.UTF_8));
        }
        if (json) {
            console.out.println(ExplainJson.of(explained));
        } else {
            ExplainText.lines(explained).forEach(console.out::println);
            if (html != null) {
                console.out.println();
                console.out.println("page: " + html);
            }
        }
    }

    private TrainSettings settings() {
        TrainSettings usual = what.lora
                ? TrainSettings.standard()
                        .withLora(rank == null ? LoraConfig.standard() : LoraConfig.standard().withRank(rank))
                : TrainSettings.full();
        return usual.withTokens(tokens).withBatch(batch == null ? 1 : batch, 1).withRecompute(recompute);
    }

    private void usage(boolean holds, String wanted) {
        if (!holds) {
            throw new ParameterException(spec.commandLine(), wanted);
        }
    }
}
