package llams.trainer.pairs;

import java.util.Map;

/// The key by which an endpoint knows its user. Not a record, so that no message prints it by accident.
public final class ApiKey {
    /// Shorter ones, such as `none` for a server without accounts, are not secret, and may occur in an answer.
    private static final int SECRET_LENGTH = 16;

    /// The variable that holds it.
    final String source;
    private final String value;

    private ApiKey(String source, String value) {
        this.source = source;
        this.value = value;
        // Java refuses a header with other characters, in a message that shows the key.
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

    /// The endpoint's text without the key, which some repeat in their messages.
    String hide(String text) {
        return value.length() < SECRET_LENGTH ? text : text.replace(value, "[" + source + "]");
    }
}
