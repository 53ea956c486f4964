package llams.trainer.run;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import llams.engine.device.Device;
import llams.engine.device.Devices;
import llams.engine.weights.LlamaWeights;
import llams.model.files.ModelFiles;
import llams.trainer.data.DataFiles;
import llams.trainer.distributed.Collective;

/// A whole training run: what to train, on what, how, and where the result goes.
///
/// @param start     what is trained
/// @param tokenizer a directory or file with the tokenizer of a new model, or of one that came without; null for the
///                  model's own
/// @param out       a new directory for the result, the log and the saves
/// @param resume    true to continue from the newest good save in `out`
/// @param watch     what is kept and shown on the way
/// @param teacher    of a run whose settings are [Distilled]; else null
/// @param collective the workers that train together, of which this process is one
public record TrainRequest(Start start, Path tokenizer, DataFiles data, Path out, boolean resume,
        TrainSettings settings, Device device, Watch watch, TeacherSource teacher, Collective collective) {
    /// What a run begins with.
    public sealed interface Start {}

    /// An existing model.
    ///
    /// @param weights opens it
    /// @param adapter a PEFT adapter's directory to continue; null for a new adapter, or none
    public record Existing(Path model, Weights weights, Path adapter) implements Start {}

    /// A new model with random weights, of the shape in a `config.json`.
    public record New(Path config) implements Start {}

    /// Where a teacher's probabilities come from.
    ///
    /// @param model  the teacher; null if all that it says is stored
    /// @param stored a directory where what it says stays, written if it is missing; null to ask it in every step
    public record TeacherSource(Path model, Path stored) {}

    /// Opens a model's weights: as they are stored, quantized, or copied into memory.
    @FunctionalInterface
    public interface Weights {
        LlamaWeights open(Path model) throws IOException;
    }

    /// A LoRA adapter for a model, or with [TrainSettings#full] the whole model, on the device that is fastest here.
    public static TrainRequest standard(Path model, Path data, Path out) {
        return of(new Existing(model, LlamaWeights::open, null), data, out, TrainSettings.standard());
    }

    /// A new model, trained from its first step.
    public static TrainRequest newModel(Path config, Path tokenizer, Path data, Path out) {
        return of(new New(config), data, out, TrainSettings.newModel()).withTokenizer(tokenizer);
    }

    private static TrainRequest of(Start start, Path data, Path out, TrainSettings settings) {
        return new TrainRequest(start, null, DataFiles.standard(List.of(data)), out, false, settings,
                Devices.byName("auto"), Watch.NONE, null, Collective.ALONE);
    }

    public TrainRequest withTokenizer(Path other) {
        return new TrainRequest(start, other, data, out, resume, settings, device, watch, teacher, collective);
    }

    public TrainRequest withData(DataFiles files) {
        return new TrainRequest(start, tokenizer, files, out, resume, settings, device, watch, teacher, collective);
    }

    public TrainRequest withResume(boolean going) {
        return new TrainRequest(start, tokenizer, data, out, going, settings, device, watch, teacher, collective);
    }

    public TrainRequest withSettings(TrainSettings other) {
        return new TrainRequest(start, tokenizer, data, out, resume, other, device, watch, teacher, collective);
    }

    public TrainRequest withSteps(int count) {
        return withSettings(settings.withSteps(count));
    }

    public TrainRequest withDevice(Device other) {
        return new TrainRequest(start, tokenizer, data, out, resume, settings, other, watch, teacher, collective);
    }

    public TrainRequest withWatch(Watch other) {
        return new TrainRequest(start, tokenizer, data, out, resume, settings, device, other, teacher, collective);
    }

    public TrainRequest withTeacher(TeacherSource other) {
        return new TrainRequest(start, tokenizer, data, out, resume, settings, device, watch, other, collective);
    }

    public TrainRequest withCollective(Collective other) {
        return new TrainRequest(start, tokenizer, data, out, resume, settings, device, watch, teacher, other);
    }

    /// The adapter to continue, or null.
    Path adapter() {
        return start instanceof Existing(_, _, Path adapter) ? adapter : null;
    }

    /// Where the tokenizer is; null if there is none.
    Path tokenizerPlace() throws IOException {
        return tokenizer == null && start instanceof Existing(Path model, _, _) && ModelFiles.hasTokenizer(model)
                ? model
                : tokenizer;
    }
}
