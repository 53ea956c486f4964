package llams.model.text;

/// A message that leaves no room for an answer in a conversation's context.
public final class MessageTooLongException extends IllegalArgumentException {
    private static final long serialVersionUID = 1;

    MessageTooLongException(int tokens, int context, boolean withSystem) {
        super("this message makes " + tokens + " tokens" + (withSystem ? " with the system message" : "")
                + ", and the context of " + context + " must hold them and an answer; send a shorter one");
    }
}
