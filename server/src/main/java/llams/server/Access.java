package llams.server;

import com.sun.net.httpserver.Headers;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Locale;
import java.util.Set;

/// Who may ask.
///
/// @param isLoopback whether only this machine can connect: then pages of other sites must not get here by giving this
///                   address a name of theirs
record Access(String apiKeyOrNull, String originOrNull, boolean isLoopback) {
    private static final Set<String> OWN_NAMES = Set.of("localhost", "127.0.0.1", "[::1]");

    static Access of(ServerSettings settings, InetAddress address) {
        return new Access(settings.apiKeyOrNull(), settings.originOrNull(), address.isLoopbackAddress());
    }

    /// @throws ApiException if the request is not for this server
    void checkHost(Headers request) {
        String host = request.getFirst("Host");
        if (isLoopback && host != null
                && !OWN_NAMES.contains(host.replaceFirst(":\\d+$", "").toLowerCase(Locale.ROOT))) {
            throw ApiException.refused(403, null, "this server is for its own machine; ask for localhost");
        }
    }

    /// @throws ApiException if the request lacks the key
    void checkKey(Headers request) {
        if (apiKeyOrNull == null) {
            return;
        }
        String given = request.getFirst("Authorization");
        // Takes as long whatever is wrong.
        if (given == null || !MessageDigest.isEqual(bytes("Bearer " + apiKeyOrNull), bytes(given))) {
            throw ApiException.refused(401, "invalid_api_key",
                    "the API key is missing or wrong; send \"Authorization: Bearer KEY\"");
        }
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /// Lets pages of the one site that may ask see the answer.
    void allowOrigin(Headers request, Headers response) {
        String origin = request.getFirst("Origin");
        if (originOrNull != null && origin != null && (originOrNull.equals("*") || originOrNull.equals(origin))) {
            response.set("Access-Control-Allow-Origin", originOrNull);
            response.set("Access-Control-Allow-Headers", "authorization, content-type");
            response.set("Access-Control-Allow-Methods", "GET, POST");
            response.set("Vary", "Origin");
        }
    }
}
