package llams.trainer.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import llams.engine.graph.Leaf;
import llams.engine.io.AtomicFiles;
import llams.engine.safetensors.Checkpoint;
import llams.engine.safetensors.SafetensorsWriter;
import llams.engine.safetensors.TensorInfo;
import llams.engine.tensor.Tensor;
import llams.trainer.data.DataLoader;
import llams.trainer.optim.Optimizer;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// The state of a run when it was saved: in a save's `state.json`, beside the trained parameters and their moments in
/// `state.safetensors`.
///
/// @param step       steps done
/// @param position   in the data
/// @param settings   of the run
/// @param arithmetic of the device: [llams.engine.device.Device#arithmetic]; null if not known
/// @param lowest     how the held-out loss has gone
/// @param receipt    of all steps so far: [StepReceipt]; empty in saves that had none
/// @param files      of the data, with what tells them from others: [RunCard#files]
record SavedState(int step, DataLoader.Position position, RunSettings settings, String arithmetic, Lowest lowest,
        String receipt, Map<String, String> files) {
    static final String STATE = "state.json";
    static final String TENSORS = "state.safetensors";

    /// Writes both files into a directory.
    ///
    /// @param parameters the trained ones, by leaf name
    void write(Path directory, Trainer trainer, List<Leaf> trained, Map<String, Tensor> parameters) throws IOException {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (Leaf leaf : trained) {
            for (Leaf moment : trainer.optimizer.moments(leaf)) {
                tensors.put(moment.name(), trainer.read(moment));
            }
        }
        tensors.putAll(parameters);
        SafetensorsWriter.writeFile(directory.resolve(TENSORS), tensors, Map.of());
        ObjectNode json = JsonMapper.shared().createObjectNode();
        json.put("step", step)
                .put("epoch", position.epoch())
                .put("index", position.index())
                .put("arithmetic", arithmetic);
        if (lowest.step() > 0) {
            json.putObject("lowest").put("loss", lowest.loss()).put("step", lowest.step()).put("since", lowest.since());
        }
        json.put(StepReceipt.CHAIN, receipt);
        ObjectNode hashed = json.putObject("files");
        files.forEach(hashed::put);
        ObjectNode named = json.putObject("settings");
        settings.values().forEach(named::put);
        AtomicFiles.write(directory.resolve(STATE),
                JsonMapper.shared().writerWithDefaultPrettyPrinter().writeValueAsBytes(json));
    }

    /// Reads `state.json`.
    ///
    /// @throws IOException if it is damaged: says how
    static SavedState read(Path directory) throws IOException {
        try {
            JsonNode json = JsonMapper.shared().readTree(Files.readAllBytes(directory.resolve(STATE)));
            SavedState state = new SavedState(json.required("step").intValue(),
                    new DataLoader.Position(json.required("epoch").intValue(), json.required("index").intValue()),
                    json.has("settings")
                            ? settings(json.get("settings"))
                            : RunSettings.ofFirstFormat(json.required("run").stringValue()),
                    json.path("arithmetic").asStringOpt().orElse(null),
                    json.has("lowest") ? lowest(json.get("lowest")) : Lowest.NONE,
                    json.path(StepReceipt.CHAIN).asString(StepReceipt.NONE), files(json.path("files")));
            if (state.step < 1) {
                throw new IOException(STATE + " says that " + state.step + " steps were done");
            }
            return state;
        } catch (JacksonException | IllegalArgumentException e) {
            throw new IOException(STATE + " cannot be read", e);
        }
    }

    private static Map<String, String> files(JsonNode json) {
        Map<String, String> files = new LinkedHashMap<>();
        json.properties().forEach(file -> files.put(file.getKey(), file.getValue().stringValue()));
        return files;
    }

    private static Lowest lowest(JsonNode json) {
        return new Lowest(json.required("loss").doubleValue(), json.required("step").intValue(),
                json.required("since").intValue());
    }

    private static RunSettings settings(JsonNode json) {
        SortedMap<String, String> values = new TreeMap<>();
        json.properties().forEach(entry -> values.put(entry.getKey(), entry.getValue().stringValue()));
        return new RunSettings(values, true);
    }

    /// What is wrong with the tensors of a save, or empty.
    ///
    /// @param state [Optimizer#state]
    static Optional<String> tensorDamage(Path directory, List<Leaf> state) throws IOException {
        try (Checkpoint tensors = Checkpoint.open(directory.resolve(TENSORS))) {
            for (Leaf part : state) {
                if (!tensors.has(part.name())) {
                    return Optional.of(TENSORS + " has no \"" + part.name() + "\"");
                }
                TensorInfo found = tensors.info(part.name());
                if (found.dtype() != part.dtype() || !found.shape().equals(part.shape())) {
                    return Optional.of(TENSORS + " has \"" + part.name() + "\" as " + found.form() + ", not "
                            + part.dtype() + " " + part.shape());
                }
            }
        }
        return Optional.empty();
    }

    /// Reads the tensors of a save into those of `resident`; [#tensorDamage] has checked them.
    static void restore(Path directory, List<Leaf> state, Map<String, Tensor> resident) throws IOException {
        try (Checkpoint tensors = Checkpoint.open(directory.resolve(TENSORS))) {
            for (Leaf part : state) {
                resident.get(part.name()).data().copyFrom(tensors.tensor(part.name()).data());
            }
        }
    }
}
