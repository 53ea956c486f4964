package llams.trainer.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import llams.engine.device.Device;
import llams.engine.llama.LlamaConfig;
import llams.engine.weights.LlamaWeights;
import llams.model.chat.ChatTemplate;
import llams.model.chat.ModelText;
import llams.model.files.OutputDirectory;
import llams.model.lora.LoraConfig;
import llams.model.merge.AdapterMerge;
import llams.model.merge.ChatVector;
import llams.tokenizer.Tokenizer;
import llams.trainer.data.Corpus;
import llams.trainer.data.DocumentEncoder;
import llams.trainer.data.PackedDataset;
import llams.trainer.data.SpecialText;
import llams.trainer.optim.Optimizer;
import llams.trainer.optim.Schedule;
import llams.trainer.run.SaveEvery;
import llams.trainer.run.TrainSettings;
import llams.trainer.run.TrainingRun;

/// The whole way from text to a model that converses in two languages, on an embedded example:
///
/// 1. a tokenizer, trained on the texts
/// 2. `base`: a new model, trained on texts in Korean and English
/// 3. `instruct`: the base, tuned on questions and answers
/// 4. `village`: the base, tuned on new Korean text, about a village that no other text mentions
/// 5. `merged`: `village + (instruct - base)`, the chat vector: a model that knows the village and answers questions,
///    although no training showed it both
/// 6. `final`: the merged model with a LoRA adapter, trained on conversations that answer in the language they are
///    asked for, and folded in
///
/// Each of them is a model directory like any other, and each step is what a program that uses this library would
/// write.
public final class Demo {
    /// A step of the way.
    public enum Stage {
        TOKENIZER("train a tokenizer"), BASE("train a base model from scratch"), INSTRUCT("tune it on conversations"),
        VILLAGE("tune the base on new Korean text"), MERGED("add the chat vector"),
        FINAL("LoRA on Korean-English conversations"), MEASURE("measure all models");

        public final String title;

        Stage(String title) {
            this.title = title;
        }

        String directory() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /// One training.
    ///
    /// @param share how often its own texts stand beside the texts that the model knows, or 0 to train on its own texts
    ///              alone. A small model soon forgets what it is no longer shown; and the less the tuned models forget,
    ///              the less their differences from the base get in each other's way when they are added
    public record Training(int steps, double learningRate, int share) {}

    /// Sizes of the models and lengths of the trainings.
    ///
    /// @param vocab  tokens of the vocabulary without the special ones
    /// @param tokens of one sequence
    /// @param batch  sequences of a step
    public record Settings(int dim, int hiddenDim, int layers, int heads, int kvHeads, int vocab, int tokens, int batch,
            Training base, Training instruct, Training village, Training languages, int seed) {
        /// About a minute on two cores.
        public static Settings standard() {
            return new Settings(256, 512, 3, 8, 4, 700, 128, 8, new Training(400, 2e-3, 0), new Training(150, 1e-3, 4),
                    new Training(110, 1e-3, 3), new Training(100, 1e-3, 2), 1);
        }

        LlamaConfig config(Tokenizer tokenizer) {
            return LlamaConfig.standard(dim, hiddenDim, layers, heads, kvHeads, tokenizer.size())
                    .withMaxPositions(Math.max(tokens, 1024))
                    .withTied(true)
                    .withMetadata(LlamaConfig.Metadata.standard()
                            .withIds(tokenizer.special("<|begin_of_text|>").orElseThrow(),
                                    List.of(tokenizer.special("<|end_of_text|>").orElseThrow()))
                            .withDtype("float32"));
        }
    }

    /// Hears how far the demo has come.
    public interface Listener {
        /// @param steps that the stage has
        void begins(Stage stage, int steps);

        /// One step is done.
        ///
        /// @param note what there is to say about it, such as its loss; may be empty
        void step(String note);

        /// @param result in words
        void ends(Stage stage, String result);
    }

    private final Device device;
    private final Settings settings;
    private final Path out;
    private final Listener listener;
    private final List<LossCurve> curves = new ArrayList<>();
    private DemoData data;

    private Demo(Device device, Settings settings, Path out, Listener listener) {
        this.device = device;
        this.settings = settings;
        this.out = out;
        this.listener = listener;
    }

    /// Runs all stages.
    ///
    /// @param out must not exist, or be empty; gets `data`, `tokenizer`, a directory for each model, each with the log
    ///            of its training, the adapter in `adapter`, and `losses.svg` and `report.json`
    public static DemoReport run(Device device, Settings settings, Path out, Listener listener) throws IOException {
        OutputDirectory.check(out);
        return new Demo(device, settings, out, listener).run();
    }

    private DemoReport run() throws IOException {
        data = DemoData.unpack(out.resolve("data"));
        Tokenizer tokenizer = tokenizer();
        trainBase(tokenizer);
        tune(Stage.INSTRUCT, settings.instruct, null, data.conversations, data.heldOutConversations,
                directory(Stage.INSTRUCT));
        tune(Stage.VILLAGE, settings.village, null, data.village, data.heldOutVillage, directory(Stage.VILLAGE));
        addChatVector();
        tuneLanguages();
        DemoReport report = measure(tokenizer);
        Files.writeString(out.resolve("report.json"), report.toJson());
        Files.writeString(out.resolve("losses.svg"), LossPicture.svg(curves));
        return report;
    }

    private Path directory(Stage stage) {
        return out.resolve(stage.directory());
    }

