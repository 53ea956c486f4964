//DEPS io.github.llams:llams-trainer:0.1.0-SNAPSHOT
//RUNTIME_OPTIONS --add-modules jdk.incubator.vector
import module java.base;
import llams.engine.device.Device;
import llams.engine.device.Devices;
import llams.engine.llama.LlamaConfig;
import llams.engine.safetensors.Checkpoint;
import llams.engine.weights.ConfigJson;
import llams.model.lora.LoraConfig;
import llams.model.text.GenerateOptions;
import llams.model.text.OpenOptions;
import llams.model.text.Sampling;
import llams.model.text.TextGenerator;
import llams.tokenizer.BpeTrainer;
import llams.tokenizer.SplitPattern;
import llams.tokenizer.Tokenizer;
import llams.trainer.run.TrainRequest;
import llams.trainer.run.TrainSettings;
import llams.trainer.run.TrainingRun;

/// # 4. LoRA on 200 lines of text
///
/// Fine-tuning changes a model that can do something into one that can do something else. LoRA leaves every weight as it
/// is and trains two thin matrices beside it. Here both models are made on the spot, small enough to watch.
///
/// ## 200 lines, and a model that knows 200 others

Device device = Devices.byName("scalar"); // plain loops: a model this small is done before vector kernels are compiled
Path work = Files.createTempDirectory("lesson");
List<String> animals = List.of("cat", "dog", "cow", "hen", "fox", "owl", "bee", "ant", "pig", "rat");
List<String> foods = List.of("fish", "meat", "grass", "corn", "mice", "figs", "nuts", "rice", "peas", "bread");

Path lines(String name, String pattern) throws IOException {
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
        int animal = i % animals.size();
        lines.add(pattern.formatted(animals.get(animal), foods.get(animal)));
    }
    return Files.write(work.resolve(name), lines);
}

Path general = lines("general.txt", "The %s eats %s.");
Path special = lines("special.txt", "Yesterday the %s gave me some %s.");
IO.println(Files.readAllLines(special).subList(0, 3));

/// A vocabulary, and a config of two layers of 32:

BpeTrainer vocabulary = new BpeTrainer(SplitPattern.LLAMA3);
vocabulary.add(general);
vocabulary.add(special);
Tokenizer tokenizer = vocabulary.train(320, List.of("<|begin_of_text|>", "<|end_of_text|>"));
Path tokenizerFile = work.resolve("tokenizer.json");
tokenizer.writeJson(tokenizerFile);
String json = """
        {"model_type": "llama", "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
         "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": %d, "max_position_embeddings": 128,
         "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "tie_word_embeddings": true, "initializer_range": 0.1,
         "bos_token_id": %d, "eos_token_id": %d, "torch_dtype": "float32"}
        """.formatted(tokenizer.size(), tokenizer.special("<|begin_of_text|>").getAsInt(),
                tokenizer.special("<|end_of_text|>").getAsInt());
Path configFile = Files.writeString(work.resolve("config.json"), json);
LlamaConfig config = ConfigJson.readFile(configFile);
IO.println("%,d weights".formatted(config.parameters()));

/// ## The base model

void show(TrainingRun.Report report) {
    if (report.step() == 0 || report.isLast()) {
        IO.println("  step %d of %d: loss %.3f".formatted(report.step() + 1, report.steps(), report.loss()));
    }
}

Path base = work.resolve("base");
TrainSettings whole = TrainSettings.newModel().withTokens(64).withBatch(2, 1).withSteps(40).withLearningRate(1e-2);
IO.println("training a model on general.txt");
TrainRequest fromScratch = TrainRequest.newModel(configFile, tokenizerFile, general, base);
TrainingRun.start(fromScratch.withSettings(whole).withDevice(device), report -> show(report));

OpenOptions plain = OpenOptions.standard().withDevice(device);
Sampling best = Sampling.standard().withTemperature(0);
GenerateOptions greedy = GenerateOptions.standard().withMaxTokens(12).withSampling(best);

String continued(OpenOptions how, String prompt) throws IOException {
    try (TextGenerator model = TextGenerator.open(base, how)) {
        StringBuilder text = new StringBuilder();
        model.generate(prompt, greedy, piece -> {
            text.append(piece);
            return text.indexOf(".") < 0;
        });
        return prompt + text;
    }
}

IO.println(continued(plain, "The cat"));
IO.println(continued(plain, "Yesterday the cat"));

/// ## The adapter
///
/// For a weight `W` of shape `[out, in]`, LoRA adds `B A` with `A` of shape `[rank, in]` and `B` of `[out, rank]`,
/// multiplied by `alpha / rank`. `B` begins at zero, so that training begins with exactly the base model.

Path adapter = work.resolve("adapter");
LoraConfig form = LoraConfig.standard().withRank(4);
TrainSettings lora = TrainSettings.standard().withLora(form).withTokens(64).withBatch(2, 1);
lora = lora.withSteps(30).withLearningRate(3e-2);
IO.println("training an adapter on special.txt");
TrainRequest beside = TrainRequest.standard(base, special, adapter);
TrainingRun.start(beside.withSettings(lora).withDevice(device), report -> show(report));

/// What was trained, as it lies in the file:

try (Checkpoint trained = Checkpoint.open(adapter.resolve("adapter_model.safetensors"))) {
    long count = 0;
    for (String name : trained.names()) {
        count += trained.shape(name).elements();
        if (name.contains("layers.0.self_attn.q_proj")) {
            IO.println(name.replaceFirst(".*layers", "layers") + " " + trained.shape(name));
        }
    }
    IO.println("%,d numbers, %.1f%% of the model's".formatted(count, 100.0 * count / config.parameters()));
}

/// ## What it changed

IO.println(continued(plain.withAdapter(adapter), "Yesterday the cat"));

/// The new sentence is learned at once; which animal gives what takes longer.
///
/// The base model's file is untouched: without the adapter, it says what it said before.

IO.println(continued(plain, "Yesterday the cat"));

/// Try it: a rank of 1, or a learning rate of `2e-4`. Which of the two hurts more?
