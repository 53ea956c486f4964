package llams.cli;

import java.io.IOException;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import llams.engine.llama.Llama;
import llams.engine.llama.LlamaConfig;
import llams.engine.llama.ProjectionName;
import llams.engine.safetensors.TensorInfo;
import llams.engine.weights.KnownShapes;
import llams.engine.weights.Quantization;
import llams.model.create.NewModel;
import llams.model.create.QuantizedModel;
import llams.model.hub.HubDownload;
import llams.model.lora.LoraLayout;
import llams.model.merge.AdapterMerge;
import llams.model.merge.ChatVector;
import llams.model.merge.ModelMerge;
import llams.model.merge.extract.AdapterExtraction;
import llams.trainer.merge.LearnedChatVector;
import llams.trainer.recipe.Stage;
import llams.trainer.recipe.Work;

/// The needs of stages that bring or make a model, or an adapter, without running one: their weights go through memory
/// in parts.
///
/// @param facts of the stages before; these stages add the shapes of their models
record ModelNeeds(StageFacts facts) {
    /// Bytes a second: of a network, and of a disk that is read and written.
    static final double NETWORK = 50e6;
    static final double DISK = 500e6;
    /// Memory of a tokenizer.
    static final long TOKENIZER = 64L << 20;

    /// A published model, by its name on the hub: `meta-llama/Llama-3.2-1B-Instruct` is a `llama3.2-1b`.
    StageNeeds download(Stage stage) {
        String repo = StageFacts.text(stage, "repo").toLowerCase(Locale.ROOT);
        String name = repo.substring(repo.indexOf('/') + 1).replace("meta-", "").replace("-instruct", "");
        LlamaConfig shape = KnownShapes.BY_NAME.get(name.replaceFirst("llama-", "llama"));
        return shape == null
                ? StageNeeds.of(HubDownload.memoryBytes(), 0, -1, Double.NaN)
                : StageNeeds.of(HubDownload.memoryBytes(), 0, bytes(stage, shape), bytes(shape) / NETWORK);
    }

    StageNeeds init(Stage stage) throws IOException {
        LlamaConfig shape = facts.shape(stage, "config");
        return shape == null
                ? StageNeeds.UNKNOWN
                : StageNeeds.of(NewModel.memoryBytes(shape), 0, bytes(stage, shape), bytes(shape) / DISK);
    }

    /// A model or an adapter made from others, whose weights are mapped.
    StageNeeds merge(Stage stage, CommandStage command) throws IOException {
        LlamaConfig shape = facts.shape(stage, "tuned", "base", "models");
        if (shape == null) {
            return StageNeeds.UNKNOWN;
        }
        int models = 0;
        for (String name : List.of("base", "instruct", "tuned", "model", "models")) {
            models += stage.settings().containsKey(name) ? stage.settings().get(name).values().size() : 0;
        }
        double mapped = models * bytes(shape);
        double seconds = 4 * bytes(shape) / DISK;
        if (stage.kind().equals("merge extract")) {
            int rank = Integer.parseInt(command.settings().get("rank").getFirst().text());
            Set<ProjectionName> targets = targets(command);
            return StageNeeds.of(AdapterExtraction.memoryBytes(shape, rank, targets), mapped,
                    AdapterExtraction.adapterBytes(shape, rank, targets), seconds);
        }
        // A quantized base is widened.
        double made = bytes(stage, shape.withMetadata(shape.metadata().withQuantization(null)));
        return switch (stage.kind()) {
            case "merge chat-vector" -> StageNeeds.of(ChatVector.memoryBytes(), mapped, made, seconds);
            case "merge learn" -> {
                int tokens = Integer.parseInt(command.settings().get("tokens").getFirst().text());
                yield new StageNeeds(LearnedChatVector.memory(shape, tokens), made, Double.NaN);
            }
            case "merge adapter" -> {
                LoraLayout adapter = facts.adapter(stage);
                yield adapter == null
                        ? new StageNeeds(null, made, seconds)
                        : StageNeeds.of(AdapterMerge.memoryBytes(shape, adapter), mapped, made, seconds);
            }
            default -> StageNeeds.of(ModelMerge.memoryBytes(models), mapped, made, seconds);
        };
    }

    private static Set<ProjectionName> targets(CommandStage command) {
        Set<ProjectionName> targets = EnumSet.noneOf(ProjectionName.class);
        for (Work.Setting name : command.settings().getOrDefault("targets", List.of())) {
            ProjectionName.named(name.text()).ifPresent(targets::add);
        }
        return targets.isEmpty() ? EnumSet.allOf(ProjectionName.class) : targets;
    }

    /// A model with more tokens; where another vocabulary has them, it is not known how many.
    StageNeeds extend(Stage stage) throws IOException {
        LlamaConfig shape = facts.shape(stage, "model");
        String added = StageFacts.text(stage, "tokens");
        if (shape == null || added.isEmpty()) {
            return StageNeeds.UNKNOWN;
        }
        LlamaConfig extended = shape.withVocab(shape.vocab() + Integer.parseInt(added));
        return StageNeeds.of(TOKENIZER, bytes(shape), bytes(stage, extended), 2 * bytes(extended) / DISK);
    }

    StageNeeds quantize(Stage stage) throws IOException {
        LlamaConfig shape = facts.shape(stage, "model");
        if (shape == null) {
            return StageNeeds.UNKNOWN;
        }
        boolean isNf4 = List.of(StageFacts.text(stage, "to"), StageFacts.text(stage, "dtype")).contains("nf4");
        Quantization to = isNf4 ? Quantization.NF4 : Quantization.Q8_0;
        LlamaConfig made = shape.withMetadata(shape.metadata().withQuantization(to.method()));
        return new StageNeeds(QuantizedModel.memory(shape, to), bytes(stage, made), 2 * bytes(shape) / DISK);
    }

    /// Bytes of a model's weights as they are stored.
    static double bytes(LlamaConfig shape) {
        Quantization used = Quantization.of(shape.metadata().quantization());
        double bytes = 0;
        for (TensorInfo info : NewModel.plan(shape)) {
            boolean isQuantized = used != null && used.isFor(info.name(), info.shape());
            bytes += (isQuantized ? used.dtype : info.dtype()).bytes(info.shape().elements());
        }
        return bytes;
    }

    /// Bytes of the weights that are quantized with a model.
    static long quantizedBytes(LlamaConfig shape, Quantization form) {
        long bytes = 0;
        for (TensorInfo info : NewModel.plan(shape)) {
            bytes += form.isFor(info.name(), info.shape()) ? form.dtype.bytes(info.shape().elements()) : 0;
        }
        return bytes;
    }

    /// Bytes of a model that a stage makes.
    private double bytes(Stage stage, LlamaConfig shape) {
        facts.shapes.put(stage.name(), shape);
        return bytes(shape);
    }
}
