package llams.trainer.pairs;

import java.io.IOException;

/// A request that failed for good.
final class CallException extends IOException {
    private static final long serialVersionUID = 1;

    /// Whether every other request would fare the same: the key, the address or the model is wrong.
    final boolean concernsAll;

    CallException(String message, boolean concernsAll, Throwable cause) {
        super(message, cause);
        this.concernsAll = concernsAll;
    }
}
