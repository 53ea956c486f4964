package llams.trainer.data;

/// What a special token's name inside a text or a message is.
public enum SpecialText {
    /// The letters of the name.
    TEXT,
    /// The token.
    PARSE,
    /// A mistake.
    ERROR
}
