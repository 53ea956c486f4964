package llams.server;

import com.sun.net.httpserver.Headers;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.List;
import java.util.stream.Collectors;

/// The page for chat: one file, joined from its parts when the server starts. It talks to the server's own API, and its
/// policy forbids everything else: no other host, no script but its own, no HTML made from text.
///
/// @param html   the whole page
/// @param policy its Content-Security-Policy, which names style and script by their hashes
record ChatPage(String html, String policy) {
    /// In one scope, the last of them begins.
    private static final List<String> SCRIPTS = List.of("markdown.js", "inline.js", "api.js", "store.js", "answer.js",
            "ask.js", "draw.js", "chat.js");

    static ChatPage load() {
        String css = "\n" + resource("chat.css");
        String js = SCRIPTS.stream()
                .map(ChatPage::resource)
                .collect(Collectors.joining("\n", "\n(() => {\n\"use strict\";\n", "})();\n"));
        String policy = "default-src 'none'; connect-src 'self'; img-src data:; style-src " + hash(css)
                + "; script-src " + hash(js) + "; require-trusted-types-for 'script'; trusted-types 'none';"
                + " base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
        return new ChatPage(resource("chat.html").replace("{css}", css).replace("{js}", js), policy);
    }

    void send(Call call) throws IOException {
        Headers headers = call.exchange.getResponseHeaders();
        headers.set("Content-Security-Policy", policy);
        headers.set("X-Content-Type-Options", "nosniff");
        headers.set("Referrer-Policy", "no-referrer");
        headers.set("Cross-Origin-Opener-Policy", "same-origin");
        // Another version of the server has another page.
        headers.set("Cache-Control", "no-cache");
        call.send(200, "text/html; charset=utf-8", html);
    }

    /// Browsers take line ends for `\n` before they hash.
    private static String resource(String name) {
        try (InputStream in = ChatPage.class.getResourceAsStream("page/" + name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).replace("\r\n", "\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String hash(String text) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return "'sha256-" + Base64.getEncoder().encodeToString(hash) + "'";
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
