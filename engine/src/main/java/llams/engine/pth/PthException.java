package llams.engine.pth;

import java.io.IOException;
import java.nio.file.Path;

/// A PyTorch file that is not what it says it is, or has more in it than tensors. The message names the file and the
/// place.
public final class PthException extends IOException {
    private static final long serialVersionUID = 1;

    PthException(Path file, String problem) {
        super(file + ": " + problem);
    }

    PthException(Path file, String problem, Throwable cause) {
        super(file + ": " + problem, cause);
    }
}
