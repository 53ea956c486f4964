//DEPS io.github.llams:llams-trainer:0.1.0-SNAPSHOT
//RUNTIME_OPTIONS --add-modules jdk.incubator.vector
import module java.base;
import llams.engine.device.Device;
import llams.engine.device.Devices;
import llams.engine.safetensors.Checkpoint;
import llams.engine.tensor.Tensor;
import llams.engine.weights.ConfigJson;
import llams.model.create.NewModel;
import llams.model.files.ByteProgress;
import llams.model.merge.ChatVector;
import llams.tokenizer.BpeTrainer;
import llams.tokenizer.SplitPattern;
import llams.trainer.run.TrainRequest;
import llams.trainer.run.TrainSettings;
import llams.trainer.run.TrainingRun;

/// # 5. The chat vector is arithmetic
///
/// Someone trained a base model into one that converses. Someone else trained the same base model on Korean. The chat
/// vector (Huang et al., arXiv 2310.04799) wants both without training again:
///
/// `merged = tuned + (instruct - base)`
///
/// for every single weight. Nothing more happens in it, and this lesson does it twice: with the library, and by hand.
///
/// ## Three models of one origin

Device device = Devices.byName("scalar"); // plain loops: a model this small is done before vector kernels are compiled
Path work = Files.createTempDirectory("lesson");
Path chats = Files.writeString(work.resolve("chats.txt"), "Q: What is it? A: It is a cat.\n".repeat(100));
Path korean = Files.writeString(work.resolve("korean.txt"), "고양이는 생선을 먹습니다.\n".repeat(100));
BpeTrainer vocabulary = new BpeTrainer(SplitPattern.LLAMA3);
vocabulary.add(chats);
vocabulary.add(korean);
Path tokenizer = work.resolve("tokenizer.json");
vocabulary.train(300, List.of("<|begin_of_text|>", "<|end_of_text|>")).writeJson(tokenizer);
Path config = Files.writeString(work.resolve("config.json"), """
        {"model_type": "llama", "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
         "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": 304, "max_position_embeddings": 128,
         "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "tie_word_embeddings": true, "initializer_range": 0.1,
         "torch_dtype": "float32"}
        """);
Path base = work.resolve("base");
NewModel.write(ConfigJson.readFile(config), 1, tokenizer, base, ByteProgress.SILENT);

Path trained(String name, Path data) throws IOException {
    TrainSettings settings = TrainSettings.full().withTokens(64).withBatch(2, 1).withSteps(20).withLearningRate(3e-3);
    Path out = work.resolve(name);
    TrainRequest request = TrainRequest.standard(base, data, out).withSettings(settings).withDevice(device);
    TrainingRun.Report last = TrainingRun.start(request, report -> {});
    IO.println("%-8s after %d steps: loss %.3f".formatted(name, last.steps(), last.loss()));
    return out;
}

Path instruct = trained("instruct", chats);
Path tuned = trained("tuned", korean);

/// ## Merged by the library

Path merged = work.resolve("merged");
ChatVector.Options options = new ChatVector.Options(1f, ChatVector.Vocabulary.STRICT, Map.of());
ChatVector.merge(base, instruct, tuned, merged, options, ByteProgress.SILENT);

/// ## Merged by hand

float[] weights(Path model, String name) throws IOException {
    try (Checkpoint checkpoint = Checkpoint.open(model)) {
        return checkpoint.tensor(name).toFloats();
    }
}

String name = "model.layers.0.self_attn.q_proj.weight";
float[] b = weights(base, name);
float[] i = weights(instruct, name);
float[] t = weights(tuned, name);
float[] m = weights(merged, name);
IO.println("    tuned +  (instruct -      base) =    by hand   the library");
for (int at = 0; at < 4; at++) {
    IO.println("%+.6f + (%+.6f - %+.6f) = %+.6f   %+.6f".formatted(t[at], i[at], b[at], t[at] + (i[at] - b[at]), m[at]));
}

/// And all of them, in every tensor:

double furthest = 0;
long count = 0;
try (Checkpoint all = Checkpoint.open(merged)) {
    for (String each : all.names()) {
        float[] one = weights(base, each), two = weights(instruct, each), three = weights(tuned, each);
        float[] four = all.tensor(each).toFloats();
        for (int at = 0; at < four.length; at++) {
            furthest = Math.max(furthest, Math.abs(three[at] + (two[at] - one[at]) - four[at]));
            count++;
        }
    }
}
IO.println("%,d weights, furthest apart %.1e".formatted(count, furthest));

/// ## How large is the vector?
///
/// The difference is small beside the weights themselves, which is why it can be moved to another model at all. How far
/// the two directions point the same way says how much they will disturb each other: a cosine near 0 is good.

double dot = 0, chat = 0, tune = 0, size = 0;
for (int at = 0; at < b.length; at++) {
    double c = i[at] - b[at], d = t[at] - b[at];
    dot += c * d;
    chat += c * c;
    tune += d * d;
    size += b[at] * b[at];
}
IO.println("length of the vector / length of the weights: %.3f".formatted(Math.sqrt(chat / size)));
IO.println("cosine of the two changes: %+.3f".formatted(dot / Math.sqrt(chat * tune)));

/// Try it: a scale of 0.5 in `Options`, and the same factor by hand.
