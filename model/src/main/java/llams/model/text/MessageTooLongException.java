package llams.model.text;

/// A message that leaves no room for an answer in a conversation's context.
public final class MessageTooLongException extends IllegalArgumentException {
    private static final long serialVersionUID = 1;

    MessageTooLongException(int tokens, int context, boolean withSystem) {
        super("this message takes " + tokens + " tokens" + (withSystem ? " with the system message" : "")
                + ", which leaves no room for an answer in the context of " + context + "; send a shorter one");
    }
}
