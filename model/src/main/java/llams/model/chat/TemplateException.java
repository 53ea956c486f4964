package llams.model.chat;

/// A chat template needs what this program does not support, or itself refuses a conversation.
final class TemplateException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /// Counted from 1; 0 if it is not known.
    final int line;

    TemplateException(int line, String message) {
        super(message);
        this.line = line;
    }
}
