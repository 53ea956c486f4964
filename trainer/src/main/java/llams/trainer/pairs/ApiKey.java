package llams.trainer.pairs;

import java.util.Map;

/// What an endpoint wants to know its users by. No record, so that no message prints it by accident.
public final class ApiKey {
    /// Shorter ones, as `none` for a server without accounts, are no secret, and may be words of an answer.
    private static final int SECRET_LENGTH = 16;

    /// The variable that holds it.
    final String source;
    private final String value;

    private ApiKey(String source, String value) {
        this.source = source;
        this.value = value;
        // A header with anything else in it would be refused in words that show it.
        if (!value.matches("[A-Za-z0-9._~+/=:-]+")) {
            throw new IllegalArgumentException(source + ": does not hold a key; wanted one word of ASCII letters,"
                    + " digits and . _ ~ + / = : -");
        }
    }

    /// The key in a variable of `environment`; null if there is none.
    ///
    /// @throws IllegalArgumentException if what the variable holds cannot be a key
    public static ApiKey findOrNull(String variable, Map<String, String> environment) {
        String value = environment.getOrDefault(variable, "").strip();
        return value.isEmpty() ? null : new ApiKey(variable, value);
    }

    /// For a header, and nothing else.
    String value() {
        return value;
    }

    /// A text of the endpoint without the key: some repeat it in their messages.
    String hide(String text) {
        return value.length() < SECRET_LENGTH ? text : text.replace(value, "[" + source + "]");
    }
}
