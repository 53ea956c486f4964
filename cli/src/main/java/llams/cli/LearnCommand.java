package llams.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import llams.engine.weights.LlamaWeights;
import llams.model.chat.ChatTemplate;
import llams.model.chat.ModelText;
import llams.model.files.OutputDirectory;
import llams.model.merge.ChatVector;
import llams.model.merge.MergeReport;
import llams.trainer.data.DocumentEncoder;
import llams.trainer.data.PackedDataset;
import llams.trainer.merge.LearnedChatVector;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;
import tools.jackson.databind.node.ObjectNode;

/// `llams merge learn`
@Command(
        name = "learn",
        description = {"Add a chat vector whose strength is learned for each projection.",
                "As chat-vector, with a scale of its own for every projection of every layer, found by gradient on a"
                        + " few hundred conversations and texts. With --eval-data, compares the result with ten"
                        + " single scales."},
        footer = {"", "Example:", "  llams merge learn --base b --instruct i --tuned t --data ko.jsonl --out new"})
final class LearnCommand implements Callable<Integer> {
    private static final int GRID = 10;
    private static final double GRID_STEP = 0.15;

    @ParentCommand
    MergeCommand merge;

    @Spec
    CommandSpec spec;

    @Mixin
    ChatVectorModels models;

    @Option(
            names = "--data",
            paramLabel = "FILE",
            required = true,
            split = ",",
            description = "Required: conversations and texts like those that the result is for.")
    List<Path> data;

    @Option(
            names = "--eval-data",
            paramLabel = "FILE",
            split = ",",
            description = "Held-out data, on which the result is compared with single scales.")
    List<Path> evalData;

    @Option(
            names = "--steps",
            paramLabel = "N",
            defaultValue = "100",
            description = "Updates (default: ${DEFAULT-VALUE}).")
    int steps;

    @Option(
            names = "--lr",
            paramLabel = "R",
            defaultValue = "0.05",
            description = "Learning rate (default: ${DEFAULT-VALUE}).")
    double rate;

    @Option(
            names = "--tokens",
            paramLabel = "N",
            defaultValue = "512",
            description = "Tokens per packed sequence (default: ${DEFAULT-VALUE}).")
    int tokens;

    @Option(
            names = "--batch",
            paramLabel = "N",
            defaultValue = "4",
            description = "Sequences per step (default: ${DEFAULT-VALUE}).")
    int batch;

    @Option(names = "--seed", paramLabel = "N", defaultValue = "0", description = "Random seed (default: 0).")
    long seed;

    @Mixin
    DataOptions reading;

    @Option(names = "--json", description = "Print one JSON object.")
    boolean json;

    @Mixin
    ComputeOptions compute;

    @Override
    public Integer call() throws IOException {
        if (steps < 1 || batch < 1 || tokens < 2 || !(rate > 0 && rate < Double.POSITIVE_INFINITY)) {
            throw new ParameterException(spec.commandLine(),
                    "--steps and --batch must be at least 1, --tokens at least 2, --lr above 0");
        }
        OutputDirectory.check(models.out);
        PackedDataset training = dataset(data);
        PackedDataset heldOut = evalData == null ? null : dataset(evalData);
        try (LearnedChatVector vector = new LearnedChatVector(compute.open(), models.base, models.instruct,
                models.tuned)) {
            MachineMemory.check(vector.memory(tokens), vector.allocatedBytes(), "fewer --tokens");
            Map<String, Double> losses = heldOut == null ? new LinkedHashMap<>() : grid(vector, heldOut);
            try (ProgressMeter progress = new ProgressMeter(merge.console.err, "learning", "steps", steps)) {
                vector.learn(training, new LearnedChatVector.Settings(steps, rate, batch, seed), _ -> progress.step(1));
            }
            if (heldOut != null) {
                losses.put("learned", vector.loss(heldOut).meanLoss());
            }
            ChatVector.Options options = new ChatVector.Options(vector.scale(), ChatVector.Vocabulary.STRICT, Map.of());
            return print(losses, vector.strengths(), merge.chatVector(models, options));
        }
    }

    private PackedDataset dataset(List<Path> files) throws IOException {
        try (LlamaWeights weights = LlamaWeights.open(models.instruct)) {
            ModelText text = ModelText.of(models.instruct, ChatTemplate.TRAINING);
            DocumentEncoder encoder = reading.encoder(text, weights.config.vocab());
            return new PackedDataset(reading.load(files, encoder, merge.console.err).documents(), tokens, true);
        }
    }

    /// Held-out losses by single scales.
    private static Map<String, Double> grid(LearnedChatVector vector, PackedDataset heldOut) {
        Map<String, Double> losses = new LinkedHashMap<>();
        for (int point = 1; point <= GRID; point++) {
            double scale = GRID_STEP * point;
            vector.set(scale);
            losses.put(String.format(Locale.ROOT, "%.2f", scale), vector.loss(heldOut).meanLoss());
        }
        vector.set(1);
        return losses;
    }

    private int print(Map<String, Double> losses, Map<String, Double> strengths, MergeReport report) {
        if (json) {
            ObjectNode object = MergeCommand.json(models.out, report);
            losses.forEach(object.putObject("losses")::put);
            strengths.forEach(object.putObject("scales")::put);
            merge.console.out.println(object);
            return Console.DONE;
        }
        if (!losses.isEmpty()) {
            merge.console.out.println("held-out loss by scale:");
        }
        losses.forEach((scale, loss) -> merge.console.out.printf(Locale.ROOT, "  %-8s %.4f%n", scale, loss));
        strengths.forEach((module, scale) -> merge.console.out.printf(Locale.ROOT, "  %-36s %6.3f%n", module, scale));
        return merge.print(models.out, report, false);
    }
}
