package llams.engine.safetensors;

import java.io.IOException;
import java.nio.file.Path;

/// A checkpoint file that is not what it says it is. The message names the file, the tensor and the bytes.
public final class SafetensorsException extends IOException {
    private static final long serialVersionUID = 1;

    SafetensorsException(Path file, String problem) {
        super(file + ": " + problem);
    }

    SafetensorsException(Path file, String problem, Throwable cause) {
        super(file + ": " + problem, cause);
    }
}
