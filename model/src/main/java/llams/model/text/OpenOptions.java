package llams.model.text;

import java.nio.file.Path;
import llams.engine.device.Device;
import llams.engine.device.Devices;
import llams.engine.weights.Quantization;
import llams.model.files.SettingException;

/// How a model directory is opened.
///
/// @param device       what computes
/// @param adapter      the directory of a LoRA adapter in PEFT's format; null for none
/// @param quantization in what form matrices are used: those that are not stored so are quantized while loading; null
///                     for the form in which they are stored
/// @param map          whether weights are mapped from their files; false copies them into memory
/// @param context      the most tokens of a prompt with its continuation, or of a conversation; fewer if the model
///                     allows no more
public record OpenOptions(Device device, Path adapter, Quantization quantization, boolean map, int context) {
    /// @throws SettingException if the context is below 1
    public OpenOptions {
        SettingException.atLeast("context", 1, context);
    }

    /// The GPU if there is a usable one, else the CPU; weights as stored, mapped; no adapter; 8192 tokens.
    public static OpenOptions standard() {
        return new OpenOptions(Devices.byName("auto"), null, null, true, 8192);
    }

    public OpenOptions withDevice(Device other) {
        return new OpenOptions(other, adapter, quantization, map, context);
    }

    public OpenOptions withAdapter(Path directory) {
        return new OpenOptions(device, directory, quantization, map, context);
    }

    public OpenOptions withQuantization(Quantization form) {
        return new OpenOptions(device, adapter, form, map, context);
    }

    public OpenOptions withMap(boolean wanted) {
        return new OpenOptions(device, adapter, quantization, wanted, context);
    }

    public OpenOptions withContext(int tokens) {
        return new OpenOptions(device, adapter, quantization, map, tokens);
    }
}