    private Tokenizer tokenizer() throws IOException {
        listener.begins(Stage.TOKENIZER, 1);
        Tokenizer tokenizer = DemoTokenizer.train(List.of(data.general, data.village, data.conversations),
                settings.vocab, out.resolve("tokenizer"));
        listener.step("");
        listener.ends(Stage.TOKENIZER, tokenizer.size() + " tokens");
        return tokenizer;
    }

    private void trainBase(Tokenizer tokenizer) throws IOException {
        LlamaConfig config = settings.config(tokenizer);
        DocumentEncoder encoder = new DocumentEncoder(tokenizer, config.vocab());
        try (TrainingRun run = TrainingRun.ofRandom(device, trainSettings(settings.base, null), config,
                out.resolve("tokenizer"), dataset(List.of(data.general), encoder),
                dataset(List.of(data.heldOutGeneral), encoder), directory(Stage.BASE))) {
            train(Stage.BASE, run);
        }
    }

    /// Tunes the base, or with `lora` the merged model.
    private void tune(Stage stage, Training training, LoraConfig lora, Path file, Path heldOut, Path result)
            throws IOException {
        try (LlamaWeights weights = LlamaWeights.open(directory(lora == null ? Stage.BASE : Stage.MERGED))) {
            ModelText text = ModelText.of(weights.directory, ChatTemplate.TRAINING);
            DocumentEncoder encoder = DocumentEncoder.of(text, weights.config.vocab(), SpecialText.TEXT);
            List<Path> texts = new ArrayList<>(Collections.nCopies(Math.max(1, training.share), file));
            if (training.share > 0) {
                texts.add(data.general);
                if (lora != null) {
                    texts.add(data.village);
                }
            }
            try (TrainingRun run = TrainingRun.of(device, trainSettings(training, lora), weights,
                    dataset(texts, encoder), dataset(List.of(heldOut), encoder), result)) {
                train(stage, stage == Stage.VILLAGE ? run : run.onConversations(text));
            }
        }
    }

    private void addChatVector() throws IOException {
        listener.begins(Stage.MERGED, 1);
        ChatVector.merge(directory(Stage.BASE), directory(Stage.INSTRUCT), directory(Stage.VILLAGE),
                directory(Stage.MERGED), new ChatVector.Options(1, ChatVector.Vocabulary.STRICT, Map.of()),
                (done, total) -> {});
        listener.step("");
        listener.ends(Stage.MERGED, "village + (instruct - base)");
    }

    private void tuneLanguages() throws IOException {
        LoraConfig lora = LoraConfig.standard().withRank(16).withAlpha(32);
        tune(Stage.FINAL, settings.languages, lora, data.mixed, data.heldOutMixed, out.resolve("adapter"));
        AdapterMerge.merge(directory(Stage.MERGED), out.resolve("adapter"), directory(Stage.FINAL),
                (done, total) -> {});
    }

    private DemoReport measure(Tokenizer tokenizer) throws IOException {
        List<Stage> models = List.of(Stage.BASE, Stage.INSTRUCT, Stage.VILLAGE, Stage.MERGED, Stage.FINAL);
        listener.begins(Stage.MEASURE, models.size());
        Map<String, PackedDataset> heldOut = new LinkedHashMap<>();
        DocumentEncoder encoder = new DocumentEncoder(tokenizer, tokenizer.size());
        heldOut.put("general text", dataset(List.of(data.heldOutGeneral), encoder));
        heldOut.put("village text", dataset(List.of(data.heldOutVillage), encoder));
        heldOut.put("conversations", dataset(List.of(data.heldOutConversations), encoder));
        heldOut.put("mixed languages", dataset(List.of(data.heldOutMixed), encoder));
        List<DemoReport.Model> measured = new ArrayList<>();
        for (Stage stage : models) {
            measured.add(Measures.of(device, stage.directory(), directory(stage), heldOut, data, settings.tokens));
            listener.step(stage.directory());
        }
        listener.ends(Stage.MEASURE, "");
        return new DemoReport(out, measured);
    }

    private void train(Stage stage, TrainingRun run) throws IOException {
        listener.begins(stage, run.plan().steps());
        LossCurve curve = new LossCurve(stage.directory(), new ArrayList<>(), new ArrayList<>());
        curves.add(curve);
        TrainingRun.Report last = run.run(false, report -> {
            curve.add(report);
            listener.step("loss %.3f".formatted(report.loss()));
        });
        listener.ends(stage,
                "%,d parameters%s, %,.0f tokens/s, held-out loss %.3f".formatted(run.plan().parameters(),
                        run.plan().trained() == run.plan().parameters()
                                ? ""
                                : ", %,d of them trained".formatted(run.plan().trained()),
                        last.tokens() / last.elapsedSeconds(), last.evalLoss()));
    }

    private PackedDataset dataset(List<Path> files, DocumentEncoder encoder) throws IOException {
        return new PackedDataset(Corpus.load(files, encoder).documents(), settings.tokens, true);
    }

    private TrainSettings trainSettings(Training training, LoraConfig lora) {
        return TrainSettings.standard()
                .withLora(lora)
                .withTokens(settings.tokens)
                .withBatch(settings.batch, 1)
                .withSteps(training.steps)
                .withLearningRate(training.learningRate)
                .withSchedule(Schedule.Kind.COSINE, Math.min(20, training.steps / 10))
                .withOptimizer(Optimizer.standard().withBetas(0.9, 0.95).withWeightDecay(0.1))
                .withSeed(settings.seed)
                .withEvalEvery(Math.max(1, training.steps / 5))
                .withSaves(SaveEvery.steps(0), 1);
    }
}
