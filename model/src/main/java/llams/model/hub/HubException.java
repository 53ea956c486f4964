package llams.model.hub;

import java.io.IOException;

/// What another attempt would not change; every other `IOException` of a request is worth one.
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
