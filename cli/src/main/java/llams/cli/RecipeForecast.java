package llams.cli;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import llams.engine.device.Device;
import llams.engine.generate.Generator;
import llams.engine.graph.Leaf;
import llams.engine.llama.Llama;
import llams.engine.llama.LlamaConfig;
import llams.engine.llama.Parameters;
import llams.engine.plan.Program;
import llams.engine.tensor.DType;
import llams.engine.weights.ConfigJson;
import llams.engine.weights.KnownShapes;
import llams.model.create.NewModel;
import llams.trainer.measure.Workload;
import llams.trainer.recipe.Stage;
import llams.trainer.recipe.StagePlan;
import llams.trainer.run.Forecast;
import llams.trainer.run.TrainSettings;
import tools.jackson.databind.node.ObjectNode;

/// What the stages of a recipe will need, before anything is there: shapes come from the published models that are
/// downloaded, or from files; times from the speed of one product on this machine, and from rates that are stated here.
final class RecipeForecast {
    /// Bytes a second: of a network, and of a disk that is read and written.
    private static final double NETWORK = 50e6;
    private static final double DISK = 500e6;
    /// Bytes a second of weights, for each token that is generated.
    private static final double MEMORY = 10e9;
    /// Of generated conversations, and of text.
    private static final double TOKENS_PER_CONVERSATION = 150;
    private static final double BYTES_PER_TOKEN = 4;
    private static final long SETTLED_NANOS = 2_000_000_000L;
    private static final long MOST_NANOS = 12_000_000_000L;

    /// Needs of one stage.
    ///
    /// @param memory  null if unknown, or next to nothing
    /// @param bytes   on the disk; -1 if unknown
    /// @param seconds NaN if unknown
    record Needs(Program.Memory memory, double bytes, double seconds) {
        static final Needs UNKNOWN = new Needs(null, -1, Double.NaN);

        void addTo(ObjectNode report) {
            if (memory != null) {
                report.put("memoryBytes", MachineMemory.allocated(memory)).put("mappedBytes", memory.weights());
            }
            if (bytes >= 0) {
                report.put("diskBytes", (long) bytes);
            }
            if (Double.isFinite(seconds)) {
                report.put("seconds", seconds);
            }
        }

        @Override
        public String toString() {
            String needed = memory == null
                    ? ""
                    : "memory " + MachineMemory.text(MachineMemory.allocated(memory)) + " + "
                            + MachineMemory.text(memory.weights()) + " mapped"
                            + (MachineMemory.fits(memory) ? "" : " (too much for this machine)") + ", ";
            return needed + (bytes < 0 ? "disk unknown" : "disk " + MachineMemory.text((long) bytes)) + ", "
                    + (Double.isNaN(seconds) ? "time unknown" : "about " + time(seconds));
        }
    }

    private final Device device;
    private final Map<String, LlamaConfig> shapes = new HashMap<>();
    /// Tokens of what stages make to train on.
    private final Map<String, Double> tokens = new HashMap<>();
    /// Additions and multiplications a second; 0 until it is needed.
    private double rate;

    RecipeForecast(Device device) {
        this.device = device;
    }

    /// The needs of a stage. To be asked in the order of work.
    Needs of(StagePlan plan) throws IOException {
        Stage stage = plan.stage();
        CommandStage command = (CommandStage) plan.work();
        if (plan.isDone()) {
            remember(stage.name(), command.directory());
            return new Needs(null, plan.record().bytes(), plan.record().seconds());
        }
        String kind = stage.kind();
        return switch (kind.split(" ")[0]) {
            case "download" -> download(stage);
            case "init" -> made(stage, shape(stage, "config"), 1);
            case "data" -> data(stage);
            case "tokenize" -> new Needs(null, 4e6, Double.NaN);
            case "train" -> train(stage, command.training());
            case "merge" -> made(stage, shape(stage, "tuned", "base", "models"), 4);
            case "extend" -> extend(stage, shape(stage, "model"));
            case "quantize" -> made(stage, shape(stage, "model"), 2);
            case "eval" -> measure(stage, shape(stage, "model"));
            default -> Needs.UNKNOWN;
        };
    }

    private void remember(String stage, Path directory) throws IOException {
        if (Files.exists(directory.resolve("config.json"))) {
            shapes.put(stage, ConfigJson.read(directory));
        }
    }

    /// The shape of the model in the first of these settings that is there; null if it is unknown.
    private LlamaConfig shape(Stage stage, String... settings) throws IOException {
        for (String name : settings) {
            Stage.Setting setting = stage.settings().get(name);
            if (setting != null) {
                return switch (setting.values().getFirst()) {
                    case Stage.Output made -> shapes.get(made.stage());
                    case Stage.Text text when KnownShapes.BY_NAME.containsKey(text.text()) ->
                        KnownShapes.BY_NAME.get(text.text());
                    case Stage.Text text when Files.isDirectory(Path.of(text.text())) ->
                        ConfigJson.read(Path.of(text.text()));
                    case Stage.Text text when Files.exists(Path.of(text.text())) ->
                        ConfigJson.readFile(Path.of(text.text()));
                    case Stage.Text _ -> null;
                };
            }
        }
        return null;
    }

    /// A published model, by its name on the hub: `meta-llama/Llama-3.2-1B-Instruct` is a `llama3.2-1b`.
    private Needs download(Stage stage) {
        String repo = text(stage, "repo").toLowerCase(Locale.ROOT);
        String name = repo.substring(repo.indexOf('/') + 1).replace("meta-", "").replace("-instruct", "");
        LlamaConfig shape = KnownShapes.BY_NAME.get(name.replaceFirst("llama-", "llama"));
        return shape == null ? Needs.UNKNOWN : new Needs(null, bytes(stage, shape), bytes(shape) / NETWORK);
    }

