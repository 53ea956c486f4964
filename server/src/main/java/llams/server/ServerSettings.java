package llams.server;

import llams.model.files.SettingException;

/// How a server works, and what it refuses.
///
/// @param host           the address that it listens on
/// @param port           0 for any that is free
/// @param slots          conversations that are continued at once
/// @param context        tokens of a prompt with its answer, at most
/// @param queue          conversations that may wait for a slot; more are refused
/// @param bodyBytes      the largest request
/// @param requestSeconds the longest that a request may take, from its first byte to the last of its answer
/// @param apiKeyOrNull   what clients must name; null if anybody may ask
/// @param originOrNull   the web origin whose pages may ask, `*` for all; null for none
public record ServerSettings(String host, int port, int slots, int context, int queue, int bodyBytes,
        int requestSeconds, String apiKeyOrNull, String originOrNull) {
    /// @throws SettingException if a value is out of its range
    public ServerSettings {
        SettingException.check(port >= 0 && port <= 65_535, "port", port, "from 0 to 65535");
        SettingException.check(slots >= 1 && slots <= 1024, "slots", slots, "from 1 to 1024");
        SettingException.atLeast("context", 1, context);
        SettingException.atLeast("queue", 0, queue);
        SettingException.atLeast("bodyBytes", 1, bodyBytes);
        SettingException.atLeast("requestSeconds", 1, requestSeconds);
        SettingException.check(apiKeyOrNull == null || !apiKeyOrNull.isBlank(), "apiKey", "nothing", "a text");
    }

    /// Port 8080 of this machine alone, eight conversations of 4096 tokens, 64 waiting; requests of 4 MiB and ten minutes.
    public static ServerSettings standard() {
        return new ServerSettings("127.0.0.1", 8080, 8, 4096, 64, 4 << 20, 600, null, null);
    }

    public ServerSettings withAddress(String name, int number) {
        return new ServerSettings(name, number, slots, context, queue, bodyBytes, requestSeconds, apiKeyOrNull,
                originOrNull);
    }

    public ServerSettings withSlots(int count, int tokens) {
        return new ServerSettings(host, port, count, tokens, queue, bodyBytes, requestSeconds, apiKeyOrNull,
                originOrNull);
    }

    public ServerSettings withBounds(int waiting, int bytes, int seconds) {
        return new ServerSettings(host, port, slots, context, waiting, bytes, seconds, apiKeyOrNull, originOrNull);
    }

    public ServerSettings withAccess(String keyOrNull, String webOriginOrNull) {
        return new ServerSettings(host, port, slots, context, queue, bodyBytes, requestSeconds, keyOrNull,
                webOriginOrNull);
    }
}
