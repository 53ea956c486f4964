package llams.model.text;

import java.util.function.Consumer;

/// Receives a text while it is generated.
@FunctionalInterface
public interface TextListener {
    /// Called after each token; in a conversation, also after each part of a long message.
    ///
    /// @param piece the text that has become certain, in whole characters; often empty
    /// @return false to end the text here
    boolean accept(String piece);

    /// A conversation has filled its context: everything before this turn is forgotten.
    default void startsAnew() {}

    /// A listener that never ends the text.
    static TextListener of(Consumer<String> out) {
        return piece -> {
            if (!piece.isEmpty()) {
                out.accept(piece);
            }
            return true;
        };
    }
}
