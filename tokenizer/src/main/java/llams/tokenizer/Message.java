package llams.tokenizer;

import java.util.Objects;

/// One message of a conversation. `role` is `system`, `user`, `assistant` or whatever the model was trained with.
public record Message(String role, String content) {

    public Message {
        Objects.requireNonNull(role, "role");
        Objects.requireNonNull(content, "content");
    }
}
