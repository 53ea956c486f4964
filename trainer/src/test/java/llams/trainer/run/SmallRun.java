package llams.trainer.run;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import llams.engine.device.Devices;
import llams.engine.llama.LlamaConfig;
import llams.engine.llama.ProjectionName;
import llams.engine.weights.LlamaWeights;
import llams.model.create.NewModel;
import llams.model.files.ByteProgress;
import llams.model.lora.LoraConfig;
import llams.trainer.data.Document;
import llams.trainer.data.PackedDataset;
import llams.trainer.optim.Schedule;

/// Runs of a few steps on a model of a few thousand weights.
final class SmallRun {
    static final LlamaConfig CONFIG = LlamaConfig.standard(32, 48, 2, 4, 2, 96)
            .withRope(10_000, null)
            .withMaxPositions(64)
            .withMetadata(LlamaConfig.Metadata.standard()
                    .withInitializerRange(0.05f)
                    .withIds(1, List.of(2))
                    .withDtype("float32"));
    /// With dropout, so that its draws are under test too.
    static final LoraConfig LORA = new LoraConfig(4, 8, 0.2, EnumSet.allOf(ProjectionName.class), false);
    static final int STEPS = 7;

    private SmallRun() {}

    static Path model(Path directory) throws IOException {
        NewModel.write(CONFIG, 5, null, directory, ByteProgress.SILENT);
        return directory;
    }

    /// A model of another shape with the same vocabulary.
    static Path teacher(Path directory) throws IOException {
        LlamaConfig config = LlamaConfig.standard(48, 64, 1, 4, 2, 96)
                .withRope(50_000, null)
                .withMaxPositions(64)
                .withMetadata(CONFIG.metadata());
        NewModel.write(config, 8, null, directory, ByteProgress.SILENT);
        return directory;
    }

    static PackedDataset data() {
        return data(true);
    }

    static PackedDataset data(boolean pack) {
        Random random = new Random(3);
        List<Document> documents = new ArrayList<>();
        for (int d = 0; d < 20; d++) {
            int[] ids = random.ints(10 + random.nextInt(30), 3, 40).toArray();
            documents.add(new Document("document " + d, ids, ids));
        }
        return new PackedDataset(documents, 32, pack);
    }

    static TrainSettings settings(LoraConfig lora, double rate, int seed, int saveEvery) {
        return TrainSettings.standard()
                .withLora(lora)
                .withTokens(32)
                .withBatch(2, 2)
                .withSteps(STEPS)
                .withLearningRate(rate)
                .withSchedule(Schedule.Kind.COSINE, 2)
                .withSeed(seed)
                .withSaves(Interval.steps(saveEvery), 2);
    }

    /// LoRA with a learning rate that the number of steps has no influence on.
    static TrainSettings constant(int steps, int saveEvery, int keep) {
        return settings(LORA, 1e-2, 1, 0).withSteps(steps)
                .withSchedule(Schedule.Kind.CONSTANT, 0)
                .withSaves(Interval.steps(saveEvery), keep);
    }

    /// Runs and returns what was noted.
    static List<String> notes(TrainSettings settings, Path model, Path out, boolean resume) throws IOException {
        return notes(settings, model, data(), out, resume);
    }

    static List<String> notes(TrainSettings settings, Path model, PackedDataset data, Path out, boolean resume)
            throws IOException {
        Notes notes = new Notes();
        run(settings, model, data, out, run -> run.run(resume, notes));
        return notes.said;
    }

    /// Remembers what a run says: its notes, the save that it begins with, and `step N` for each step.
    static final class Notes implements TrainingRun.Listener {
        final List<String> said = new ArrayList<>();

        @Override
        public void step(TrainingRun.Report report) {
            said.add("step " + report.step());
        }

        @Override
        public void begins(Path save) {
            said.add("from " + (save == null ? "none" : save.getFileName()));
        }

        @Override
        public void note(String note) {
            said.add(note);
        }
    }

    static TrainingRun.Report run(TrainSettings settings, Path model, Path out, boolean resume,
            TrainingRun.Listener listener) throws IOException {
        return run(settings, model, data(), out, run -> run.run(resume, listener));
    }

    /// What is done with a run.
    @FunctionalInterface
    interface Use {
        TrainingRun.Report of(TrainingRun run) throws IOException;
    }

    static TrainingRun.Report run(TrainSettings settings, Path model, PackedDataset data, Path out, Use use)
            throws IOException {
        try (LlamaWeights base = LlamaWeights.open(model);
                TrainingRun run = TrainingRun.of(Devices.byName("cpu"), settings, base, data, data, out)) {
            return use.of(run);
        }
    }

    /// Each file of a result by name, saves and log apart; the bytes as text, one character a byte.
    static Map<String, String> results(Path out) throws IOException {
        try (Stream<Path> children = Files.list(out)) {
            Map<String, String> files = new LinkedHashMap<>();
            children.filter(file -> Files.isRegularFile(file) && !file.endsWith("train.jsonl"))
                    .sorted()
                    .forEach(file -> {
                        try {
                            files.put(file.getFileName().toString(),
                                    new String(Files.readAllBytes(file), "ISO-8859-1"));
                        } catch (IOException e) {
                            throw new UncheckedIOException(e);
                        }
                    });
            return files;
        }
    }
}
