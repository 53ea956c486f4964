package llams.model.files;

/// Data that cannot be used; the message says where (`file:line`), what was found, and what would be right.
public final class DataException extends IllegalArgumentException {
    private static final long serialVersionUID = 1;

    public DataException(String message) {
        super(message);
    }

    public DataException(String message, Throwable cause) {
        super(message, cause);
    }
}
