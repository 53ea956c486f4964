package llams.trainer.data;

/// How a special token's name inside a text or a message is read.
public enum SpecialText {
    /// As the letters of the name.
    TEXT,
    /// As the token.
    PARSE,
    /// Not at all: it is an error.
    ERROR
}
