package llams.cli;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import llams.engine.device.Device;
import llams.engine.generate.Generator;
import llams.engine.graph.Leaf;
import llams.engine.llama.Llama;
import llams.engine.llama.LlamaConfig;
import llams.engine.llama.Parameters;
import llams.engine.plan.Program;
import llams.engine.tensor.DType;
import llams.engine.weights.Quantization;
import llams.model.create.NewModel;
import llams.trainer.measure.Workload;
import llams.trainer.recipe.Stage;
import llams.trainer.recipe.StagePlan;
import llams.trainer.run.Forecast;
import llams.trainer.run.TrainSettings;

/// What the stages of a recipe will need, before anything is there: shapes come from the published models that are
/// downloaded, or from files; times from the speed of one product on this machine, and from rates that are stated here.
final class RecipeForecast {
    /// Bytes a second of weights, for each token that is generated.
    private static final double MEMORY = 10e9;
    /// Of generated conversations.
    private static final double TOKENS_PER_CONVERSATION = 150;
    /// Memory of an article, with what is counted of all.
    private static final long ARTICLE = 32L << 20;
    /// Memory for each byte that is written: pairs with the sets that find repeated ones, conversations as text and as
    /// bytes.
    private static final long PER_PAIR_BYTE = 6;
    private static final long PER_CONVERSATION_BYTE = 3;
    private static final long SETTLED_NANOS = 2_000_000_000L;
    private static final long MOST_NANOS = 12_000_000_000L;

    /// By device, for measuring takes seconds.
    private static final Map<String, Double> RATES = new ConcurrentHashMap<>();

    private final Device device;
    private final StageFacts facts = new StageFacts();
    private final ModelNeeds models = new ModelNeeds(facts);
    /// Additions and multiplications a second; 0 until it is needed.
    private double rate;

    RecipeForecast(Device device) {
        this.device = device;
    }

    /// The needs of a stage. To be asked in the order of work.
    StageNeeds of(StagePlan plan) throws IOException {
        Stage stage = plan.stage();
        CommandStage command = (CommandStage) plan.work();
        if (plan.isDone()) {
            facts.remember(stage.name(), command.directory());
            return new StageNeeds(null, plan.record().bytes(), plan.record().seconds());
        }
        return switch (stage.kind().split(" ")[0]) {
            case "download" -> models.download(stage);
            case "init" -> models.init(stage);
            case "data" -> data(stage);
            case "tokenize" -> tokenizer(facts.tokens(stage.settings().get("texts")) * StageFacts.BYTES_PER_TOKEN);
            case "train" -> train(stage, command.training(), command.loaded());
            case "merge" -> models.merge(stage, command);
            case "extend" -> models.extend(stage);
            case "quantize" -> models.quantize(stage);
            case "eval" -> measure(stage, facts.shape(stage, "model"), command.loaded());
            default -> StageNeeds.UNKNOWN;
        };
    }

    private StageNeeds data(Stage stage) throws IOException {
        return switch (stage.kind()) {
            case "data generate" -> counted(stage, Double.parseDouble(StageFacts.text(stage, "pairs")));
            case "data pairs" -> {
                facts.tokens.put(stage.name(), facts.tokens(stage.settings().get("pairs")));
                yield written(facts.tokens.get(stage.name()) * StageFacts.BYTES_PER_TOKEN, PER_CONVERSATION_BYTE, 0);
            }
            case "data kowiki" -> {
                Path dump = Path.of(StageFacts.text(stage, "dump"));
                double read = Files.exists(dump) ? Files.size(dump) : Double.NaN;
                facts.tokens.put(stage.name(), read / StageFacts.BYTES_PER_TOKEN);
                yield StageNeeds.of(ARTICLE, 0, Double.isNaN(read) ? -1 : read, read / ModelNeeds.NETWORK);
            }
            default -> written(1e6, PER_CONVERSATION_BYTE, 0);
        };
    }

    /// Pairs that an endpoint writes; how fast, only it knows.
    private StageNeeds counted(Stage stage, double pairs) {
        facts.tokens.put(stage.name(), pairs * 4 * TOKENS_PER_CONVERSATION);
        return written(pairs * TOKENS_PER_CONVERSATION * StageFacts.BYTES_PER_TOKEN, PER_PAIR_BYTE, Double.NaN);
    }

    /// A text that is in memory while it is made.
    ///
    /// @param bytes of the text; NaN if unknown
    private static StageNeeds written(double bytes, long memoryPerByte, double seconds) {
        return Double.isNaN(bytes)
                ? StageNeeds.UNKNOWN
                : StageNeeds.of((long) (memoryPerByte * bytes), 0, bytes, seconds);
    }

    /// At most half of the heap, beyond which the rarest pieces are forgotten; their counts take less than the text.
    private static StageNeeds tokenizer(double textBytes) {
        double most = Runtime.getRuntime().maxMemory() / 2;
        double pieces = Double.isNaN(textBytes) ? most : Math.min(most, textBytes);
        return StageNeeds.of(ModelNeeds.TOKENIZER + (long) pieces, 0, 4e6, Double.NaN);
    }