    private Needs data(Stage stage) throws IOException {
        return switch (stage.kind()) {
            case "data generate" -> counted(stage, Double.parseDouble(text(stage, "pairs")));
            case "data pairs" -> {
                tokens.put(stage.name(), tokens(stage.settings().get("pairs")));
                yield new Needs(null, tokens.get(stage.name()) * BYTES_PER_TOKEN, 0);
            }
            case "data kowiki" -> {
                Path dump = Path.of(text(stage, "dump"));
                double read = Files.exists(dump) ? Files.size(dump) : Double.NaN;
                tokens.put(stage.name(), read / BYTES_PER_TOKEN);
                yield Double.isNaN(read) ? Needs.UNKNOWN : new Needs(null, read, read / NETWORK);
            }
            default -> new Needs(null, 1e6, 0);
        };
    }

    /// Pairs that an endpoint writes; how fast, only it knows.
    private Needs counted(Stage stage, double pairs) {
        tokens.put(stage.name(), pairs * 4 * TOKENS_PER_CONVERSATION);
        return new Needs(null, pairs * TOKENS_PER_CONVERSATION * BYTES_PER_TOKEN, Double.NaN);
    }

    /// Tokens of data; NaN if unknown.
    private double tokens(Stage.Setting data) throws IOException {
        double sum = 0;
        for (Stage.Value value : data.values()) {
            sum += switch (value) {
                case Stage.Output made -> tokens.getOrDefault(made.stage(), Double.NaN);
                case Stage.Text text when Files.exists(Path.of(text.text())) ->
                    Files.size(Path.of(text.text())) / BYTES_PER_TOKEN;
                case Stage.Text _ -> Double.NaN;
            };
        }
        return sum;
    }

    private Needs train(Stage stage, TrainSettings asked) throws IOException {
        LlamaConfig shape = shape(stage, "model", "init-config");
        shapes.put(stage.name(), shape);
        if (shape == null || asked == null) {
            return Needs.UNKNOWN;
        }
        TrainSettings settings = asked.forModel(shape);
        Program.Memory memory = Forecast.of(shape, frozen(shape), settings);
        // Parameters, a gradient and two moments of each are the state.
        double trained = memory.state() / 4.0;
        boolean saves = !text(stage, "save-every").equals("0");
        double disk = trained + (saves ? (settings.keep() + 1) * 4 * trained : 0);
        double perPass = tokens(stage.settings().get("data"));
        double all = settings.steps() > 0
                ? (double) settings.steps() * settings.batch() * settings.accumulate() * settings.tokens()
                : settings.epochs() * perPass;
        // Forward, backward, and what is computed again; the weights' gradients only where weights are trained.
        int passes = 2 + (settings.lora() == null ? 1 : 0) + (settings.recompute() ? 1 : 0);
        return new Needs(memory, disk, passes * all * forward(shape) / rate());
    }

    /// Models that are made from others.
    ///
    /// @param times their size goes through the disk
    private Needs made(Stage stage, LlamaConfig shape, int times) {
        return shape == null ? Needs.UNKNOWN : new Needs(null, bytes(stage, shape), times * bytes(shape) / DISK);
    }

    /// A model with more tokens; where another vocabulary has them, it is not known how many.
    private Needs extend(Stage stage, LlamaConfig shape) {
        String added = text(stage, "tokens");
        boolean isKnown = shape != null && !added.isEmpty();
        return made(stage, isKnown ? shape.withVocab(shape.vocab() + Integer.parseInt(added)) : null, 2);
    }

    private Needs measure(Stage stage, LlamaConfig shape) throws IOException {
        if (shape == null) {
            return Needs.UNKNOWN;
        }
        int length = Math.min(2048, shape.maxPositions());
        Program.Memory memory = Generator.memory(Llama.of(shape, frozen(shape), Llama.Wrap.NONE), length, length);
        double read = 0;
        double written = 0;
        if (stage.kind().equals("eval language")) {
            double asked = tokens(stage.settings().get("questions")) / TOKENS_PER_CONVERSATION;
            written = asked
                    * (text(stage, "max-tokens").isEmpty() ? 256 : Double.parseDouble(text(stage, "max-tokens")));
        } else {
            for (String data : List.of("data", "loss")) {
                read += stage.settings().containsKey(data) ? tokens(stage.settings().get(data)) : 0;
            }
        }
        return new Needs(memory, 0, read * forward(shape) / rate() + written * bytes(shape) / MEMORY);
    }

    private static String text(Stage stage, String setting) {
        Stage.Setting found = stage.settings().get(setting);
        return found != null && found.values().getFirst() instanceof Stage.Text text ? text.text() : "";
    }

    private static double bytes(LlamaConfig shape) {
        return NewModel.dtype(shape).bytes(shape.parameters());
    }

    /// Bytes of a model that a stage makes.
    private double bytes(Stage stage, LlamaConfig shape) {
        shapes.put(stage.name(), shape);
        return bytes(shape);
    }

    private static Parameters frozen(LlamaConfig shape) {
        return (name, dims) -> Leaf.weight(name, NewModel.dtype(shape), dims);
    }

    /// Additions and multiplications for a token, forward.
    private static double forward(LlamaConfig shape) {
        return 2.0 * shape.parameters();
    }

    /// Of a product like a model's.
    private double rate() {
        if (rate == 0) {
            rate = settled(new Workload.Product(64, 1024, 1024, DType.BF16));
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
