package llams.model.chat;

/// A chat template asks for something that this program does not do, or says itself that a conversation is not for it.
final class TemplateException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /// 1 for the first, 0 where it is not known.
    final int line;

    TemplateException(int line, String message) {
        super(message);
        this.line = line;
    }
}