    /// @param loaded to what the model is quantized while it is loaded; null for its weights as they are
    private StageNeeds train(Stage stage, TrainSettings asked, Quantization loaded) throws IOException {
        LlamaConfig shape = facts.shape(stage, "model", "init-config");
        facts.shapes.put(stage.name(), shape);
        if (shape == null || asked == null) {
            return StageNeeds.UNKNOWN;
        }
        TrainSettings settings = asked.forModel(shape);
        if (settings.lora() != null) {
            facts.adapters.put(stage.name(), settings.lora().layout(shape));
        }
        Program.Memory memory = Forecast.of(shape, frozen(shape, loaded), settings);
        // Parameters, a gradient and two moments of each are the state.
        double trained = memory.state() / 4.0;
        boolean saves = !StageFacts.text(stage, "save-every").equals("0");
        double disk = trained + (saves ? (settings.keep() + 1) * 4 * trained : 0);
        double perPass = facts.tokens(stage.settings().get("data"));
        double all = settings.steps() > 0
                ? (double) settings.steps() * settings.batch() * settings.accumulate() * settings.tokens()
                : settings.epochs() * perPass;
        // Forward, backward, and what is computed again; the weights' gradients only where weights are trained.
        int passes = 2 + (settings.lora() == null ? 1 : 0) + (settings.recompute() ? 1 : 0);
        return new StageNeeds(made(memory, shape, loaded), disk, passes * all * forward(shape) / rate());
    }

    /// @param loaded as above
    private StageNeeds measure(Stage stage, LlamaConfig shape, Quantization loaded) throws IOException {
        if (shape == null) {
            return StageNeeds.UNKNOWN;
        }
        int length = Math.min(2048, shape.maxPositions());
        Program.Memory memory = Generator.memory(Llama.of(shape, frozen(shape, loaded), Llama.Wrap.NONE), length,
                length);
        double read = 0;
        double written = 0;
        if (stage.kind().equals("eval language")) {
            double asked = facts.tokens(stage.settings().get("questions")) / TOKENS_PER_CONVERSATION;
            written = asked * (StageFacts.text(stage, "max-tokens").isEmpty()
                    ? 256
                    : Double.parseDouble(StageFacts.text(stage, "max-tokens")));
        } else {
            for (String data : List.of("data", "loss")) {
                read += stage.settings().containsKey(data) ? facts.tokens(stage.settings().get(data)) : 0;
            }
        }
        return new StageNeeds(made(memory, shape, loaded), 0,
                read * forward(shape) / rate() + written * ModelNeeds.bytes(shape) / MEMORY);
    }

    private static Parameters frozen(LlamaConfig shape, Quantization loaded) {
        Parameters plain = (name, dims) -> Leaf.weight(name, NewModel.dtype(shape), dims);
        Quantization used = loaded == null ? Quantization.of(shape.metadata().quantization()) : loaded;
        return used == null ? plain : used.leaves(plain);
    }

    /// Weights that are quantized while they are loaded are not mapped: they are in memory.
    private static Program.Memory made(Program.Memory memory, LlamaConfig shape, Quantization loaded) {
        long made = loaded == null ? 0 : ModelNeeds.quantizedBytes(shape, loaded);
        return new Program.Memory(memory.weights() - made, memory.state() + made, memory.temporaries());
    }

    /// Additions and multiplications for a token, forward.
    private static double forward(LlamaConfig shape) {
        return 2.0 * shape.parameters();
    }

    /// Of a product like a model's.
    private double rate() {
        if (rate == 0) {
            rate = RATES.computeIfAbsent(device.name() + ", threads: " + device.options().threads(),
                    _ -> settled(new Workload.Product(64, 1024, 1024, DType.BF16)));
        }
        return rate;
    }

    /// The best rate of a product, measured until Java has compiled what it runs: until it becomes no better.
    private double settled(Workload.Product product) {
        double best = 0;
        try (Arena arena = Arena.ofShared(); Workload.Running running = product.start(device, arena)) {
            long began = System.nanoTime();
            for (long better = began, now = began; now - better < SETTLED_NANOS && now - began < MOST_NANOS;) {
                running.run();
                double measured = product.work() / (System.nanoTime() - now) * 1e9;
                now = System.nanoTime();
                better = measured > 1.05 * best ? now : better;
                best = Math.max(best, measured);
            }
        }
        return best;
    }

    /// What times of computation rest on; empty if nothing is computed.
    String basis() {
        return rate == 0
                ? ""
                : String.format(Locale.ROOT, ", at the %.0f GFLOP/s that a product reaches here now", rate / 1e9);
    }

    /// As people say it.
    static String time(double seconds) {
        double[] lengths = {60, 3600, 86_400};
        String[] units = {"min", "h", "days"};
        if (seconds < 60) {
            return String.format(Locale.ROOT, "%.0f s", seconds);
        }
        int unit = seconds < 3600 ? 0 : seconds < 2 * 86_400 ? 1 : 2;
        return String.format(Locale.ROOT, "%.1f %s", seconds / lengths[unit], units[unit]);
    }
}
