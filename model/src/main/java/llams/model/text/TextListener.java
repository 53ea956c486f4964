package llams.model.text;

import java.util.function.Consumer;

/// Hears a text while it is generated.
@FunctionalInterface
public interface TextListener {
    /// Called after each token.
    ///
    /// @param piece the text that has become certain, in whole characters; often empty
    /// @return false to end the text here
    boolean accept(String piece);

    /// A conversation has filled its context: what was said before this turn is forgotten.
    default void startsAnew() {}

    /// A listener that hears all of it.
    static TextListener of(Consumer<String> out) {
        return piece -> {
            if (!piece.isEmpty()) {
                out.accept(piece);
            }
            return true;
        };
    }
}
