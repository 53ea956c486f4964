package llams.engine.gguf;

import java.io.IOException;
import java.nio.file.Path;

/// A GGUF file that is not what it says it is, or has what this program does not read. The message names the file and
/// the key, tensor or byte.
public final class GgufException extends IOException {
    private static final long serialVersionUID = 1;

    public GgufException(Path file, String problem) {
        super(file + ": " + problem);
    }

    public GgufException(Path file, String problem, Throwable cause) {
        super(file + ": " + problem, cause);
    }
}
