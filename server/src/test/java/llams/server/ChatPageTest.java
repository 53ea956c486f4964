package llams.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The page for chat is one file that may ask its own server and nobody else; it needs no key, the API does.
class ChatPageTest {
    @Test
    void onlyTheApiNeedsTheKey(@TempDir Path temporary) throws Exception {
        try (SmallServer small = SmallServer.start(temporary.resolve("model"),
                SmallServer.settings().withAccess("secret", null))) {
            HttpResponse<String> page = small.get("/");
            assertEquals(200, page.statusCode());
            assertEquals("text/html; charset=utf-8", header(page, "Content-Type"));
            assertEquals("nosniff", header(page, "X-Content-Type-Options"));
            assertEquals("no-referrer", header(page, "Referrer-Policy"));
            String policy = header(page, "Content-Security-Policy");
            assertTrue(policy.startsWith("default-src 'none'; connect-src 'self';"), policy);
            assertFalse(policy.contains("unsafe"), policy);
            HttpResponse<String> head = small.client.send(small.request("/").HEAD().build(),
                    HttpResponse.BodyHandlers.ofString());
            assertEquals(200, head.statusCode());
            assertEquals("", head.body());
            assertEquals(policy, header(head, "Content-Security-Policy"));
            assertEquals(header(page, "Content-Length"), header(head, "Content-Length"));
            assertEquals(401, small.get("/v1/models").statusCode());
            assertEquals(405,
                    small.client
                            .send(small.request("/").POST(HttpRequest.BodyPublishers.noBody()).build(),
                                    HttpResponse.BodyHandlers.ofString())
                            .statusCode());
        }
    }

    private static String header(HttpResponse<?> response, String name) {
        return response.headers().firstValue(name).orElseThrow();
    }

    @Test
    void itAsksForNothingElsewhere() {
        String html = ChatPage.load().html();
        assertFalse(html.contains("{css}") || html.contains("{js}"), "a part is missing");
        assertEquals(1, html.split("<script", -1).length - 1);
        assertEquals(1, html.split("</script", -1).length - 1);
        for (String way : new String[] {"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(",
                "@import", "url(", " src=", "localhost"}) {
            assertFalse(html.contains(way), way);
        }
    }
}
