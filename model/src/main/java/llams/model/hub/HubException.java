package llams.model.hub;

import java.io.IOException;

/// A failure that another attempt would not change; any other `IOException` of a request is retried.
final class HubException extends IOException {
    private static final long serialVersionUID = 1;

    HubException(String message) {
        super(message);
    }

    HubException(String message, Throwable cause) {
        super(message, cause);
    }

    /// A failure to write, with the reason in words.
    static HubException of(IOException cannotWrite) {
        return new HubException(cannotWrite.getMessage(), cannotWrite);
    }
}
