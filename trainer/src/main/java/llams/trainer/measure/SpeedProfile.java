package llams.trainer.measure;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import llams.engine.device.Device;
import llams.engine.io.AtomicFiles;
import llams.model.card.ProgramVersion;
import llams.trainer.optim.Optimizer;
import llams.trainer.run.TrainSettings;
import llams.trainer.watch.Machine;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// The steps that were measured on this machine, in a file of the user's cache. It begins anew when the machine, its
/// Java or the program is another.
public final class SpeedProfile {
    private static final String MACHINE = "machine";
    private static final String STEPS = "steps";
    private static final String SECONDS = "seconds";
    private static final String WARMUP = "warmup";

    /// What was measured.
    ///
    /// @param seconds of a step, once all code is compiled
    /// @param warmup  that the steps before took in addition
    record Speed(double seconds, double warmup) {}

    /// Measures.
    @FunctionalInterface
    interface Measurement {
        Speed speed();
    }

    private final Path file;
    private final String device;
    private final ObjectNode json;

    private SpeedProfile(Path file, String device, ObjectNode json) {
        this.file = file;
        this.device = device;
        this.json = json;
    }

    /// `XDG_CACHE_HOME/llams/speed.json`, or that in `~/.cache`.
    public static Path standardFile(Map<String, String> environment) {
        String cache = environment.getOrDefault("XDG_CACHE_HOME", "");
        Path home = Path.of(System.getProperty("user.home"));
        return (cache.isEmpty() ? home.resolve(".cache") : Path.of(cache)).resolve("llams").resolve("speed.json");
    }

    /// @param file  need not exist; a damaged one is begun anew
    /// @param build what distinguishes this program from others of its version
    public static SpeedProfile open(Path file, Device device, String build) throws IOException {
        String machine = String.join("; ", Machine.processor(), Machine.system(), Machine.java(),
                ProgramVersion.of(SpeedProfile.class), build);
        ObjectNode json = JsonMapper.shared().createObjectNode().put(MACHINE, machine);
        if (Files.isRegularFile(file)) {
            try {
                JsonNode kept = JsonMapper.shared().readTree(Files.readAllBytes(file));
                if (kept instanceof ObjectNode object && kept.path(MACHINE).asString("").equals(machine)) {
                    json = object;
                }
            } catch (JacksonException _) {
                // Measured again.
            }
        }
        return new SpeedProfile(file, device.arithmetic() + " " + device.options().threads() + " threads", json);
    }

    /// The speed of a step: as it was measured, or else as `measurement` finds it now.
    Speed speed(Workload.Step step, Measurement measurement) throws IOException {
        String key = device + ", " + key(step);
        JsonNode known = json.path(STEPS).path(key);
        if (known.path(SECONDS).isNumber() && known.path(WARMUP).isNumber()) {
            return new Speed(known.path(SECONDS).asDouble(), known.path(WARMUP).asDouble());
        }
        Speed speed = measurement.speed();
        json.withObjectProperty(STEPS).putObject(key).put(SECONDS, speed.seconds).put(WARMUP, speed.warmup);
        AtomicFiles.createDirectories(file.toAbsolutePath().getParent());
        AtomicFiles.write(file, JsonMapper.shared().writerWithDefaultPrettyPrinter().writeValueAsBytes(json));
        return speed;
    }

    /// All that a step's time depends on.
    private static String key(Workload.Step step) {
        TrainSettings settings = step.settings();
        Optimizer optimizer = settings.optimizer();
        return String.join(" ", step.config().toString(), step.dtype().name(), String.valueOf(settings.lora()),
                settings.firstRow() > 0 ? "from row " + settings.firstRow() : "", settings.objective().toString(),
                settings.accumulate() + "x" + settings.batch() + "x" + settings.tokens(),
                step.counted() < 1 ? "counted " + step.counted() : "", settings.recompute() ? "recompute" : "",
                optimizer.weights().name(), optimizer.isEightBit() ? "eightBit" : "",
                settings.isFused() ? "fused" : "");
    }
}
