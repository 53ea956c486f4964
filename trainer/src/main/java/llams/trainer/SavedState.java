package llams.trainer;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import llams.engine.graph.Leaf;
import llams.engine.safetensors.AtomicFiles;
import llams.engine.safetensors.Checkpoint;
import llams.engine.safetensors.SafetensorsWriter;
import llams.engine.tensor.Tensor;
import llams.trainer.checkpoint.OutputDirectory;
import llams.trainer.data.DataLoader;
import llams.trainer.optim.Optimizer;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// Saves of a run, from which it goes on exactly as if it had never stopped: directories `OUT/step-000120` with the trained
/// parameters and their moments in `state.safetensors`, and where the run stood in `state.json`. A save appears whole or not
/// at all.
///
/// @param step     steps done
/// @param position where the data stands
/// @param run      identifies settings, model shape and data; a save goes on only in the run it belongs to
record SavedState(int step, DataLoader.Position position, String run) {
    private static final String PREFIX = "step-";

    static Path directory(Path out, int step) {
        return out.resolve(PREFIX + "%06d".formatted(step));
    }

    /// Saves of a run, oldest first.
    static List<Path> all(Path out) throws IOException {
        List<Path> saves = new ArrayList<>();
        if (Files.isDirectory(out)) {
            try (DirectoryStream<Path> children = Files.newDirectoryStream(out, PREFIX + "*")) {
                for (Path child : children) {
                    if (child.getFileName().toString().matches(PREFIX + "\\d+")) {
                        saves.add(child);
                    }
                }
            }
        }
        saves.sort(null);
        return saves;
    }

    /// Writes a save and drops all but the newest `keep`.
    ///
    /// @param export also puts the result as it stands into the save, usable as if the run had ended here
    void write(Path out, Trainer trainer, List<Leaf> trained, int keep, Trainable.Writer export) throws IOException {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        Map<String, Tensor> parameters = new LinkedHashMap<>();
        for (Leaf leaf : trained) {
            parameters.put(leaf.name(), trainer.read(leaf));
            for (Leaf moment : List.of(Optimizer.firstMoment(leaf), Optimizer.secondMoment(leaf))) {
                tensors.put(moment.name(), trainer.read(moment));
            }
        }
        tensors.putAll(parameters);
        try (OutputDirectory save = OutputDirectory.create(directory(out, step))) {
            export.write(save.path(), parameters);
            SafetensorsWriter.writeFile(save.path().resolve("state.safetensors"), tensors, Map.of());
            ObjectNode json = JsonMapper.shared().createObjectNode();
            json.put("step", step).put("epoch", position.epoch()).put("index", position.index()).put("run", run);
            AtomicFiles.write(save.path().resolve("state.json"), JsonMapper.shared().writeValueAsBytes(json));
            save.commit();
        }
        List<Path> saves = all(out);
        for (Path old : saves.subList(0, Math.max(0, saves.size() - keep))) {
            OutputDirectory.delete(old);
        }
    }

    /// Reads a save into the trained parameters and moments of `resident`.
    ///
    /// @param run must be the save's
    /// @throws IOException if it is damaged, or of another run
    static SavedState read(Path save, String run, List<Leaf> trained, Map<String, Tensor> resident) throws IOException {
        Path file = save.resolve("state.json");
        SavedState state;
        try {
            JsonNode json = JsonMapper.shared().readTree(Files.readAllBytes(file));
            state = new SavedState(json.required("step").asInt(),
                    new DataLoader.Position(json.required("epoch").asInt(), json.required("index").asInt()),
                    json.required("run").asString());
        } catch (JacksonException e) {
            throw new IOException(file + ": damaged: " + e.getOriginalMessage() + "; remove this save and resume again", e);
        }
        if (!state.run.equals(run)) {
            throw new IOException(save + " belongs to a run with other settings, data or model; give the same ones as then, or"
                    + " another --out");
        }
        try (Checkpoint tensors = Checkpoint.open(save.resolve("state.safetensors"))) {
            for (Leaf leaf : trained) {
                for (Leaf part : List.of(leaf, Optimizer.firstMoment(leaf), Optimizer.secondMoment(leaf))) {
                    resident.get(part.name()).data().copyFrom(tensors.tensor(part.name()).data());
                }
            }
        }
        return state;
    }
}
