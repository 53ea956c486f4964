package llams.engine.weights;

import java.io.IOException;

/// What was given as a model's directory is something else. The message says what; what to give instead is kept apart,
/// as a caller may phrase that in its own way.
public final class NotAModelException extends IOException {
    private static final long serialVersionUID = 1;

    /// What would help.
    public enum Next {
        /// Only what the message says.
        NONE,
        /// Another path: [#instead].
        GIVE,
        /// The base model with this adapter; `instead` is the base's name or path, if known.
        GIVE_BASE_AND_ADAPTER,
        /// A download of the model whose name on a hub is [#instead].
        DOWNLOAD
    }

    public final Next next;
    /// Empty where there is none.
    public final String instead;

    NotAModelException(String message, Next next, String instead) {
        super(message);
        this.next = next;
        this.instead = instead;
    }
}
