package llams.trainer.measure;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import llams.engine.device.Device;
import llams.engine.io.AtomicFiles;
import llams.model.card.ProgramVersion;
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

    /// Measures.
    @FunctionalInterface
    interface Measurement {
        double seconds();
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

    /// The seconds of a step: as they were measured, or else as `measurement` finds them now.
    double seconds(StepTime.Probe probe, Measurement measurement) throws IOException {
        String key = device + ", " + key(probe);
        JsonNode known = json.path(STEPS).path(key);
        if (known.isNumber()) {
            return known.asDouble();
        }
        double seconds = measurement.seconds();
        json.withObjectProperty(STEPS).put(key, seconds);
        AtomicFiles.createDirectories(file.toAbsolutePath().getParent());
        AtomicFiles.write(file, JsonMapper.shared().writerWithDefaultPrettyPrinter().writeValueAsBytes(json));
        return seconds;
    }

    private static String key(StepTime.Probe probe) {
        return String.join(" ", probe.config().toString(), probe.dtype().name(), String.valueOf(probe.lora()),
                probe.microBatches() + "x" + probe.rows() + "x" + probe.tokens(), probe.recompute() ? "recompute" : "");
    }
}
